using Csmr.Replication.Paxos;

namespace Csmr.Grains.Replicas;

/// <summary>
/// Finds out soon when the leader's process is gone: a leader that is silent for longer than its heartbeats take is asked how it is. Where
/// nobody listens any more the question comes back at once, and the node is told. A process that stands still, and a network that
/// swallows the question, are left to the election time (L2). Used within the log grain's turns only.
/// </summary>
/// <param name="peers">The other replicas.</param>
/// <param name="silence">The silence after which the leader is asked.</param>
/// <param name="suspect">Told who is gone.</param>
internal sealed class LeaderCheck(PeerLinks peers, TimeSpan silence, Action<ReplicaId> suspect)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(300);

    private bool _isAsking;

    /// <summary>Time goes on.</summary>
    /// <param name="status">The node's state.</param>
    public void Tick(in NodeStatus status)
    {
        if (!_isAsking && status is { Role: NodeRole.Follower or NodeRole.PreCandidate, Leader: { } leader } && peers.SilenceOf(leader) > silence)
        {
            _isAsking = true;
            _ = AskAsync(leader);
        }
    }

    private async Task AskAsync(ReplicaId leader)
    {
        if (await peers.IsGoneAsync(leader, Patience))
        {
            suspect(leader);
        }

        _isAsking = false;
    }
}
