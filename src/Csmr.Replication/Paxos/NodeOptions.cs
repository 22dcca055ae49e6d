namespace Csmr.Replication.Paxos;

/// <summary>A member of a group.</summary>
/// <param name="Id">Its id.</param>
/// <param name="IsWitness">Whether it votes and keeps the log but neither executes nor leads.</param>
/// <param name="IsLearner">Whether it only learns: it keeps the log, and its votes do not count.</param>
/// <param name="Node">The name of the silo that it runs on.</param>
public sealed record Member(ReplicaId Id, bool IsWitness = false, bool IsLearner = false, string Node = "");

/// <summary>What a node must know from the start. The same at every replica of a group but for <see cref="Self"/>, <see cref="Incarnation"/> and <see cref="Seed"/>.</summary>
public sealed record NodeOptions
{
    /// <summary>The cluster's name: a disk of another cluster is refused.</summary>
    public required string Cluster { get; init; }

    /// <summary>The group.</summary>
    public required GroupId Group { get; init; }

    /// <summary>This replica.</summary>
    public required ReplicaId Self { get; init; }

    /// <summary>The members that the group is formed with, in order of their ids 0 … n - 1.</summary>
    public required IReadOnlyList<Member> Members { get; init; }

    /// <summary>For a replica that joins a formed group: what it begins with; null at all others.</summary>
    public JoinTicket? Joins { get; init; }

    /// <summary>A number that no other disk has, drawn by the host: becomes the replica's incarnation if its disk is new.</summary>
    public required ulong Incarnation { get; init; }

    /// <summary>The seed of the election time-outs: any number, different at each replica.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Ticks between two heartbeats of a leader.</summary>
    public int HeartbeatTicks { get; init; } = 2;

    /// <summary>Ticks without a leader after which a replica may stand for election, at least. Also how long a leader goes on without a quorum.</summary>
    public int ElectionTicksMin { get; init; } = 20;

    /// <summary>The same, at most (not reached).</summary>
    public int ElectionTicksMax { get; init; } = 40;

    /// <summary>Ticks without progress after which entries are sent to a peer again.</summary>
    public int ResendTicks { get; init; } = 6;

    /// <summary>Messages with entries in flight to one peer, at most; with <see cref="MessageBytesMax"/> this bounds the bytes.</summary>
    public int PeerMessagesInFlightMax { get; init; } = 16;

    /// <summary>Bytes of entries in one message, at most (a single larger entry goes alone).</summary>
    public int MessageBytesMax { get; init; } = 256 << 10;

    /// <summary>Bytes of proposals put into one entry, at most (a single larger proposal goes alone).</summary>
    public int EntryBytesMax { get; init; } = 256 << 10;

    /// <summary>Slots proposed and not yet chosen, at most: beyond that proposals gather into one entry.</summary>
    public int SlotsInFlightMax { get; init; } = 8;

    /// <summary>Bytes of proposals waiting for a slot, at most: beyond that they are refused as overload.</summary>
    public int QueueBytesMax { get; init; } = 16 << 20;

    /// <summary>Rounds of read confirmation in flight, at most: beyond that reads gather for the next one.</summary>
    public int ReadRoundsInFlightMax { get; init; } = 4;

    /// <summary>Slots between two durable hints of how far the log is chosen.</summary>
    public int ChosenHintSlots { get; init; } = 64;

    /// <summary>Bytes of entries kept in memory though a snapshot covers them, at most: a peer that is behind needs no snapshot to get them.</summary>
    public long RetainedBytesMax { get; init; } = 8 << 20;

    /// <summary>This replica's newest published snapshot; null for none.</summary>
    public SnapshotStart? Snapshot { get; init; }

    /// <summary>Slots that a learner may be behind when it is to vote, at most.</summary>
    public int LearnerLagSlotsMax { get; init; } = 256;

    /// <summary>Whether this replica is a witness: of the members that the group is formed with, what they say.</summary>
    public bool IsWitness
    {
        get => field || (Self.Ordinal < Members.Count && Members[Self.Ordinal].IsWitness);
        init;
    }
}

/// <summary>Where a replica goes on that has a snapshot.</summary>
/// <param name="Slot">The snapshot's slot.</param>
/// <param name="Configuration">The configuration that holds behind it, packed; empty for the one that the group was formed with.</param>
public readonly record struct SnapshotStart(Slot Slot, ReadOnlyMemory<byte> Configuration);

/// <summary>What a replica that joins a group begins with; it is a learner that has nothing.</summary>
/// <param name="Incarnations">The incarnations that the group was formed with.</param>
/// <param name="Configuration">The configuration that the group was formed with.</param>
public sealed record JoinTicket(ulong[] Incarnations, GroupConfiguration Configuration)
{
    /// <summary>Packs it.</summary>
    /// <returns>The bytes.</returns>
    public byte[] Pack()
    {
        var writer = new WireWriter(128);
        Write(writer);
        return writer.ToArray();
    }

    /// <summary>Reads what <see cref="Pack"/> wrote.</summary>
    /// <param name="packed">The bytes.</param>
    /// <returns>The ticket.</returns>
    /// <exception cref="WireFormatException">The bytes are no ticket.</exception>
    public static JoinTicket Read(ReadOnlyMemory<byte> packed)
    {
        var reader = new WireReader(packed);
        var ticket = Read(ref reader);
        reader.End();
        return ticket;
    }

    internal static JoinTicket Read(ref WireReader reader)
    {
        var configuration = GroupConfiguration.Read(ref reader);
        return new JoinTicket(MessageCodec.ReadIncarnations(ref reader), configuration);
    }

    internal void Write(WireWriter writer)
    {
        Configuration.Write(writer);
        MessageCodec.WriteIncarnations(writer, Incarnations);
    }
}
