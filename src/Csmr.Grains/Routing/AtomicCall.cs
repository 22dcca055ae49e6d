using Csmr.Client;
using Csmr.Composition.Plans;
using Csmr.Grains.Replicas;
using Csmr.Replication.Machine;
using Csmr.Replication.Multicast;

namespace Csmr.Grains.Routing;

/// <summary>
/// One call of an atomic operation with several steps: the same command goes to every group concerned, the groups agree among
/// themselves, and each answers with the results of its own steps. Losing this gateway in the middle loses the answer alone.
/// </summary>
/// <param name="plan">The operation.</param>
/// <param name="run">Its run; gets the ends of the steps.</param>
/// <param name="progress">Gets what the steps have done.</param>
/// <param name="identity">The call's identity.</param>
/// <param name="groups">The ways to the groups.</param>
internal sealed class AtomicCall(OperationPlan plan, PlanRun run, CallProgress progress, CallIdentity identity, GroupDirectory groups)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Whether a call is of this kind: atomic, with more than one step that its arguments do not rule out.</summary>
    /// <param name="plan">The operation.</param>
    /// <param name="run">Its run, at its beginning.</param>
    /// <returns>Whether it is.</returns>
    public static bool IsNeeded(OperationPlan plan, PlanRun run) =>
        plan is { Consistency: Consistency.Atomic, Steps.Count: > 1 } && run.Call.Program.Steps.Count > 1;

    /// <summary>Makes the call.</summary>
    /// <param name="deadline">When the caller wants an answer.</param>
    /// <param name="cancellationToken">The caller does not wait any more.</param>
    /// <returns>The answer.</returns>
    public async Task<InvocationReply> RunAsync(long deadline, CancellationToken cancellationToken)
    {
        var body = new MulticastCall(run.Call.Destinations, run.Call.Program.ToBytes()).Pack();
        var command = identity.CommandOf(step: 0, body) with { IsComposite = true };
        var answers = await Task.WhenAll(run.Call.Destinations.Select(group => groups[group].ExecuteAsync(command, identity.KeptMs, deadline, cancellationToken)));
        while (Array.Exists(answers, IsRefused) && !Array.TrueForAll(answers, IsNotTaken) && Environment.TickCount64 < deadline)
        {
            // One group has taken it, so the others will hear of it there, and then have an answer.
            await Task.Delay(Pause, cancellationToken);
            for (var i = 0; i < answers.Length; i++)
            {
                answers[i] = IsRefused(answers[i])
                    ? await groups[run.Call.Destinations[i]].ExecuteAsync(command, identity.KeptMs, deadline, cancellationToken)
                    : answers[i];
            }
        }

        for (var i = 0; i < answers.Length; i++)
        {
            Take(answers[i]);
        }

        return Array.TrueForAll(answers, IsExecuted)
            ? Replies.Of(plan, identity, run, progress)
            : Replies.NotAnswered(identity, run, progress, answers);
    }

    private static bool IsExecuted(GroupAnswer answer) => answer is { Kind: GroupAnswerKind.Replied, Reply.Outcome.IsDone: true };

    /// <summary>Whether a group had no room for it.</summary>
    private static bool IsRefused(GroupAnswer answer) => answer is { Kind: GroupAnswerKind.Overloaded } or { Kind: GroupAnswerKind.Replied, Reply.Kind: CommandReplyKind.SessionsFull };

    /// <summary>Whether a group surely has not got it from this gateway.</summary>
    private static bool IsNotTaken(GroupAnswer answer) => answer.Kind == GroupAnswerKind.Unavailable || IsRefused(answer);

    private void Take(in GroupAnswer answer)
    {
        if (!IsExecuted(answer))
        {
            return;
        }

        foreach (var settled in MulticastCall.ReadResults(answer.Reply.Outcome!))
        {
            run.Settle(settled.Step, CompositeLanguage.ToEnd(settled.Result));
            progress.Add(run.Call.PlanSteps[settled.Step], settled, answer);
        }
    }
}
