using Csmr.Replication.Multicast;
using Csmr.Replication.Paxos;
using Csmr.Replication.Ports;

namespace Csmr.Replication.Machine;

/// <summary>
/// The deterministic layer between a group's log and its state machine: time, sessions, the order of composite operations, then
/// the machine. One instance is one executing replica's state; not thread-safe.
/// </summary>
public sealed class ReplicatedMachine
{
    /// <summary>The format of the snapshots that this program writes, and the only one that it reads.</summary>
    public const byte SnapshotFormat = 3;

    private readonly Executor _executor;
    private readonly SessionLimits _limits;
    private readonly GroupId _group;
    private readonly ICompositeLanguage? _language;
    private readonly WireWriter _writer = new(1024);
    private KnownConfiguration _configuration;
    private SessionTable _sessions;
    private AtomicMulticast _multicast;

    /// <summary>Makes one in its first state.</summary>
    /// <param name="type">The type of the state machine.</param>
    /// <param name="settings">Its settings.</param>
    /// <param name="limits">The bounds of the session table, the same at every replica.</param>
    /// <param name="group">The group's name, for composite operations.</param>
    /// <param name="language">Understands composite operations; null where there are none.</param>
    public ReplicatedMachine(
        IStateMachineType type, MachineSettings settings, SessionLimits? limits = null, GroupId group = default, ICompositeLanguage? language = null)
    {
        (_limits, _group, _language) = (limits ?? new SessionLimits(), group, language);
        _executor = new Executor(type, settings);
        (_sessions, _multicast) = Begin();
    }

    /// <summary>The last applied slot.</summary>
    public Slot AppliedUpTo { get; private set; }

    /// <summary>The entry time: the largest stamp of all applied entries.</summary>
    public long TimeMs { get; private set; }

    /// <summary>The number of commands that met a defect of the state machine.</summary>
    public long Faults => _executor.Faults;

    /// <summary>
    /// The answers of requests that were answered <see cref="CommandReplyKind.Waiting"/> before and were released by the entry
    /// applied last.
    /// </summary>
    public IReadOnlyList<(RequestId Id, CommandReply Reply)> Released => _multicast.Released;

    /// <summary>The composite operations that this group has met and that are not exposed yet, in the order in which they came.</summary>
    public IEnumerable<PendingComposite> Pending => _multicast.Pending.Select(static composite =>
        new PendingComposite(composite.Command.Id, composite.Call.Destinations, composite.SinceMs, composite.IsFinal, composite.IsExecuted));

    /// <summary>The number of exchanges of words about composite operations that are not closed here: 0 at rest.</summary>
    public int OpenRounds => _multicast.OpenRounds;

    /// <summary>Whether a proposal of an entry holds messages of another group (else it holds commands).</summary>
    /// <param name="proposal">The proposal.</param>
    /// <returns>Whether it does.</returns>
    public static bool IsOfChannel(ReadOnlyMemory<byte> proposal) => Channels.IsBatch(proposal);

    /// <summary>Applies the next chosen entry.</summary>
    /// <param name="slot">Its slot: the one after <see cref="AppliedUpTo"/>.</param>
    /// <param name="entry">The entry.</param>
    /// <param name="replies">
    /// Where the replies of each proposal go: to a batch of commands one packed batch (see <see cref="CommandBatch.ReadReplies"/>), to
    /// a batch of a channel how far it was received (see <see cref="ReadReceived"/>); null where nobody waits.
    /// </param>
    public void Apply(Slot slot, Entry entry, List<byte[]>? replies)
    {
        Invariant.Require(slot == AppliedUpTo.Next, "A4");
        AppliedUpTo = slot;
        TimeMs = Math.Max(TimeMs, entry.TimeMs);
        _configuration = _configuration.After(entry);
        _sessions.Expire(TimeMs);
        _multicast.Released.Clear();
        _multicast.BeginEntry(slot, TimeMs);
        foreach (var proposal in entry.Proposals)
        {
            _writer.Clear();
            if (Channels.IsBatch(proposal))
            {
                Receive(proposal);
            }
            else
            {
                Submit(proposal, replies is not null);
            }

            replies?.Add(_writer.ToArray());
        }
    }

    /// <summary>Answers reads on the present state.</summary>
    /// <param name="batch">A batch of <see cref="CommandBatch.WriteReads"/>.</param>
    /// <returns>The packed replies, in order; none where the bytes are no such batch.</returns>
    public byte[] Read(ReadOnlyMemory<byte> batch)
    {
        _writer.Clear();
        foreach (var packed in ReadsOf(batch))
        {
            if (_multicast.MustBeOrdered(packed))
            {
                CommandBatch.WriteReply(new CommandReply(CommandReplyKind.MustBeOrdered, Slot.None, null), _writer);
                continue;
            }

            var outcome = _executor.Execute(packed, new ApplyContext(AppliedUpTo, TimeMs, SessionId.None), isRead: true);
            CommandBatch.WriteReply(new CommandReply(CommandReplyKind.Executed, AppliedUpTo, outcome), _writer);
        }

        return _writer.ToArray();
    }

    /// <summary>How a request stands.</summary>
    /// <param name="id">The request.</param>
    /// <returns>Its answer, or <see cref="CommandReplyKind.Waiting"/>; null where nothing is known of it.</returns>
    public CommandReply? Find(RequestId id) => _multicast.Find(id);

    /// <summary>The groups for which messages lie in the outbox, with the numbers of the oldest and the newest one.</summary>
    /// <param name="into">Where to.</param>
    public void Outgoing(List<(GroupId To, long Oldest, long Newest)> into) => _multicast.Channels.Outgoing(into);

