using System.Globalization;
using System.Text.Json;
using Csmr.Chaos.Histories;
using Csmr.Composition.Json;
using Csmr.Composition.Plans;

namespace Csmr.Chaos.Checks;

/// <summary>
/// Judges a history with the logs as witness: the order is that of the slots. Every answer must be the one that the replay gives at
/// its place, what was acknowledged is there, what was refused as "not executed" is not, nothing is there that nobody sent, and no call
/// stands before one that had ended when it began. Calls of unknown outcome are settled by the log.
/// </summary>
public sealed class WitnessCheck
{
    private readonly IReadOnlyDictionary<string, OperationPlan> _operations;
    private readonly IReadOnlyDictionary<GroupId, GroupReplay> _replays;
    private readonly CheckReport _report;
    private readonly HashSet<(GroupId Group, RequestId Id)> _sent = [];
    private readonly Dictionary<GroupId, List<Placed>> _placed;
    private int _answers;
    private int _settledAsDone;
    private int _settledAsNotDone;
    private int _readsWithoutSlot;

    private WitnessCheck(Plan plan, IReadOnlyDictionary<GroupId, GroupReplay> replays, CheckReport report)
    {
        (_replays, _report) = (replays, report);
        _operations = plan.Operations.ToDictionary(static operation => operation.Name, StringComparer.Ordinal);
        _placed = plan.Groups.ToDictionary(static group => group.Id, static _ => new List<Placed>());
    }

    /// <summary>Replays the logs of all groups and judges the history by them.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="logs">The chosen log of each group.</param>
    /// <param name="calls">The history.</param>
    /// <param name="digestsAt">Slots at which digests of a group's state are wanted.</param>
    /// <param name="report">Takes what is wrong.</param>
    /// <returns>The replays.</returns>
    public static IReadOnlyDictionary<GroupId, GroupReplay> Run(
        Plan plan,
        IReadOnlyDictionary<GroupId, IReadOnlyList<ReadOnlyMemory<byte>>> logs,
        IReadOnlyCollection<CallRecord> calls,
        ILookup<GroupId, long> digestsAt,
        CheckReport report)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(logs);
        ArgumentNullException.ThrowIfNull(calls);
        ArgumentNullException.ThrowIfNull(digestsAt);
        ArgumentNullException.ThrowIfNull(report);
        var reads = ReadsOf(plan, calls);
        var replays = plan.Groups.ToDictionary(
            static group => group.Id,
            group => GroupReplay.Run(group, logs[group.Id], reads[group.Id].ToLookup(static read => read.Slot, static read => read.Invocation), digestsAt[group.Id].ToHashSet(), report));
        var check = new WitnessCheck(plan, replays, report);
        foreach (var call in calls)
        {
            check.Judge(call);
        }

