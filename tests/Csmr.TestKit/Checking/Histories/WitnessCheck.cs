using System.Text.Json;
using Csmr.TestKit.Checking.Objects;

namespace Csmr.TestKit.Checking.Histories;

/// <summary>An operation as a group executed it, read from its log. What was not executed again (a repetition) is not listed.</summary>
/// <param name="Slot">The slot.</param>
/// <param name="Position">The place among the operations of the slot.</param>
/// <param name="Request">The id of the request.</param>
/// <param name="Op">The operation.</param>
/// <param name="Args">Its arguments.</param>
/// <param name="Result">Its answer, as a client sees it: <c>{"result": …}</c>, or <c>{"refused": code}</c>.</param>
public sealed record ChosenOperation(long Slot, int Position, string Request, string Op, JsonElement Args, JsonElement Result);

/// <summary>What the logs say about a history.</summary>
/// <param name="Problems">What is wrong, one line each.</param>
/// <param name="Settled">The history with the unknown outcomes settled: done at the end of time, or failed.</param>
/// <param name="Done">How many operations of unknown outcome were done.</param>
/// <param name="NotDone">How many were not.</param>
/// <param name="Unclaimed">How many executed operations are of no request of the history.</param>
public sealed record WitnessVerdict(IReadOnlyList<string> Problems, IReadOnlyList<HistoryOperation> Settled, int Done, int NotDone, int Unclaimed)
{
    /// <summary>The verdict for a person.</summary>
    /// <returns>A line, and the problems if there are any.</returns>
    public override string ToString() =>
        $"{(Problems.Count == 0 ? "in order" : $"{Problems.Count} problems")}: {Settled.Count} operations, of the unknown ones {Done} were done and {NotDone} not, "
        + $"{Unclaimed} executed operations of others" + string.Concat(Problems.Take(20).Select(problem => "\n" + problem));
}

/// <summary>
/// Judges a history by the order in which the groups executed it: every acknowledged operation is in the logs exactly once with its
/// answer, the answers follow from one another, and the order of each group respects real time. n log n.
/// </summary>
public sealed class WitnessCheck
{
    private readonly IReadOnlyDictionary<string, IReadOnlyList<ChosenOperation>> _logs;
    private readonly Dictionary<string, List<(string Group, ChosenOperation Chosen)>> _byRequest = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<Placed>> _placed = new(StringComparer.Ordinal);
    private readonly List<string> _problems = [];

    private WitnessCheck(IReadOnlyDictionary<string, IReadOnlyList<ChosenOperation>> logs)
    {
        _logs = logs;
        foreach (var (group, log) in logs)
        {
            _placed.Add(group, []);
            foreach (var chosen in log)
            {
                if (!_byRequest.TryGetValue(chosen.Request, out var steps))
                {
                    _byRequest.Add(chosen.Request, steps = []);
                }

                if (steps.Any(step => step.Group == group))
                {
                    _problems.Add($"{group}: request {chosen.Request} was executed twice, the second time at slot {chosen.Slot}");
                }

                steps.Add((group, chosen));
            }
        }
    }

    /// <summary>Judges a history.</summary>
    /// <param name="history">The operations. Those that change something name their request.</param>
    /// <param name="logs">By group: what it executed, in order.</param>
    /// <returns>The verdict.</returns>
    public static WitnessVerdict Check(IReadOnlyList<HistoryOperation> history, IReadOnlyDictionary<string, IReadOnlyList<ChosenOperation>> logs)
    {
        var check = new WitnessCheck(logs);
        var endNs = history.Select(operation => Math.Max(operation.CallNs, operation.ReturnNs ?? 0)).DefaultIfEmpty().Max() + 1;
        var settled = new List<HistoryOperation>(history.Count);
        int done = 0, notDone = 0;
        foreach (var operation in history)
        {
            var after = check.Place(operation, endNs);
            settled.Add(after);
            if (operation.Status == OperationStatus.Unknown)
            {
                (done, notDone) = after.Status == OperationStatus.Fail ? (done, notDone + 1) : (done + 1, notDone);
            }
        }

        foreach (var (group, log) in logs)
        {
            check.CheckRealTime(group);
            var replay = new GroupReplay(group, log, check._problems);
            replay.Run(check._placed[group].Where(placed => placed.IsRead).Select(placed => (placed.Slot, placed.Operation)));
        }

        var known = history.Where(operation => operation.Request is not null).Select(operation => operation.Request!).ToHashSet(StringComparer.Ordinal);
        var unclaimed = logs.Values.Sum(log => log.Count(chosen => !known.Contains(chosen.Request)));
        return new WitnessVerdict(check._problems, settled, done, notDone, unclaimed);
    }

