using System.Globalization;

namespace Csmr.Load.Storage;

/// <summary>What processes and directories take, as the system tells.</summary>
public static class Disk
{
    private const string Written = "write_bytes: ";
    private const string Resident = "VmRSS:";

    /// <summary>What the files below a directory take.</summary>
    /// <param name="directory">The directory.</param>
    /// <returns>Bytes.</returns>
    public static long BytesOf(string directory) => new DirectoryInfo(directory).EnumerateFiles("*", SearchOption.AllDirectories).Sum(static file => file.Length);

    /// <summary>What a process has had written to disks.</summary>
    /// <param name="process">Its id.</param>
    /// <returns>Bytes.</returns>
    public static long WrittenBytesOf(int process) =>
        long.Parse(File.ReadLines($"/proc/{process}/io").First(static line => line.StartsWith(Written, StringComparison.Ordinal))[Written.Length..], CultureInfo.InvariantCulture);

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
