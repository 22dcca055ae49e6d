using System.Globalization;
using System.Text;
using Csmr.Chaos.Faults;
using Csmr.Chaos.Histories;
using Csmr.Chaos.Runs;

namespace Csmr.Chaos.Figures;

/// <summary>The numbers of a run as a part of a document.</summary>
public static class RunFigures
{
    public static string Of(RunReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        var text = new StringBuilder();
        var culture = CultureInfo.InvariantCulture;
        var calls = report.History.Calls;
        text.AppendLine(culture, $"| fault | injected | longest time without an acknowledged call of a group, ms | all back after, s (slowest) |");
        text.AppendLine("|---|---|---|---|");
        foreach (var fault in report.Faults.GroupBy(static fault => fault.Name, StringComparer.Ordinal).OrderBy(static group => group.Key, StringComparer.Ordinal))
        {
            var recovery = fault.Max(static one => one.RecoveredAtUs - one.HealedAtUs) / 1e6;
            text.AppendLine(culture, $"| {fault.Key}: {FaultCatalog.Make(fault.Key)!.Summary} | {fault.Count()} | {fault.Max(static one => one.LongestGapMs):F0} | {recovery:F1} |");
        }

        text.AppendLine();
        foreach (var (name, reason) in report.Skipped)
        {
            text.AppendLine(culture, $"Not to be had on that machine: {name} ({reason}).");
        }

        text.AppendLine(culture, $"Seed {report.Options.Seed}, {report.Options.Replicas} replicas, {report.Options.Duration.TotalMinutes:0.#} minutes, {DateTime.UtcNow:yyyy-MM-dd}, {Environment.ProcessorCount} cores, .NET {Environment.Version}:");
        text.AppendLine(culture, $"{report.Faults.Count} faults of {report.Faults.Select(static fault => fault.Name).Distinct().Count()} kinds; {calls.Count} calls, of which {calls.Count(static call => call.IsAnswered)} were acknowledged, {calls.Count(static call => call.End == CallEnd.NotDone)} refused as not executed");
        text.AppendLine(culture, $"and {calls.Count(static call => call.End == CallEnd.Unknown)} left with an unknown outcome. The verdict: {(report.IsGood ? "good" : "FAILED")}.").AppendLine();
        foreach (var check in report.Checks.Checks)
        {
            text.AppendLine(culture, $"* {check}");
        }

        return text.ToString();
    }
}
