using System.Globalization;

namespace Csmr.Load.Storage;

/// <summary>How long a process took to be back.</summary>
/// <param name="Wall">From its start.</param>
/// <param name="Cpu">What it had of the processors meanwhile.</param>
public readonly record struct BackTime(TimeSpan Wall, TimeSpan Cpu)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Wall.TotalSeconds:F1} ({Cpu.TotalSeconds:F1})");
}

/// <summary>What processes and directories take, as the system tells.</summary>
public static class Disk
{
    private const string Written = "wchar: ";
    private const string Resident = "VmRSS:";

    /// <summary>What the files below a directory take.</summary>
    /// <param name="directory">The directory.</param>
    /// <returns>Bytes.</returns>
    public static long BytesOf(string directory) => new DirectoryInfo(directory).EnumerateFiles("*", SearchOption.AllDirectories).Sum(static file => file.Length);

    /// <summary>
    /// What a process has handed to the system to be written to files, and next to nothing else where sockets are sent to. What the
    /// system says to have written counts whole folios of memory for a few bytes.
    /// </summary>
    /// <param name="process">Its id.</param>
    /// <returns>Bytes.</returns>
    public static long WrittenBytesOf(int process) =>
        long.Parse(File.ReadLines($"/proc/{process}/io").First(static line => line.StartsWith(Written, StringComparison.Ordinal))[Written.Length..], CultureInfo.InvariantCulture);

    /// <summary>What a process has had of the processors since its start: what others take of them does not change it much.</summary>
    /// <param name="process">Its id.</param>
    /// <returns>The time.</returns>
    public static TimeSpan CpuOf(int process)
    {
        // Behind the name, which is in parentheses: ticks in the program are the 12th, those in the system the 13th.
        var stat = File.ReadAllText($"/proc/{process}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return TimeSpan.FromMilliseconds(10 * (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)));
    }

    /// <summary>What a process has in memory.</summary>
    /// <param name="process">Its id.</param>
    /// <returns>Bytes; 0 where it runs no more.</returns>
    public static long ResidentBytesOf(int process)
    {
        try
        {
            var line = File.ReadLines($"/proc/{process}/status").FirstOrDefault(static line => line.StartsWith(Resident, StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line[Resident.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture) << 10;
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
