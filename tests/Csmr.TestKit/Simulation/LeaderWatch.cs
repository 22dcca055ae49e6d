using Csmr.Replication.Paxos;

namespace Csmr.TestKit.Simulation;

/// <summary>
/// L2, by the ticks and messages of one replica: who hears its leader, and has no sign that it is gone, helps nobody to depose it, and a
/// leader that does not hear a quorum steps down.
/// </summary>
internal sealed class LeaderWatch
{
    private readonly GroupOracle _oracle;
    private readonly int _ordinal;

    /// <summary>For each replica, this one's ticks since a message of it arrived, or since this one began to lead.</summary>
    private readonly int[] _silences = new int[8];
    private int _ticksMax;
    private int _leaderSilence;
    private int _known;
    private bool _hasTicked;

    /// <summary>Makes one.</summary>
    /// <param name="oracle">Who reports.</param>
    /// <param name="ordinal">The replica.</param>
    public LeaderWatch(GroupOracle oracle, int ordinal) => (_oracle, _ordinal) = (oracle, ordinal);

    /// <summary>The replica starts: it has heard nobody, so it may vote for anybody.</summary>
    /// <param name="options">What its node knows.</param>
    public void Start(NodeOptions options)
    {
        _ticksMax = options.ElectionTicksMin;
        _leaderSilence = _ticksMax;
    }

    /// <summary>A message is about to arrive.</summary>
    /// <param name="from">From whom.</param>
    /// <param name="message">The message.</param>
    /// <param name="status">The node's state before.</param>
    public void Arrive(int from, Message message, in NodeStatus status)
    {
        _silences[from] = 0;
        if (message is Accept accept && accept.Ballot >= status.Promised && status.Role is not (NodeRole.Forming or NodeRole.Outcast))
        {
            _leaderSilence = 0;
        }
    }

    /// <summary>The host is about to say that it takes a replica's process for gone.</summary>
    /// <param name="other">The replica.</param>
    /// <param name="status">The node's state before.</param>
    public void Suspect(int other, in NodeStatus status)
    {
        if (status.Leader?.Ordinal == other)
        {
            _leaderSilence = _ticksMax;
        }
    }

    /// <summary>A tick is about to come.</summary>
    public void Tick()
    {
        _leaderSilence++;
        _hasTicked = true;
        for (var i = 0; i < _silences.Length; i++)
        {
            _silences[i]++;
        }
    }

    /// <summary>A message is about to leave.</summary>
    /// <param name="message">The message.</param>
    /// <param name="status">The node's state before the step.</param>
    public void Leave(Message message, in NodeStatus status)
    {
        if (message is PreVoteReply { IsGranted: true } && (_leaderSilence < _ticksMax || status.Role == NodeRole.Leader))
        {
            _oracle.Fail(
                "L2", $"r{_ordinal} would vote for another, {_leaderSilence} ticks after it heard its leader ({_ticksMax} must pass); it is {status.Role}");
        }
    }

    /// <summary>A step is done.</summary>
    /// <param name="before">The node's state before.</param>
    /// <param name="after">The node's state after.</param>
    /// <param name="configuration">The configuration that the node knows after.</param>
    public void Stepped(in NodeStatus before, in NodeStatus after, GroupConfiguration configuration)
    {
        foreach (var member in configuration.Members)
        {
            // Who is new is not silent yet.
            if (member.Id.Ordinal >= _known)
            {
                _silences[member.Id.Ordinal] = 0;
            }
        }

        _known = configuration.NextId;
        var hasTicked = _hasTicked;
        _hasTicked = false;
        if (after.Role != NodeRole.Leader)
        {
            return;
        }

        if (before.Role != NodeRole.Leader)
        {
            Array.Clear(_silences);
            return;
        }

        var heard = 0;
        foreach (var id in configuration.Voters)
        {
            heard += id.Ordinal == _ordinal || _silences[id.Ordinal] <= _ticksMax ? 1 : 0;
        }

        if (hasTicked && heard < configuration.Quorum)
        {
            _oracle.Fail("L2", $"r{_ordinal} goes on leading though it heard only {heard} voters in {_ticksMax} ticks");
        }
    }
}
