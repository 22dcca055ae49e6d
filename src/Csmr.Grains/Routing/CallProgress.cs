using Csmr.Client;
using Csmr.Composition.Explaining;
using Csmr.Composition.Json;
using Csmr.Composition.Plans;
using Csmr.Replication.Machine;
using Csmr.Replication.Multicast;

namespace Csmr.Grains.Routing;

/// <summary>What the steps of one call have done so far, beyond their outcomes.</summary>
/// <param name="plan">The operation.</param>
/// <param name="isExplained">Whether the caller wants to know what each step was answered, or why it was not executed.</param>
internal sealed class CallProgress(OperationPlan plan, bool isExplained)
{
    private readonly long[] _slots = new long[plan.Steps.Count];
    private int _updates;
    private int _replays;

    /// <summary>Whether a step has changed state, or would have if it had found anything to change.</summary>
    public bool HasEffects => _updates > 0;

    /// <summary>Whether every changing step was executed by an earlier call, not by this one.</summary>
    public bool IsReplayed => _updates > 0 && _replays == _updates;

    /// <summary>A step was answered by its group.</summary>
    /// <param name="step">The step.</param>
    /// <param name="answer">The group's answer.</param>
    public void Add(in StepCall step, in GroupAnswer answer)
    {
        _slots[step.Index] = answer.Reply.Slot.Number;
        if (step.Invocation.Operation.Access == OperationAccess.Update && answer.Reply.Outcome is { IsDone: true })
        {
            _updates++;

            // Where an earlier try of this very call may have done it, nobody can tell whose execution is replayed.
            _replays += answer is { Reply.Kind: CommandReplyKind.Replayed, MayHaveRunBefore: false } ? 1 : 0;
        }
    }

    /// <summary>A step of an atomic operation has ended at its group.</summary>
    /// <param name="index">Its position in the plan.</param>
    /// <param name="settled">Its end.</param>
    /// <param name="answer">The group's answer.</param>
    public void Add(int index, in SettledStep settled, in GroupAnswer answer)
    {
        _slots[index] = settled.Result.Outcome is null ? 0 : settled.Slot.Number;
        if (plan.Steps[index].Operation.Access == OperationAccess.Update && settled.Result.Outcome is { IsDone: true })
        {
            _updates++;
            _replays += answer is { Reply.Kind: CommandReplyKind.Replayed, MayHaveRunBefore: false } ? 1 : 0;
        }
    }

    /// <summary>What became of each step, for the caller.</summary>
    /// <param name="run">The run.</param>
    /// <param name="rest">What is known of the steps that the run has not come to.</param>
    /// <param name="sent">What is known of the step that was sent and not answered.</param>
    /// <returns>One entry for each step; none for items of a list that the client has not given.</returns>
    public StepReply[] Describe(PlanRun run, string rest, string sent = "unknown")
    {
        var trace = run.Trace;
        var replies = new List<StepReply>(trace.Count);
        for (var i = 0; i < trace.Count; i++)
        {
            if (plan.Steps[i].Item > 0 && trace[i].State == StepState.Skipped && !run.Call.PlanSteps.Contains(i))
            {
                continue;
            }

            var state = trace[i].State switch
            {
                StepState.Skipped => "skipped",
                StepState.Done => "done",
                StepState.Refused => "refused",
                StepState.Faulted => "fault",
                StepState.Sent => sent,
                _ => trace[i].EndedBy is null ? rest : "not-reached",
            };
            replies.Add(isExplained ? Explain(i, trace[i], state) : new StepReply { Step = trace[i].Step, Group = GroupOf(trace[i]), Slot = _slots[i], State = state });
        }

        return [.. replies];
    }

    private static string GroupOf(in StepTrace trace) => trace.Group?.Name ?? "";

    private StepReply Explain(int index, in StepTrace trace, string state)
    {
        var step = plan.Steps[index];
        var answer = new WireWriter();
        if (trace.Outcome is { IsDone: true } outcome)
        {
            OutcomeJson.Write(step.Operation.Fields, outcome, answer);
        }

        return new StepReply
        {
            Step = trace.Step,
            Group = GroupOf(trace),
            Slot = _slots[index],
            State = state,
            Call = $"{step.Service}.{step.Operation.Name}",
            Answer = answer.ToArray(),
            Code = trace.Outcome is { IsDone: false } failed ? failed.Code : "",
            Detail = trace switch
            {
                { Outcome.IsDone: false } => trace.Outcome!.Message,
                { State: StepState.Skipped } => $"The condition does not hold: {ExpressionText.Of(step.When!, plan)}",
                { EndedBy: { } cause } => $"Step '{cause}' ended the operation.",
                _ => "",
            },
        };
    }
}