    private HistoryOperation Place(HistoryOperation operation, long endNs)
    {
        if (operation.Request is null || !_byRequest.TryGetValue(operation.Request, out var steps))
        {
            return operation.Status == OperationStatus.Ok ? PlaceRead(operation) : operation with { Status = OperationStatus.Fail };
        }

        foreach (var (group, chosen) in steps)
        {
            _placed[group].Add(new Placed(operation, chosen.Slot, chosen.Position, IsRead: false));
        }

        switch (operation.Status)
        {
            case OperationStatus.Fail:
                _problems.Add($"{operation} was executed, by {string.Join(" and ", steps.Select(step => $"{step.Group} at slot {step.Chosen.Slot}"))}");
                return operation;
            case OperationStatus.Unknown:
                var answer = steps.FirstOrDefault(step => NameOf(step.Chosen.Op) == NameOf(operation.Op)).Chosen;
                return answer is null ? operation : operation with { Status = OperationStatus.Ok, Result = answer.Result, ReturnNs = endNs };
            default:
                CompareWithLog(operation, steps);
                return operation;
        }
    }

    // An answer that is in no log is right only if it is of a read, which takes no slot of its own.
    private HistoryOperation PlaceRead(HistoryOperation operation)
    {
        if (NameOf(operation.Op) is not ("get" or "retrieve" or "bounds" or "range"))
        {
            _problems.Add($"{operation} was acknowledged and is in no log");
        }
        else if (operation.Slots is not { Count: 1 } slots || !_placed.TryGetValue(slots.First().Key, out var placed))
        {
            _problems.Add($"{operation} does not say in which group it was read, and at which slot");
        }
        else
        {
            placed.Add(new Placed(operation, slots.First().Value, int.MaxValue, IsRead: true));
        }

        return operation;
    }

    private void CompareWithLog(HistoryOperation operation, List<(string Group, ChosenOperation Chosen)> steps)
    {
        var told = CanonicalJson.Of(operation.Result!.Value);
        if (!steps.Any(step => CanonicalJson.Of(step.Chosen.Result) == told))
        {
            _problems.Add($"{operation} was answered otherwise by the log: {string.Join(", ", steps.Select(step => $"{step.Group}={CanonicalJson.Of(step.Chosen.Result)}"))}");
        }

        foreach (var (group, slot) in operation.Slots ?? new Dictionary<string, long>(StringComparer.Ordinal))
        {
            if (!steps.Any(step => step.Group == group && step.Chosen.Slot == slot))
            {
                _problems.Add($"{operation} is not in the log of {group} at slot {slot}");
            }
        }

        foreach (var (group, chosen) in steps.Where(step => operation.Slots?.ContainsKey(step.Group) == false))
        {
            _problems.Add($"{operation} does not tell that {group} executed it at slot {chosen.Slot}");
        }
    }

    // What was answered before an operation began stands before it.
    private void CheckRealTime(string group)
    {
        var byCall = _placed[group].OrderBy(placed => placed.Operation.CallNs).ToList();
        var byEnd = _placed[group].Where(placed => placed.Operation.EndNs != long.MaxValue).OrderBy(placed => placed.Operation.EndNs).ToList();
        var ended = 0;
        Placed? last = null;
        foreach (var placed in byCall)
        {
            for (; ended < byEnd.Count && byEnd[ended].Operation.EndNs < placed.Operation.CallNs; ended++)
            {
                last = last is null || byEnd[ended].CompareTo(last) > 0 ? byEnd[ended] : last;
            }

            if (last is not null && placed.CompareTo(last) < 0)
            {
                _problems.Add($"{group}: {placed.Operation} is at slot {placed.Slot}, before what was answered before it began: {last.Operation} at slot {last.Slot}");
            }
        }
    }

    private static string NameOf(string op) => op[(op.LastIndexOf('.') + 1)..];

    // A read stands behind all of its slot.
    private sealed record Placed(HistoryOperation Operation, long Slot, int Position, bool IsRead)
    {
        public int CompareTo(Placed other) => (Slot, Position).CompareTo((other.Slot, other.Position));
    }
}
