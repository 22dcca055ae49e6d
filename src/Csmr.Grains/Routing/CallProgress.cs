using Csmr.Client;
using Csmr.Composition.Plans;
using Csmr.Replication.Machine;

namespace Csmr.Grains.Routing;

/// <summary>What the steps of one call have done so far, beyond their outcomes.</summary>
/// <param name="steps">The number of steps of the plan.</param>
internal sealed class CallProgress(int steps)
{
    private readonly long[] _slots = new long[steps];
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

    /// <summary>A step of an atomic operation was answered by its group.</summary>
    /// <param name="index">Its position in the plan.</param>
    /// <param name="step">The step.</param>
    /// <param name="outcome">Its outcome; null where it has none.</param>
    /// <param name="answer">The group's answer.</param>
    public void Add(int index, StepPlan step, Outcome? outcome, in GroupAnswer answer)
    {
        _slots[index] = outcome is null ? 0 : answer.Reply.Slot.Number;
        if (step.Operation.Access == OperationAccess.Update && outcome is { IsDone: true })
        {
            _updates++;
            _replays += answer is { Reply.Kind: CommandReplyKind.Replayed, MayHaveRunBefore: false } ? 1 : 0;
        }
    }

    /// <summary>What became of each step, for the caller.</summary>
    /// <param name="trace">The run's view.</param>
    /// <param name="sent">What is known of the step that was sent and not answered; null where there is none.</param>
    /// <param name="rest">What is known of the steps that the run has not come to.</param>
    /// <returns>One entry for each step that the run came to; where it broke off, for the rest too.</returns>
    public StepReply[] Describe(IReadOnlyList<StepTrace> trace, string? sent, string rest = "not-done")
    {
        var replies = new List<StepReply>(trace.Count);
        for (var i = 0; i < trace.Count; i++)
        {
            var state = trace[i].State switch
            {
                StepState.Skipped => "skipped",
                StepState.Done => "done",
                StepState.Refused => "refused",
                StepState.Faulted => "fault",
                StepState.Sent => sent ?? "unknown",
                _ => rest,
            };
            replies.Add(new StepReply { Step = trace[i].Step, Group = trace[i].Group?.Name ?? "", Slot = _slots[i], State = state });
        }

        return [.. replies];
    }
}
