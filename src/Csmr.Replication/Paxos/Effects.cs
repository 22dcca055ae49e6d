using Csmr.Replication.Ports;

namespace Csmr.Replication.Paxos;

/// <summary>A message to be sent.</summary>
/// <param name="To">To whom.</param>
/// <param name="Message">The message.</param>
public readonly record struct Envelope(ReplicaId To, Message Message);

/// <summary>A chosen entry, handed out once, in slot order. Witnesses hand out none.</summary>
/// <param name="Slot">The slot.</param>
/// <param name="Entry">The entry; see <see cref="Paxos.Entry"/>.</param>
/// <param name="Tokens">
/// The tokens of this node's proposals in the entry, in the order of the proposals; empty where they came from another
/// leader (or an earlier leadership).
/// </param>
public readonly record struct Delivery(Slot Slot, Entry Entry, IReadOnlyList<long> Tokens);

/// <summary>Why a proposal or read was given up.</summary>
public enum GivenUpReason
{
    /// <summary>This replica does not lead. Nothing was proposed: <see cref="Certainty.NotDone"/>.</summary>
    NotLeader = 0,

    /// <summary>Too much is waiting. Nothing was proposed.</summary>
    Overloaded = 1,

    /// <summary>The leadership ended after the proposal got a slot: <see cref="Certainty.Unknown"/>.</summary>
    LeadershipLost = 2,
}

/// <summary>A proposal or read that this node gives up.</summary>
/// <param name="Token">Its token.</param>
/// <param name="Reason">Why.</param>
public readonly record struct GivenUp(long Token, GivenUpReason Reason);

/// <summary>A peer asks for a part of a snapshot's file: the host reads it and sends it, a <see cref="SnapshotPart"/>.</summary>
/// <param name="To">The peer.</param>
/// <param name="Ask">What it asks for.</param>
public readonly record struct SnapshotRead(ReplicaId To, SnapshotAsk Ask);

/// <summary>
/// What the host must do after a step of <see cref="PaxosNode"/>. Messages are in here only when they may leave: the node
/// itself holds back whatever depends on records that are not yet durable. So the host's law is short: append
/// <see cref="Records"/> in order and call <see cref="PaxosNode.Persisted"/> only when they are durable; hand out
/// <see cref="Restore"/>, then <see cref="Deliveries"/> in order, then <see cref="ReadyReads"/>; send <see cref="Messages"/> whenever it likes.
/// </summary>
public sealed class Effects
{
    /// <summary>Facts to append to the journal, in order.</summary>
    public List<JournalRecord> Records { get; } = [];

    /// <summary>The number of the last of <see cref="Records"/>, to be given to <see cref="PaxosNode.Persisted"/>.</summary>
    public long RecordsUpTo { get; internal set; }

    /// <summary>
    /// The slot of the last <see cref="JournalRecordKind.Base"/> among <see cref="Records"/>; <see cref="Slot.None"/> for none. When
    /// they are durable, and not before (S3), older snapshots of this replica are of no use.
    /// </summary>
    public Slot Base { get; internal set; }

    /// <summary>Messages to send.</summary>
    public List<Envelope> Messages { get; } = [];

    /// <summary>The slot of this replica's own snapshot that replaces the state, before any further delivery; <see cref="Slot.None"/> for nothing.</summary>
    public Slot Restore { get; internal set; }

    /// <summary>Parts of snapshots that peers ask for.</summary>
    public List<SnapshotRead> SnapshotReads { get; } = [];

    /// <summary>
    /// Parts of a snapshot's file to be written. The host answers each with <see cref="PaxosNode.SnapshotReceived"/>, the last one,
    /// when the snapshot is published, with <see cref="PaxosNode.Install"/>; or with <see cref="PaxosNode.SnapshotRejected"/>.
    /// </summary>
    public List<SnapshotPart> SnapshotWrites { get; } = [];

    /// <summary>Chosen entries to execute.</summary>
    public List<Delivery> Deliveries { get; } = [];

    /// <summary>Tokens of reads that may be executed on the state that all deliveries so far give.</summary>
    public List<long> ReadyReads { get; } = [];

    /// <summary>Proposals and reads given up.</summary>
    public List<GivenUp> GivenUp { get; } = [];

    /// <summary>Whether there is anything to do.</summary>
    public bool IsEmpty =>
        Records.Count == 0 && Messages.Count == 0 && Restore == Slot.None && SnapshotReads.Count == 0 && SnapshotWrites.Count == 0 && Deliveries.Count == 0 && ReadyReads.Count == 0 && GivenUp.Count == 0;

    /// <summary>Forgets all, done by the host when it has taken everything over.</summary>
    public void Clear()
    {
        Records.Clear();
        Base = Slot.None;
        Messages.Clear();
        Restore = Slot.None;
        SnapshotReads.Clear();
        SnapshotWrites.Clear();
        Deliveries.Clear();
        ReadyReads.Clear();
        GivenUp.Clear();
    }
}
