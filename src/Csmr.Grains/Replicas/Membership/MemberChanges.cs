using Csmr.Composition.Plans;
using Csmr.Replication.Paxos;

namespace Csmr.Grains.Replicas.Membership;

/// <summary>
/// Changes the members of a group where its leader is: brings a new replica to life before the group hears of it, and lets a learner
/// vote when it has caught up, whoever has added it. Used within the log grain's turns only.
/// </summary>
/// <param name="node">The node.</param>
/// <param name="group">Its group.</param>
/// <param name="grains">Makes references.</param>
/// <param name="open">Who waits for answers.</param>
/// <param name="step">Takes a step of the node, and does what follows from it.</param>
/// <param name="now">The clocks.</param>
internal sealed class MemberChanges(
    PaxosNode node, GroupPlan group, IGrainFactory grains, OpenCalls open, Action<Action<PaxosNode>> step, Func<HostTime> now)
{
    /// <summary>More than the node lets a voter miss: so that one which went just before the request is known to be gone.</summary>
    private const int HeartbeatsWaited = 5;

    /// <summary>How often a change is proposed before it is refused: on a starved machine a voter that is well may miss some heartbeats.</summary>
    private const int TriesMax = 6;

    /// <summary>Ticks between two looks whether a learner may vote.</summary>
    private const int LookTicks = 20;

    private readonly List<(int Tick, TaskCompletionSource Came)> _waiting = [];
    private int _ticks;

    /// <summary>Makes a change.</summary>
    /// <param name="change">The change.</param>
    /// <returns>What came of it.</returns>
    public async Task<ChangeReply> ChangeAsync(MemberChange change)
    {
        var current = node.Configuration;
        if (!node.Status.IsServing)
        {
            return new ChangeReply(ChangeOutcome.NotLeader);
        }

        if (change.Removed is { } removed)
        {
            var id = new ReplicaId(removed);
            return current.Find(id) is null ? Refused($"the group has no replica {id}") : await ProposeAsync(current.Without(id), removed);
        }

        if (current.Members.FirstOrDefault(member => string.Equals(member.Node, change.Node, StringComparison.Ordinal)) is { } known)
        {
            return Refused($"node {change.Node} has replica {known.Id} of the group already: remove that one first");
        }

        var next = current.With(change.Node!, change.IsWitness);
        if (WhyNot(next) is { } reason || (reason = await JoinAsync(change, current.NextId)) is not null)
        {
            return Refused(reason);
        }

        return await ProposeAsync(next, current.NextId);
    }

    /// <summary>Time goes on: a learner that has caught up becomes a voter.</summary>
    public void Tick()
    {
        _ticks++;
        _ = _waiting.RemoveAll(waiting => waiting.Tick <= _ticks && waiting.Came.TrySetResult());
        if (_ticks % LookTicks == 0 && node.Status.IsServing && node.Configuration.Members.FirstOrDefault(static member => member.IsLearner) is { } learner)
        {
            _ = open.AddAsync([], out var token);
            if (node.Change(token, node.Configuration.WithVoter(learner.Id), now()) is not null)
            {
                open.End(token, GroupReply.NotLeader(null));
            }
        }
    }

    // C1: more voters execute than may be lost (f): one that executes is left then, and is in every quorum.
    private static string? WhyNot(GroupConfiguration next)
    {
        var voters = next.Members.Select(static member => member with { IsLearner = false }).ToArray();
        var executing = voters.Count(static member => !member.IsWitness);
        var lostMax = (voters.Length - 1) / 2;
        return executing > lostMax ? null : $"of {voters.Length} replicas, of which {lostMax} may be lost, only {executing} would execute: at least {lostMax + 1} must";
    }

    private static ChangeReply Refused(string reason) => new(ChangeOutcome.Refused, reason);

    private async Task<string?> JoinAsync(MemberChange change, int id)
    {
        try
        {
            var grain = grains.GetGrain<IPaxosLogGrain>(ReplicaKey.Of(change.Node!, group.Id));
            return await grain.JoinAsync(id, change.IsWitness, node.Ticket!.Pack());
        }
        catch (Exception cause)
        {
            // Nothing is changed yet: what was started there is no member, and is started again by the next try.
            return $"node {change.Node} does not answer: {cause.Message}";
        }
    }

    private Task TicksAsync(int ticks)
    {
        var came = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Add((_ticks + ticks, came));
        return came.Task;
    }

    private async Task<ChangeReply> ProposeAsync(GroupConfiguration next, int replica)
    {
        if (WhyNot(next) is { } rule)
        {
            return Refused(rule);
        }

        var answer = open.AddAsync([], out var token);
        string? reason = "the replica has stopped: ask the group's leader again";
        for (var left = TriesMax; reason is not null && left > 0; left--)
        {
            // In ticks, for that is what the node counts a voter's silence in: a starved machine has fewer of them in the same time.
            await TicksAsync(HeartbeatsWaited * node.Options.HeartbeatTicks);
            step(node => reason = node.Change(token, next, now()));
        }

        if (reason is not null)
        {
            open.End(token, GroupReply.NotLeader(null));
            return Refused(reason);
        }

        return (await answer).Kind == GroupReplyKind.Answered
            ? new ChangeReply(ChangeOutcome.Done, Replica: replica)
            : new ChangeReply(ChangeOutcome.Unknown);
    }
}
