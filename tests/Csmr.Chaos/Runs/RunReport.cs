using System.Globalization;
using System.Text;
using Csmr.Chaos.Checks;
using Csmr.Chaos.Histories;

namespace Csmr.Chaos.Runs;

/// <summary>One injected fault.</summary>
/// <param name="Name">Its name.</param>
/// <param name="InjectedAtUs">When it began, on the history's clock.</param>
/// <param name="HealedAtUs">When it ended.</param>
/// <param name="RecoveredAtUs">When everything took part and answered again.</param>
public sealed record FaultRecord(string Name, long InjectedAtUs, long HealedAtUs, long RecoveredAtUs)
{
    /// <summary>The longest time, in milliseconds, in which some group acknowledged no call that its clients waited for.</summary>
    public double LongestGapMs { get; init; }

    /// <summary>The group that it was.</summary>
    public string GapGroup { get; init; } = "";
}

/// <summary>What came of a run.</summary>
public sealed class RunReport
{
    public required RunOptions Options { get; init; }

    public required History History { get; init; }

    /// <summary>The calls of atomic operations.</summary>
    public required History Atomic { get; init; }

    public required IReadOnlyList<FaultRecord> Faults { get; init; }

    /// <summary>Faults that were asked for and cannot be had here, with the reason.</summary>
    public required IReadOnlyDictionary<string, string> Skipped { get; init; }

    public required CheckReport Checks { get; init; }

    /// <summary>How often processes ended without having been asked to, by name.</summary>
    public required IReadOnlyDictionary<string, int> UnaskedExits { get; init; }

    /// <summary>Where data, logs and history are, if kept.</summary>
    public string? Directory { get; init; }

    public bool IsGood => Checks.IsGood;

    /// <summary>The report for a person.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        var culture = CultureInfo.InvariantCulture;
        text.AppendLine(culture, $"Seed {Options.Seed}, {Options.Replicas} replicas, {Options.Duration.TotalMinutes:0.#} min, {History.Calls.Count + Atomic.Calls.Count} calls, {Faults.Count} faults").AppendLine();
        WriteCalls(text);
        WriteFaults(text);
        foreach (var (name, reason) in Skipped)
        {
            text.AppendLine(culture, $"skipped  {name}: {reason}");
        }

        foreach (var (name, count) in UnaskedExits.Where(static pair => pair.Value > 0))
        {
            text.AppendLine(culture, $"supervisor  {name} ended by itself {count} times and was started again");
        }

        text.AppendLine();
        foreach (var check in Checks.Checks)
        {
            text.AppendLine(culture, $"checked  {check}");
        }

        foreach (var violation in Checks.Violations)
        {
            text.AppendLine(culture, $"BROKEN  {violation}");
        }

        if (Directory is not null)
        {
            text.AppendLine(culture, $"kept in {Directory}");
        }

        return text.AppendLine().Append(IsGood ? "good" : $"FAILED; again with --seed {Options.Seed}").ToString();
    }

    private void WriteCalls(StringBuilder text)
    {
        text.AppendLine("operation         ok  refused  not done  unknown   tries  longest ms");
        foreach (var operation in History.Calls.Concat(Atomic.Calls).GroupBy(static call => call.Operation, StringComparer.Ordinal).OrderBy(static group => group.Key, StringComparer.Ordinal))
        {
            int Count(CallEnd end) => operation.Count(call => call.End == end);
            text.AppendLine(CultureInfo.InvariantCulture, $"{operation.Key,-12} {Count(CallEnd.Ok),7} {Count(CallEnd.Refused),8} {Count(CallEnd.NotDone),9} {Count(CallEnd.Unknown),8} {operation.Sum(static call => call.Tries),7} {operation.Max(static call => call.ReturnedAtUs - call.CalledAtUs) / 1000,11}");
        }

        text.AppendLine();
    }

    private void WriteFaults(StringBuilder text)
    {
        text.AppendLine("fault                count  longest gap ms (of one group)  slowest recovery s");
        foreach (var fault in Faults.GroupBy(static fault => fault.Name, StringComparer.Ordinal).OrderBy(static group => group.Key, StringComparer.Ordinal))
        {
            var worst = fault.MaxBy(static one => one.LongestGapMs)!;
            var recovery = fault.Max(static one => one.RecoveredAtUs - one.HealedAtUs) / 1e6;
            text.AppendLine(CultureInfo.InvariantCulture, $"{fault.Key,-20} {fault.Count(),5}  {worst.LongestGapMs,14:F0} ({worst.GapGroup}){new string(' ', Math.Max(0, 10 - worst.GapGroup.Length))}  {recovery,14:F1}");
        }

        text.AppendLine();
    }
}
