using Csmr.Replication.Paxos;

namespace Csmr.Replication.Machine;

/// <summary>
/// The deterministic layer between a group's log and its state machine: sessions, then the machine (DESIGN: the
/// replicated layer of a group). One instance is one executing replica's state; not thread-safe.
/// </summary>
public sealed class ReplicatedMachine
{
    /// <summary>Makes one in its first state.</summary>
    /// <param name="type">The type of the state machine.</param>
    /// <param name="settings">Its settings.</param>
    /// <param name="limits">The bounds of the session table, the same at every replica.</param>
    public ReplicatedMachine(IStateMachineType type, MachineSettings settings, SessionLimits? limits = null)
    {
        _ = type;
        _ = settings;
        _ = limits;
    }

    /// <summary>The last applied slot.</summary>
    public Slot AppliedUpTo { get; private set; }

    /// <summary>Applies the next chosen entry.</summary>
    /// <param name="slot">Its slot: the one after <see cref="AppliedUpTo"/>.</param>
    /// <param name="entry">The entry.</param>
    /// <param name="replies">Where the replies of each proposal go, one packed batch for each (see <see cref="CommandBatch.ReadReplies"/>); null where nobody waits.</param>
    public void Apply(Slot slot, Entry entry, List<byte[]>? replies)
    {
        _ = entry;
        _ = replies;
        AppliedUpTo = slot;
    }

    /// <summary>Answers reads on the present state.</summary>
    /// <param name="batch">A batch of <see cref="CommandBatch.WriteReads"/>.</param>
    /// <returns>The packed replies, in order.</returns>
    public byte[] Read(ReadOnlyMemory<byte> batch) => batch.ToArray();

    /// <summary>A digest of the whole replicated state: equal at equal applied slots on all replicas (A4).</summary>
    /// <returns>64 bits.</returns>
    public ulong Digest() => 0;
}

/// <summary>Bounds of the session table of a group.</summary>
public sealed record SessionLimits
{
    /// <summary>Kept results of all sessions together, at most.</summary>
    public int ResultsMax { get; init; } = 2_000_000;

    /// <summary>How far in the future a request's expiry may lie, in milliseconds: what is later is cut to this.</summary>
    public long RetentionMsMax { get; init; } = 24L * 3600 * 1000;
}
