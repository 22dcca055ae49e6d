namespace Csmr.Replication.Paxos;

/// <content>Changes of the configuration (A7).</content>
internal sealed partial class Leadership
{
    private const int HeartbeatsMissedMax = 3;

    /// <summary>A change of the configuration is wanted.</summary>
    /// <param name="token">The host's name for it.</param>
    /// <param name="next">The next configuration.</param>
    /// <returns>Why not; null where it is proposed.</returns>
    public string? Change(long token, GroupConfiguration next)
    {
        if (WhyNot(next) is { } reason)
        {
            return reason;
        }

        (_change, _changeToken) = (_acceptor.Log.Last.Next, token);
        _acceptor.Accept(_change, Entry.Pack(_clock.ReadMs(), next));
        foreach (var peer in _others)
        {
            Replicate(peer, always: false);
        }

        return null;
    }

    /// <summary>The configuration that this ballot has proposed is chosen: from the next slot on its voters decide.</summary>
    private void Reconfigure()
    {
        var before = _others;
        _configuration = _acceptor.Configurations.Current;
        _others = Others();
        foreach (var id in before.Except(_others))
        {
            // It hears that it is done with; if not now, then when it asks for votes.
            SendAccept(id, _peers[id].Next ?? Slot.None.Next, []);
            _peers.Remove(id);
        }

        foreach (var id in _others)
        {
            Replicate(id, always: true);
        }

        Count();
    }

    private ReplicaId[] Others()
    {
        ReplicaId[] others = [.. _configuration.Members.Select(static member => member.Id).Where(id => id != _options.Self)];
        foreach (var id in others)
        {
            _peers.TryAdd(id, new PeerProgress());
        }

        return others;
    }

    /// <summary>How many voters of a configuration were heard within a time, this replica among them.</summary>
    private int HeardOf(GroupConfiguration configuration, int ticksMax) => configuration.Voters.Count(
        id => id == _options.Self || (_peers.TryGetValue(id, out var peer) && peer.SilenceTicks <= ticksMax));

    private string? WhyNot(GroupConfiguration next)
    {
        if (!IsServing || IsHandingOver)
        {
            return "the leader does not serve yet, or is about to go: try again";
        }

        if (_change > _acceptor.ChosenUpTo)
        {
            return "another change is under way: try again when it is done";
        }

        if (!next.Follows(_configuration))
        {
            return $"configuration {next.Number} does not follow {_configuration.Number}: one member changes at a time";
        }

        if (next.Find(_options.Self) is not { IsLearner: false, IsWitness: false })
        {
            return "the leader itself goes: hand the leadership over first";
        }

        foreach (var id in next.Voters)
        {
            if (!_configuration.IsVoter(id) && _peers[id].Reported.Number + _options.LearnerLagSlotsMax < _acceptor.ChosenUpTo.Number)
            {
                return $"replica {id} has the log up to slot {_peers[id].Reported} only, of {_acceptor.ChosenUpTo}: it can vote when it has caught up";
            }
        }

        // Who has not answered a few heartbeats may be gone: what an election waits for is too long to bet the quorum on.
        var heard = HeardOf(next, HeartbeatsMissedMax * _options.HeartbeatTicks);
        return heard >= next.Quorum
            ? null
            : $"the group would lose its quorum: {heard} of the {next.Voters.Count} voters answer, {next.Quorum} are needed";
    }
}
