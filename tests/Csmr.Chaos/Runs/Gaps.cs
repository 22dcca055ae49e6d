using Csmr.Chaos.Clusters;
using Csmr.Chaos.Histories;
using Csmr.Composition.Plans;

namespace Csmr.Chaos.Runs;

/// <summary>How long groups acknowledged nothing while a fault was on.</summary>
public static class Gaps
{
    /// <summary>Finds for each fault, from its beginning to the recovery, the longest time between two acknowledged calls of one group.</summary>
    public static IReadOnlyList<FaultRecord> Measure(History history, string manifest, IReadOnlyList<FaultRecord> faults)
    {
        ArgumentNullException.ThrowIfNull(history);
        ArgumentNullException.ThrowIfNull(faults);
        var groups = GroupsOf(ChaosPlan.Read(manifest));
        var acknowledged = history.Calls
            .Where(static call => call.IsAnswered)
            .GroupBy(call => groups(call))
            .ToDictionary(static group => group.Key, static group => group.Select(static call => call.ReturnedAtUs).Order().ToArray(), StringComparer.Ordinal);
        return [.. faults.Select(fault => Measure(fault, acknowledged))];
    }

    private static FaultRecord Measure(FaultRecord fault, Dictionary<string, long[]> acknowledged)
    {
        foreach (var (group, times) in acknowledged)
        {
            var before = fault.InjectedAtUs;
            var inWindow = times.Where(time => time >= fault.InjectedAtUs && time <= fault.RecoveredAtUs).Append(fault.RecoveredAtUs);
            foreach (var time in inWindow)
            {
                var gapMs = (time - before) / 1e3;
                fault = gapMs > fault.LongestGapMs ? fault with { LongestGapMs = gapMs, GapGroup = group } : fault;
                before = time;
            }
        }

        return fault;
    }

    // The group of a call's first step: by the slots where it tells them, else by the plan's routing of the key.
    private static Func<CallRecord, string> GroupsOf(Plan plan)
    {
        var operations = plan.Operations.ToDictionary(static operation => operation.Name, StringComparer.Ordinal);
        return call => call.Slots.Count > 0 ? call.Slots[0].Group
            : operations[call.Operation].Steps[0].Router.Groups is [var only] ? only.Name
            : string.CompareOrdinal(call.Arguments.GetProperty("key").GetString(), "n") < 0 ? "early" : "late";
    }
}