    /// <summary>Hands over the cuts that were made since (R1). They are not part of the replicated state: each replica has its own.</summary>
    /// <returns>Them.</returns>
    public IReadOnlyList<StateCut> TakeCuts()
    {
        if (_executor.Cuts.Count == 0)
        {
            return [];
        }

        StateCut[] cuts = [.. _executor.Cuts];
        _executor.Cuts.Clear();
        return cuts;
    }

    /// <summary>Packs messages to another group, as a proposal for that group's log.</summary>
    /// <param name="to">The group.</param>
    /// <param name="after">The number of the last message that it is known to have received.</param>
    /// <param name="bytesMax">Bytes of messages, at most (a larger one goes alone).</param>
    /// <returns>The proposal.</returns>
    public byte[] PackOutgoing(GroupId to, long after, int bytesMax) => _multicast.Channels.Pack(to, after, bytesMax);

    /// <summary>Packs, as a proposal for this group's own log, that another group has received messages: they leave the outbox.</summary>
    /// <param name="by">The other group.</param>
    /// <param name="upTo">The number of the last message that it has received.</param>
    /// <returns>The proposal.</returns>
    public static byte[] PackReceived(GroupId by, long upTo) => Channels.PackReceived(by, upTo);

    /// <summary>Reads the reply to a proposal of <see cref="PackOutgoing"/>.</summary>
    /// <param name="reply">The reply.</param>
    /// <returns>The number of the last message that the group has received.</returns>
    /// <exception cref="WireFormatException">The bytes are no such reply.</exception>
    public static long ReadReceived(ReadOnlyMemory<byte> reply)
    {
        var reader = new WireReader(reply);
        var received = reader.Number();
        reader.End();
        return received;
    }

    /// <summary>
    /// The whole replicated state as of now, to be written off turn while this goes on. Costs what the operations that have a place
    /// in the order and the messages in outboxes take to write; sessions are copied when they are changed, and the machine's own
    /// state is its own matter (<see cref="IStateMachine.Capture"/>).
    /// </summary>
    /// <returns>The state: the same bytes at every replica that has applied the same slots.</returns>
    public MachineView Capture()
    {
        var writer = new WireWriter(1024);
        _multicast.Snapshot(writer);
        return new MachineView(new ViewHead(AppliedUpTo, TimeMs, _configuration.Packed), _sessions.Capture(), writer, _executor.CaptureStaged(), _executor.Capture());
    }

    /// <summary>Replaces the whole state by one that was captured, in an instance just made. Of what it was before nothing is left.</summary>
    /// <param name="snapshot">What <see cref="MachineView.Write"/> wrote.</param>
    /// <exception cref="WireFormatException">The bytes are no snapshot of such a machine. The instance must not be used any more.</exception>
    public void Restore(ReadOnlyMemory<byte> snapshot)
    {
        var reader = new WireReader(snapshot);
        var head = ViewHead.Read(ref reader);
        (_sessions, _multicast) = Begin();
        _sessions.Restore(ref reader);
        _multicast.Restore(ref reader);
        _executor.Restore(snapshot, ref reader);
        (AppliedUpTo, TimeMs, _configuration) = (head.Slot, head.TimeMs, KnownConfiguration.Read(head.Configuration));
    }

    /// <summary>A digest of the whole replicated state: equal at equal applied slots on all replicas (A4).</summary>
    /// <returns>The digest of what <see cref="Capture"/> gives.</returns>
    public ulong Digest() => Capture().Digest();

    private (SessionTable Sessions, AtomicMulticast Multicast) Begin()
    {
        var sessions = new SessionTable(_limits);
        return (sessions, new AtomicMulticast(_group, _executor, sessions, _language, _limits.PendingMax));
    }

    private void Submit(ReadOnlyMemory<byte> proposal, bool isAwaited)
    {
        foreach (var command in CommandsOf(proposal))
        {
            var reply = _multicast.Submit(command);
            if (isAwaited)
            {
                CommandBatch.WriteReply(reply, _writer);
            }
        }
    }

    private void Receive(ReadOnlyMemory<byte> proposal)
    {
        try
        {
            _writer.VarUInt((ulong)_multicast.Receive(proposal));
        }
        catch (WireFormatException)
        {
            // Can only come from a defect of another group's replica: nothing of it was taken.
            _writer.VarUInt(0);
        }
    }

    /// <summary>The invocations of a batch of reads. Bytes that are none can only come from a defect of a gateway: nothing is answered.</summary>
    private static ReadOnlyMemory<byte>[] ReadsOf(ReadOnlyMemory<byte> batch)
    {
        try
        {
            return CommandBatch.ReadReads(batch);
        }
        catch (WireFormatException)
        {
            return [];
        }
    }

    /// <summary>The commands of a proposal. Bytes that are none can only come from a defect of a gateway: nothing is executed.</summary>
    private static Command[] CommandsOf(ReadOnlyMemory<byte> proposal)
    {
        try
        {
            return CommandBatch.Read(proposal);
        }
        catch (WireFormatException)
        {
            return [];
        }
    }
}

/// <summary>A composite operation that is not exposed yet, as one of its groups sees it.</summary>
/// <param name="Id">The request.</param>
/// <param name="Destinations">Its groups.</param>
/// <param name="SinceMs">The group's time when it met the operation.</param>
/// <param name="IsFinal">Whether all groups have proposed timestamps.</param>
/// <param name="IsExecuted">Whether this group's steps are done.</param>
public readonly record struct PendingComposite(RequestId Id, IReadOnlyList<GroupId> Destinations, long SinceMs, bool IsFinal, bool IsExecuted);
