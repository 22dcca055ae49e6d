using Csmr.TestKit.Checking.Histories;

namespace Csmr.Simulation.Tests.Checking.Naive;

/// <summary>Something that happens at one moment of a history.</summary>
/// <param name="From">It does not happen before.</param>
/// <param name="To">Nor after.</param>
/// <param name="Must">Whether it happens at all costs.</param>
/// <param name="Answer">The answer that it gives; null where nobody knows.</param>
/// <param name="Outcomes">What could come of it in a state.</param>
/// <param name="Place">Its place, where the order is prescribed; 0 elsewhere.</param>
internal sealed record NaiveEvent(
    long From,
    long To,
    bool Must,
    string? Answer,
    Func<NaiveState, IEnumerable<NaiveOutcome>> Outcomes,
    long Place = 0);

/// <summary>Tries every order of every choice of events; what was tried in vain once is not tried again.</summary>
internal static class NaiveOrders
{
    public static bool HasOne(IReadOnlyList<NaiveEvent> events) => HasOne(events, NaiveState.Empty, 0, 0, []);

    /// <summary>The events of a history under rules.</summary>
    public static List<NaiveEvent> EventsOf(IEnumerable<HistoryOperation> history, HistoryRules rules)
    {
        var events = new List<NaiveEvent>();
        var all = history.Where(operation => operation.Status != OperationStatus.Fail).ToList();
        foreach (var operation in all)
        {
            var must = operation.Status == OperationStatus.Ok;
            var answer = operation.Result?.GetRawText();
            var isAudited = rules != HistoryRules.Services && operation.Op == "put";
            if (isAudited && rules.IsAtomic)
            {
                events.Add(new(operation.CallNs, operation.EndNs, must, answer, state => NaiveServices.AuditedPut(state, operation.Args)));
                continue;
            }

            events.Add(new(operation.CallNs, operation.EndNs, must, answer, state => NaiveServices.Outcomes(state, operation.Op, operation.Args)));
            if (isAudited)
            {
                events.Add(new(operation.CallNs, operation.EndNs, must, null, state => EntriesOf(state, operation, all)));
            }
        }

        return events;
    }

    // A put of unknown outcome gave a version that no answered put of the key gave.
    private static IEnumerable<NaiveOutcome> EntriesOf(NaiveState state, HistoryOperation put, List<HistoryOperation> all)
    {
        var key = put.Args.GetProperty("key").GetString()!;
        var given = all.Where(one => one.Op == "put" && one.Result is not null && one.Args.GetProperty("key").GetString() == key)
            .Select(one => one.Result!.Value.GetProperty("version").GetInt64());
        var versions = put.Result is { } result
            ? [result.GetProperty("version").GetInt64()]
            : Enumerable.Range(1, (int)NaiveServices.StampMax).Select(version => (long)version).Except(given);
        return versions.Select(version => NaiveServices.Append(state, NaiveServices.EntryOf(key, version)));
    }

    private static bool HasOne(IReadOnlyList<NaiveEvent> events, NaiveState state, int placed, long place, HashSet<(int Placed, string State)> inVain)
    {
        var left = Enumerable.Range(0, events.Count).Where(i => (placed >> i) % 2 == 0).ToList();
        if (!left.Exists(i => events[i].Must))
        {
            return true;
        }

        if (!inVain.Add((placed, state.Text)))
        {
            return false;
        }

        var firstEnd = left.Where(i => events[i].Must).Min(i => events[i].To);
        foreach (var i in left.Where(i => events[i].From <= firstEnd && events[i].Place >= place))
        {
            foreach (var outcome in events[i].Outcomes(state))
            {
                var fits = events[i].Answer is null || events[i].Answer == outcome.Answer;
                if (fits && HasOne(events, outcome.After, placed | (1 << i), events[i].Place, inVain))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
