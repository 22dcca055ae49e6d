using Csmr.Grains.Replicas.Membership;
using Csmr.Replication.Paxos;

namespace Csmr.Grains.Replicas;

/// <content>Administration: who belongs to the group, who leads it, and cuts of its state.</content>
internal sealed partial class PaxosLogGrain
{
    private static readonly TimeSpan HandOverPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RemovalPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan HandOverPause = TimeSpan.FromMilliseconds(10);

    /// <inheritdoc/>
    public async Task HandOverAsync(string? to)
    {
        var begun = clock.GetTimestamp();
        var successor = _node?.Configuration.Members.FirstOrDefault(member => string.Equals(member.Node, to, StringComparison.Ordinal))?.Id;
        while (_node is { Status.Role: NodeRole.Leader } && clock.GetElapsedTime(begun) < HandOverPatience)
        {
            Step(node => node.HandOver(successor));
            await Task.Delay(HandOverPause, clock);
        }

        if (!local.IsStopping)
        {
            Step(static node => node.KeepLeadership());
        }
    }

    /// <inheritdoc/>
    public async Task<ChangeReply> ChangeAsync(MemberChange change)
    {
        if (_members is null || _node is not { } node)
        {
            return new ChangeReply(ChangeOutcome.NotLeader);
        }

        if (change.Removed == node.Options.Self.Ordinal)
        {
            // It cannot decide that it goes itself: the next leader does.
            await HandOverAsync(to: null);
        }

        var reply = await _members.ChangeAsync(change);
        return reply.Outcome == ChangeOutcome.NotLeader ? reply with { Leader = _runner?.LeaderNode() } : reply;
    }

    /// <inheritdoc/>
    public Task<CutPart> ReadCutAsync(string id, long part) => Task.Run(() => local.Cuts.Read(_group.Id, id, part));

    /// <inheritdoc/>
    public Task HoldCutAsync(string id, bool isWanted)
    {
        local.Cuts.Hold(_group.Id, id, isWanted);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task<string?> JoinAsync(int id, bool isWitness, byte[] ticket)
    {
        if (_node?.Options.Self.Ordinal == id)
        {
            return null;
        }

        var begun = clock.GetTimestamp();
        while (_node is { } known && IsInGroup(known))
        {
            if (clock.GetElapsedTime(begun) > RemovalPatience)
            {
                return $"node {local.Silo} has replica {known.Options.Self} of the group, which is {NameOf(known.Status.Role)} and has not heard yet that it was removed: try again";
            }

            await Task.Delay(HandOverPause, clock);
        }

        if (_node is null && !_isAbsent)
        {
            return $"node {local.Silo} has a replica of the group that does not run{(_stopped is null ? " yet" : $": {_stopped}")}";
        }

        // What a replica that was removed has accepted is of use to the one that comes (its state is not: a witness may come, or go).
        var relics = _node?.Relics() ?? [];
        _isAbsent = false;
        _runner?.Stop();
        _execution?.Stop();
        _node = null;
        if (_executor is not null)
        {
            await _executor.ResetAsync();
        }

        await RunAsync(new ReplicaId(id), isWitness, relics, JoinTicket.Read(ticket));
        begun = clock.GetTimestamp();
        while (_node is { Status.Role: NodeRole.Forming } && clock.GetElapsedTime(begun) < HandOverPatience)
        {
            await Task.Delay(HandOverPause, clock);
        }

        return _node is { Status.Role: not NodeRole.Forming } ? null : $"node {local.Silo} could not write: {_stopped ?? "its disk is slow"}";
    }

    /// <summary>
    /// As far as the replica knows: one that was removed hears of it from those whom it asks for votes. One that a manifest with other nodes
    /// has put here, while the group was formed without it, waits in vain: it gives way, since whoever wants a replica here belongs to the formed group.
    /// </summary>
    private static bool IsInGroup(PaxosNode node) => node.Status.Role switch
    {
        NodeRole.Removed or NodeRole.Outcast => false,
        NodeRole.Forming => node.Options.Joins is not null,
        _ => node.Configuration.Find(node.Options.Self) is not null,
    };
}
