using Csmr.Replication.Ports;

namespace Csmr.Replication.Paxos;

/// <summary>
/// One replica of a Multi-Paxos group (acceptor, learner, and proposer when it leads) as pure code: each method is one
/// step; what is to be done appears in <see cref="Effects"/>. No clock, thread, task, file or network. Not thread-safe:
/// one step at a time, and the host takes the effects over before the next step.
/// </summary>
public sealed class PaxosNode
{
    /// <summary>Makes a node from what its disk holds.</summary>
    /// <param name="options">What it must know.</param>
    /// <param name="recovered">All durable records, in order; empty for a new disk.</param>
    /// <exception cref="InvalidOperationException">The disk is another replica's.</exception>
    public PaxosNode(NodeOptions options, IReadOnlyList<JournalRecord> recovered)
    {
        _ = recovered;
        Options = options;
    }

    /// <summary>What it was made with.</summary>
    public NodeOptions Options { get; }

    /// <summary>What the host has to do; cleared by the host.</summary>
    public Effects Effects { get; } = new();

    /// <summary>What it is doing.</summary>
    public NodeStatus Status => default;

    /// <summary>Time goes on by one tick. The first tick also hands out what is known as chosen from before a restart.</summary>
    /// <param name="timeMs">The host's clock, in milliseconds since 1970-01-01 UTC: used for stamps only, never for safety.</param>
    public void Tick(long timeMs) => _ = timeMs;

    /// <summary>A message has arrived.</summary>
    /// <param name="from">From whom.</param>
    /// <param name="message">The message.</param>
    public void Receive(ReplicaId from, Message message) => _ = message;

    /// <summary>Asks for a proposal to get a slot. It ends in <see cref="Effects.Deliveries"/> or in <see cref="Effects.GivenUp"/>.</summary>
    /// <param name="token">The host's name for it, unique while it is open, over reads too.</param>
    /// <param name="proposal">A packed batch of commands; not to be changed afterwards.</param>
    /// <param name="timeMs">The host's clock.</param>
    public void Propose(long token, ReadOnlyMemory<byte> proposal, long timeMs) => _ = token;

    /// <summary>Asks for a linearizable read. It ends in <see cref="Effects.ReadyReads"/> or in <see cref="Effects.GivenUp"/>.</summary>
    /// <param name="token">The host's name for it.</param>
    public void Read(long token) => _ = token;

    /// <summary>All records up to a number are durable.</summary>
    /// <param name="recordsUpTo">The number, from <see cref="Effects.RecordsUpTo"/>. Calls may come late and out of order.</param>
    public void Persisted(long recordsUpTo) => _ = recordsUpTo;

    /// <summary>The host wants to stop: hands leadership to an up-to-date peer, if this node leads. New proposals are given up from here on.</summary>
    public void HandOver()
    {
    }
}
