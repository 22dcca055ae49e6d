using System.Globalization;

namespace Csmr.Load.Compare;

/// <summary>What is wanted of one load.</summary>
/// <param name="Section">Where it is measured.</param>
/// <param name="Load">The load.</param>
/// <param name="Clients">The numbers of clients.</param>
/// <param name="Other">Whom CSMR is compared with.</param>
/// <param name="Wanted">What is wanted, in words.</param>
/// <param name="Figure">The figure of CSMR and the other.</param>
/// <param name="IsMet">Whether a figure is good enough.</param>
public sealed record Target(
    string Section, string Load, IReadOnlyList<int> Clients, string Other, string Wanted, Func<Cell, SideResult, double> Figure, Func<double, bool> IsMet)
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<Target> All { get; } =
    [
        AtLeast("http", "put", [64, 256], "etcd", 4),
        Below("http", "put", [64, 256], "etcd", "p99", static sample => sample.P99Ms),
        Below("http", "put", [1], "etcd", "p50", static sample => sample.P50Ms),
        AtLeast("http", "get", [64], "etcd", 4),
        AtLeast("native", "put", [64, 256], "etcd", 5),
        AtLeast("native", "put", [64, 256], "ZooKeeper", 2.5),
        AtLeast("http", "put", [64, 256], "DotNext Raft", 1.5),
        AtLeast("http", "lock", [16, 64], "etcd", 5),
        AtLeast("native", "lock", [16, 64], "etcd", 5),
        AtLeast("native", "lock", [16, 64], "ZooKeeper", 2),
        AtLeast("http", "put", [64], SideResult.Limit + "Kestrel, group-committed fdatasync", 0.5),
        AtLeast("costs", "put, fsync to memory", [64], "memory", 0.8),
        AtLeast("costs", "put, without an idempotency key to with one", [64], "without keys", 0.96),
        AtLeast("costs", "put, direct to routed by a partition", [64], "direct", 0.95),
        AtLeast("costs", "put, direct to united by two unions", [64], "direct", 0.95),
        AtLeast("costs", "put, 1 partition to 4", [64], "1 partition", 0.9),
        new("http", "put", [64], "etcd", "CPU of the servers ≤ 0.5 ×", static (cell, other) => cell.Sides[0].ServerCpuPer1000 / other.ServerCpuPer1000, static ratio => ratio <= 0.5),
    ];

    /// <summary>A row of the table of targets.</summary>
    /// <param name="results">The results.</param>
    /// <returns>The row, in Markdown.</returns>
    public string Row(Results results)
    {
        ArgumentNullException.ThrowIfNull(results);
        var measured = Clients
            .Select(clients => results.Cells.LastOrDefault(cell => cell.Section == Section && cell.Load == Load && cell.Clients == clients))
            .Select(cell => cell?.Find(Other) is { } other ? Figure(cell, other) : double.NaN)
            .ToArray();
        var verdict = Array.Exists(measured, double.IsNaN) ? "not measured" : Array.TrueForAll(measured, new Predicate<double>(IsMet)) ? "met" : "**missed**";
        var figures = string.Join(", ", measured.Select(static number => double.IsNaN(number) ? "–" : number.ToString("F2", CultureInfo.InvariantCulture)));
        return $"| {Section}: {Load}, {string.Join(" and ", Clients)} clients | {Other} | {Wanted} | {figures} | {verdict} |";
    }

    private static Target AtLeast(string section, string load, IReadOnlyList<int> clients, string other, double wanted) => new(
        section,
        load,
        clients,
        other,
        string.Create(CultureInfo.InvariantCulture, $"throughput ≥ {wanted} ×"),
        static (cell, side) => Statistics.Median(cell.Ratios(side)),
        ratio => ratio >= wanted);

    private static Target Below(string section, string load, IReadOnlyList<int> clients, string other, string name, Func<Sample, double> figure) => new(
        section, load, clients, other, $"{name} ≤ the other's", (cell, side) => cell.Sides[0].Median(figure) / side.Median(figure), static ratio => ratio <= 1);
}

/// <summary>What is wanted of a figure that is no throughput.</summary>
/// <param name="Section">Where it is measured.</param>
/// <param name="What">What it is.</param>
/// <param name="AtMost">What CSMR's numbers to the other's may be.</param>
public sealed record FigureTarget(string Section, string What, double AtMost)
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<FigureTarget> All { get; } =
    [
        new("memory", "resident memory of a replica with 1,000,000 keys of 100 bytes (a look: 100,000)", 0.6),
        new("failover", "SIGKILL of the leader to the next acknowledged put, median and max of 10", 0.5),
    ];

    /// <summary>A row of the table of targets.</summary>
    /// <param name="results">The results.</param>
    /// <returns>The row, in Markdown.</returns>
    public string Row(Results results)
    {
        ArgumentNullException.ThrowIfNull(results);
        var ratios = results.Figures.LastOrDefault(figure => figure.Section == Section && figure.Ratios is not null)?.Ratios ?? [];
        var verdict = ratios.Count == 0 ? "not measured" : ratios.All(ratio => ratio <= AtMost) ? "met" : "**missed**";
        var figures = ratios.Count == 0 ? "–" : string.Join(", ", ratios.Select(static ratio => ratio.ToString("F2", CultureInfo.InvariantCulture)));
        return string.Create(CultureInfo.InvariantCulture, $"| {Section}: {What} | etcd | ≤ {AtMost} × | {figures} | {verdict} |");
    }
}