        check.RequireNothingUnsent();
        check.RequireRealTime();
        check.Conclude(calls.Count);
        return replays;
    }

    private static ILookup<GroupId, (long Slot, Invocation Invocation)> ReadsOf(Plan plan, IEnumerable<CallRecord> calls)
    {
        var operations = plan.Operations.ToDictionary(static operation => operation.Name, StringComparer.Ordinal);
        return calls
            .Where(static call => call is { IsRead: true, IsAnswered: true, Slots.Count: 1 })
            .Select(call => (call.Slots[0].Slot, Step: FirstStep(operations[call.Operation], call)))
            .ToLookup(static read => read.Step.Group, static read => (read.Slot, read.Step.Invocation));
    }

    private static StepCall FirstStep(OperationPlan operation, CallRecord call) =>
        RunOf(operation, call).TryNext(out var step) ? step : throw new InvalidOperationException($"'{call.Operation}' has no step");

    private static PlanRun RunOf(OperationPlan operation, CallRecord call)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(call.Arguments);
        return ArgumentBinder.TryBind(operation.Parameters, json, out var arguments, out var problem)
            ? new PlanRun(operation, arguments)
            : throw new InvalidOperationException($"the arguments of '{call.Operation}' are wrong: {problem.Message}");
    }

    private void Judge(CallRecord call)
    {
        var operation = _operations[call.Operation];
        if (call.IsRead)
        {
            JudgeRead(operation, call);
        }
        else
        {
            JudgeWrite(operation, call);
        }
    }

    private void JudgeRead(OperationPlan operation, CallRecord call)
    {
        if (!call.IsAnswered)
        {
            return;
        }

        if (call.Slots.Count != 1)
        {
            _readsWithoutSlot++;
            return;
        }

        var run = RunOf(operation, call);
        run.TryNext(out var step);
        var slot = call.Slots[0].Slot;
        _report.Require(call.Slots[0].Group == step.Group.Name, () => $"{Name(call)} tells of group {call.Slots[0].Group} instead of {step.Group}");
        if (_replays[step.Group].OutcomeOf(slot, step.Invocation) is not { } outcome)
        {
            _report.Violated($"{Name(call)} read slot {slot} of group {step.Group}, which is not chosen");
            return;
        }

        run.Answer(outcome);
        RequireAnswer(operation, call, run);
        _placed[step.Group].Add(new Placed(call, slot, int.MaxValue));
    }

    private void JudgeWrite(OperationPlan operation, CallRecord call)
    {
        var (run, steps) = (RunOf(operation, call), new List<GroupSlot>());
        while (run.TryNext(out var step))
        {
            var id = IdOf(call, step.Index);
            _sent.Add((step.Group, id));
            if (!_replays[step.Group].Executions.TryGetValue(id, out var executed))
            {
                JudgeMissing(call, step, steps.Count);
                return;
            }

            _report.Require(executed.Invocation.Span.SequenceEqual(GroupReplay.Pack(step.Invocation)), () => $"{Name(call)}: the log of {step.Group} has other arguments at slot {executed.Slot}");
            steps.Add(new GroupSlot(step.Group.Name, executed.Slot));
            _placed[step.Group].Add(new Placed(call, executed.Slot, executed.Index));
            run.Answer(executed.Outcome);
        }

        if (!call.IsAnswered)
        {
            _settledAsDone++;
            _report.Require(call.End == CallEnd.Unknown, () => $"{Name(call)} was refused as not executed, but is in the log at {string.Join(", ", steps)}");
            return;
        }

        RequireAnswer(operation, call, run);
        _report.Require(call.Slots.Count == 0 || call.Slots.SequenceEqual(steps), () => $"{Name(call)} was told slots {string.Join(", ", call.Slots)}, the log has {string.Join(", ", steps)}");
    }

    private void JudgeMissing(CallRecord call, in StepCall step, int stepsDone)
    {
        var group = step.Group;
        if (call.IsAnswered)
        {
            _report.Violated($"{Name(call)} was acknowledged, but is not in the log of group {group}");
        }
        else if (call.End == CallEnd.NotDone)
        {
            _report.Require(stepsDone == 0, () => $"{Name(call)} was refused as not executed, but {stepsDone} of its steps are in the logs");
        }
        else
        {
            _settledAsNotDone++;
        }
    }

    private void RequireAnswer(OperationPlan operation, CallRecord call, PlanRun run)
    {
        _answers++;
        var outcome = run.Result();
        if (call.End == CallEnd.Refused || !outcome.IsDone)
        {
            var code = call.Answer?.TryGetProperty("code", out var told) == true ? told.GetString() : null;
            _report.Require(outcome.Kind == OutcomeKind.Refused && code == outcome.Code, () => $"{Name(call)} was answered {call.Answer}, the replay gives {outcome.Kind} {outcome.Code}");
            return;
        }

        var writer = new WireWriter();
        OutcomeJson.Write(operation.Fields, outcome, writer);
        var right = JsonElement.Parse(writer.ToArray());
        var isRight = call.Answer is { } got && got.EnumerateObject().All(member => right.TryGetProperty(member.Name, out var value) && JsonElement.DeepEquals(value, member.Value));
        _report.Require(isRight, () => $"{Name(call)} was answered {call.Answer}, the replay gives {right}");
    }

    private void RequireNothingUnsent()
    {
        foreach (var (group, replay) in _replays)
        {
            foreach (var (id, executed) in replay.Executions.Where(pair => !_sent.Contains((group, pair.Key))))
            {
                _report.Violated($"group {group}, slot {executed.Slot}: request {id} was executed, but nobody sent it");
            }
        }
    }

    /// <summary>In each group, in the order of their calls: no call stands before one that had returned when it was made.</summary>
    private void RequireRealTime()
    {
        foreach (var (group, placed) in _placed)
        {
            var returned = new PriorityQueue<Placed, long>();
            Placed? latest = null;
            foreach (var next in placed.OrderBy(static call => call.Call.CalledAtUs))
            {
                while (returned.TryPeek(out var earlier, out var at) && at < next.Call.CalledAtUs)
                {
                    returned.Dequeue();
                    latest = latest is null || earlier.Place.CompareTo(latest.Place) > 0 ? earlier : latest;
                }

                _report.Require(
                    latest is null || next.Place.CompareTo(latest.Place) >= 0,
                    () => $"group {group}: {Name(next.Call)} stands at slot {next.Slot}, before slot {latest!.Slot} of {Name(latest.Call)}, which had returned when it was called");
                if (next.Call.IsAnswered)
                {
                    returned.Enqueue(next, next.Call.ReturnedAtUs);
                }
            }
        }
    }

    private void Conclude(int calls)
    {
        var repetitions = _replays.Values.Sum(static replay => replay.Repetitions);
        _report.Checked($"{calls} calls judged by the logs: {_answers} answers equal to the replay's, in an order that respects real time; nothing lost, nothing doubled, nothing that nobody sent");
        _report.Checked($"{repetitions} repetitions in the logs were answered from kept results or refused");
        _report.Checked($"unknown outcomes settled by the logs: {_settledAsDone} executed, {_settledAsNotDone} not, or not wholly");
        if (_readsWithoutSlot > 0)
        {
            _report.Checked($"{_readsWithoutSlot} reads of typed clients do not tell their slot: judged by the search alone");
        }
    }

    private static string Name(CallRecord call) =>
        string.Create(CultureInfo.InvariantCulture, $"{call.Operation} {call.Arguments} of {call.Client} ({call.CalledAtUs}..{call.ReturnedAtUs} us, {call.RequestId})");

    private static RequestId IdOf(CallRecord call, int step)
    {
        var parts = call.RequestId.Split('-');
        return SessionId.TryParse(parts[0], out var session)
            ? new RequestId(session, long.Parse(parts[1], CultureInfo.InvariantCulture), step)
            : throw new InvalidOperationException($"'{call.RequestId}' is no request id");
    }

    private sealed record Placed(CallRecord Call, long Slot, int Index)
    {
        public (long, int) Place => (Slot, Index);
    }
}
