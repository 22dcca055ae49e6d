using System.Globalization;
using Csmr.Chaos.Processes;
using Csmr.Load.Storage;

namespace Csmr.Load.Compare;

/// <summary>What the machine tells of processors, memory and the disk with the servers' data.</summary>
public sealed class Machine
{
    private const int SectorBytes = 512;

    private readonly string _device;

    private Machine(string device) => _device = device;

    /// <summary>Finds the disk.</summary>
    /// <returns>The machine.</returns>
    public static async Task<Machine> FindAsync() => new((await Tool.RunAsync("findmnt", "-no", "MAJ:MIN", "-T", Path.GetTempPath())).Trim());

    /// <summary>Bytes that were written to the disk since the machine started, by anybody.</summary>
    public long DiskBytes
    {
        get
        {
            var file = $"/sys/dev/block/{_device}/stat";
            return File.Exists(file)
                ? SectorBytes * long.Parse(File.ReadAllText(file).Split(' ', StringSplitOptions.RemoveEmptyEntries)[6], CultureInfo.InvariantCulture)
                : 0;
        }
    }

    /// <summary>The load average of one and five minutes.</summary>
    public static string LoadAverage => string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ').Take(2));

    /// <summary>What processes have had of the processors.</summary>
    /// <param name="processes">Their ids.</param>
    /// <returns>The time.</returns>
    public static TimeSpan CpuOf(IEnumerable<int> processes) => processes.Aggregate(TimeSpan.Zero, static (sum, process) => sum + Disk.CpuOf(process));

    /// <summary>What processes have in memory.</summary>
    /// <param name="processes">Their ids.</param>
    /// <returns>MiB.</returns>
    public static double MemoryMibOf(IEnumerable<int> processes) => processes.Sum(Disk.ResidentBytesOf) / (double)(1 << 20);
}
