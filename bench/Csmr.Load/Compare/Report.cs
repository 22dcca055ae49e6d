using System.Globalization;
using System.Text;

namespace Csmr.Load.Compare;

/// <summary>The results as a document.</summary>
/// <param name="results">The results.</param>
public sealed class Report(Results results)
{
    private readonly StringBuilder _text = new();

    /// <summary>Writes the document and the plots that it shows.</summary>
    /// <param name="results">The results.</param>
    /// <param name="folder">Where.</param>
    public static void Write(Results results, string folder)
    {
        ArgumentNullException.ThrowIfNull(results);
        Directory.CreateDirectory(folder);
        var plots = Plot.Of(results).ToList();
        foreach (var plot in plots)
        {
            File.WriteAllText(Path.Combine(folder, plot.File), plot.Svg());
        }

        File.WriteAllText(Path.Combine(folder, "RESULTS.md"), new Report(results).Text(plots));
    }

    private string Text(IReadOnlyList<Plot> plots)
    {
        Line("""
            # Results

            Written by `bench/run`; how it measures, and what is fair about it, is in [README.md](README.md). All servers and the load generator share
            one machine. A ratio is CSMR's throughput to the other's, of measurements that were taken one after the other; the number is the median of
            the pairs, the list behind it has every pair. Bold is worse than the other: below 1 for throughput, above it for the rest. CPU is seconds of
            the processors for 1,000 operations, of all servers of a system together, and in parentheses of the load generator. Disk is what reached the
            disk for an operation, of all three replicas together.

            """);
        foreach (var (name, text) in results.Conditions.OrderBy(static condition => condition.Key, StringComparer.Ordinal))
        {
            Line($"* {name}: {text}");
        }

        Line("");
        Line("## Targets");
        Line("");
        Line("| load | against | target | measured | |");
        Line("|---|---|---|---|---|");
        foreach (var target in Target.All)
        {
            Line(target.Row(results));
        }

        foreach (var target in FigureTarget.All)
        {
            Line(target.Row(results));
        }

        Line("");
        plots.ToList().ForEach(plot => Line($"![{plot.Title}]({plot.File})"));
        foreach (var section in results.Cells.GroupBy(static cell => (cell.Section, cell.Load)))
        {
            Section(section.Key.Section, section.Key.Load, [.. section]);
        }

        if (results.Figures.Count > 0)
        {
            Line("\n## Further figures\n\n| | CSMR | other |\n|---|---|---|");
            results.Figures.ForEach(figure => Line($"| {figure.Section}: {figure.What} | {figure.Ours} | {figure.Theirs} |"));
        }

        return _text.ToString();
    }

    private void Section(string section, string load, IReadOnlyList<Cell> cells)
    {
        Line($"\n## {section}: {load}\n");
        if (Loads.All.FirstOrDefault(known => known.Name == load) is { } known)
        {
            Line($"One operation is {known.What}.\n");
        }

        Line("| clients | | operations/s | ratio (pairs) | p50 ms | p99 ms | CPU s / 1,000 | disk bytes / operation | memory MiB |");
        Line("|--:|---|--:|---|--:|--:|--:|--:|--:|");
        foreach (var cell in cells)
        {
            cell.Sides.ForEach(side => Row(cell, side));
        }
    }

    private void Row(Cell cell, SideResult side)
    {
        var first = cell.Sides[0];
        var isFirst = side == first;
        var ratios = isFirst ? [] : cell.Ratios(side);
        var others = cell.Sides.Where(other => other != first && !other.IsLimit).ToList();
        bool IsWorse(Func<Sample, double> figure) => isFirst && others.Exists(other => side.Median(figure) > other.Median(figure));
        Line(string.Create(CultureInfo.InvariantCulture, $"""
            | {(isFirst ? cell.Clients : "")} | {side.Name} | {side.Median(static sample => sample.PerSecond):N0} | {Ratios(ratios, side.IsLimit)} | {Mark(side.Median(P50), IsWorse(P50), "F2")} | {Mark(side.Median(P99), IsWorse(P99), "F2")} | {Mark(side.ServerCpuPer1000, isFirst && others.Exists(other => side.ServerCpuPer1000 > other.ServerCpuPer1000), "F3")} ({side.ClientCpuPer1000:F3}) | {side.DiskBytesPerOperation:N0} | {side.Median(static sample => sample.MemoryMib):N0} |
            """));
    }

    private static double P50(Sample sample) => sample.P50Ms;

    private static double P99(Sample sample) => sample.P99Ms;

    private static string Mark(double number, bool isBold, string format)
    {
        var text = number.ToString(format, CultureInfo.InvariantCulture);
        return isBold ? $"**{text}**" : text;
    }

    private static string Ratios(IReadOnlyList<double> ratios, bool isLimit)
    {
        if (ratios.Count == 0)
        {
            return "";
        }

        var median = Statistics.Median(ratios);
        return $"{Mark(median, median < 1 && !isLimit, "F2")} ({string.Join(", ", ratios.Select(static ratio => ratio.ToString("F2", CultureInfo.InvariantCulture)))})";
    }

    private void Line(string line) => _text.AppendLine(line);
}
