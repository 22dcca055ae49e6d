using System.Text.Json;
using System.Text.Json.Serialization;

namespace Csmr.Load.Compare;

/// <summary>What one measurement of one side gave.</summary>
/// <param name="PerSecond">Operations in a second.</param>
/// <param name="P50Ms">The median latency.</param>
/// <param name="P99Ms">The latency that one in a hundred exceeds.</param>
/// <param name="Operations">How many operations were answered.</param>
/// <param name="ServerCpuSeconds">What the servers had of the processors.</param>
/// <param name="ClientCpuSeconds">What the load generator had of them.</param>
/// <param name="DiskBytes">What reached the disk meanwhile.</param>
/// <param name="MemoryMib">What the servers had in memory at the end.</param>
public sealed record Sample(
    double PerSecond, double P50Ms, double P99Ms, long Operations, double ServerCpuSeconds, double ClientCpuSeconds, long DiskBytes, double MemoryMib);

/// <summary>One of those that are compared.</summary>
/// <param name="Name">The system with its way.</param>
/// <param name="Samples">Its measurements; the n-th of each side belong together.</param>
public sealed record SideResult(string Name, List<Sample> Samples)
{
    /// <summary>What the names of those begin with that only show how far one could get.</summary>
    public const string Limit = "limit: ";

    /// <summary>Whether it only shows how far one could get.</summary>
    [JsonIgnore]
    public bool IsLimit => Name.StartsWith(Limit, StringComparison.Ordinal);

    /// <summary>The median of a figure.</summary>
    /// <param name="figure">The figure.</param>
    /// <returns>The median.</returns>
    public double Median(Func<Sample, double> figure) => Statistics.Median(Samples.Select(figure));

    /// <summary>Seconds of the servers' processor time for 1,000 operations, over all measurements.</summary>
    [JsonIgnore]
    public double ServerCpuPer1000 => 1_000 * Samples.Sum(static sample => sample.ServerCpuSeconds) / Samples.Sum(static sample => sample.Operations);

    /// <summary>The same of the load generator.</summary>
    [JsonIgnore]
    public double ClientCpuPer1000 => 1_000 * Samples.Sum(static sample => sample.ClientCpuSeconds) / Samples.Sum(static sample => sample.Operations);

    /// <summary>Bytes that reached the disk for an operation, over all measurements.</summary>
    [JsonIgnore]
    public double DiskBytesPerOperation => (double)Samples.Sum(static sample => sample.DiskBytes) / Samples.Sum(static sample => sample.Operations);
}

/// <summary>One load with as many clients, measured on several sides in turn.</summary>
/// <param name="Section">What belongs together.</param>
/// <param name="Load">The load's name.</param>
/// <param name="Clients">How many clients.</param>
/// <param name="Sides">Those that are compared; the first is compared with each of the others.</param>
public sealed record Cell(string Section, string Load, int Clients, List<SideResult> Sides)
{
    /// <summary>A side.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>The side; null where it was not measured.</returns>
    public SideResult? Find(string name) => Sides.Find(side => side.Name == name);

    /// <summary>The first side's throughput to another one's, pair by pair.</summary>
    /// <param name="other">The other one.</param>
    /// <returns>The ratios.</returns>
    public IReadOnlyList<double> Ratios(SideResult other) => [.. Sides[0].Samples.Zip(other.Samples, static (one, two) => one.PerSecond / two.PerSecond)];
}

/// <summary>A figure that is no throughput of a load.</summary>
/// <param name="Section">What belongs together.</param>
/// <param name="What">What it is.</param>
/// <param name="Ours">That of CSMR.</param>
/// <param name="Theirs">That of whom it is compared with; empty where there is none.</param>
/// <param name="Ratios">CSMR's numbers to the other's, where something is wanted of them.</param>
public sealed record FurtherFigure(string Section, string What, string Ours, string Theirs, IReadOnlyList<double>? Ratios = null);

/// <summary>All that a run has measured, and under what conditions.</summary>
/// <param name="Conditions">The conditions, as name and text.</param>
/// <param name="Cells">The measurements.</param>
/// <param name="Figures">Further figures.</param>
public sealed record Results(Dictionary<string, string> Conditions, List<Cell> Cells, List<FurtherFigure> Figures)
{
    private static readonly JsonSerializerOptions Format = new() { WriteIndented = true };

    /// <summary>None yet.</summary>
    public static Results Empty => new(new Dictionary<string, string>(StringComparer.Ordinal), [], []);

    /// <summary>Reads them.</summary>
    /// <param name="file">The file.</param>
    /// <returns>The results; none where there is no file.</returns>
    public static Results Read(string file) => File.Exists(file) ? JsonSerializer.Deserialize<Results>(File.ReadAllText(file), Format)! : Empty;

    /// <summary>Writes them.</summary>
    /// <param name="file">The file.</param>
    public void Write(string file)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        File.WriteAllText(file, JsonSerializer.Serialize(this, Format) + "\n");
    }
}

/// <summary>Small sums.</summary>
public static class Statistics
{
    /// <summary>The median.</summary>
    /// <param name="numbers">At least one number.</param>
    /// <returns>The median.</returns>
    public static double Median(IEnumerable<double> numbers)
    {
        var sorted = numbers.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
