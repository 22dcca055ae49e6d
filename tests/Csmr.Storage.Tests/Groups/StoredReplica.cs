using Csmr.Replication.Machine;
using Csmr.Replication.Paxos;
using Csmr.Replication.Ports;
using Csmr.Storage.Snapshots;
using Csmr.Storage.Tests.Disks;
using Csmr.TestKit.Simulation;

namespace Csmr.Storage.Tests.Groups;

/// <summary>One replica of a group, on the product's journal and snapshots over a simulated disk. A host in small: one step after the other.</summary>
internal sealed class StoredReplica
{
    private static readonly GroupId Group = new("group");

    private readonly SegmentedJournal _journal;
    private readonly SnapshotStore _store;
    private readonly PaxosNode _node;
    private readonly Dictionary<long, CommandReply> _replies = [];
    private ReplicatedMachine _machine = NewMachine();
    private IIncomingSnapshot? _incoming;

    /// <summary>Starts one from its disk.</summary>
    /// <param name="ordinal">Its number.</param>
    /// <param name="count">The number of replicas.</param>
    /// <param name="disk">Its disk.</param>
    /// <exception cref="JournalCorruptException">The disk is damaged.</exception>
    /// <exception cref="DataDirectoryException">The disk is damaged.</exception>
    public StoredReplica(int ordinal, int count, SimulatedDisk disk)
    {
        _journal = Journals.OpenByHand(disk, Journals.Small with { Node = $"n{ordinal}" });
        _store = Tests.Snapshots.OpenByHand(disk);
        var options = new NodeOptions
        {
            Cluster = Journals.Small.Cluster,
            Group = Group,
            Self = new ReplicaId(ordinal),
            Members = [.. Enumerable.Range(0, count).Select(static number => new Member(new ReplicaId(number)))],
            Incarnation = (ulong)(1000 + ordinal),
            Seed = (ulong)ordinal,
            Snapshot = _store.Find(Group) is { } newest ? new SnapshotStart(newest.Slot, default) : null,
            RetainedBytesMax = 0,
        };
        _node = new PaxosNode(options, _journal.Recover(Group));
        Pump();
    }

    /// <summary>Messages that wait to be carried.</summary>
    public Queue<Envelope> Outgoing { get; } = new();

    /// <summary>What its node does.</summary>
    public NodeStatus Status => _node.Status;

    /// <summary>How far it has executed.</summary>
    public Slot AppliedUpTo => _machine.AppliedUpTo;

    /// <summary>The digest of its state.</summary>
    public ulong Digest => _machine.Digest();

    /// <summary>The slot of its newest snapshot.</summary>
    public Slot SnapshotSlot => _store.Find(Group)?.Slot ?? Slot.None;

    /// <summary>Time goes on.</summary>
    public void Tick(HostTime now) => Step(() => _node.Tick(now));

    /// <summary>A message arrives.</summary>
    public void Receive(int from, Message message) => Step(() => _node.Receive(new ReplicaId(from), MessageCodec.Read(MessageCodec.Pack(message))));

    /// <summary>Proposes a batch.</summary>
    public void Propose(long token, byte[] batch, HostTime now) => Step(() => _node.Propose(token, batch, now));

    /// <summary>The reply to a proposal; null while there is none.</summary>
    public CommandReply? ReplyOf(long token) => _replies.TryGetValue(token, out var reply) ? reply : null;

    /// <summary>What a register holds here.</summary>
    public long Read(string key)
    {
        var (invocation, batch) = (new WireWriter(), new WireWriter());
        new Invocation(RegisterMachineType.Operations[0], [Value.Of(key), Value.Of(0)]).Write(invocation);
        CommandBatch.WriteReads([invocation.ToArray()], batch);
        return CommandBatch.ReadReplies(_machine.Read(batch.ToArray()), 1)[0].Outcome!.Fields[0].AsLong();
    }

    /// <summary>Takes a snapshot.</summary>
    public void Snapshot()
    {
        var view = _machine.Capture();
        var saved = _store.SaveAsync(Group, view.Slot, view.Write).GetAwaiter().GetResult();
        Step(() => _node.Compact(saved.Slot));
    }

    /// <summary>Stops in order.</summary>
    public void Close() => RoundTripTests.Close(_journal);

    private static ReplicatedMachine NewMachine() =>
        new(RegisterMachineType.Instance, MachineSettings.Defaults(RegisterMachineType.Instance.Definition));

    private void Step(Action step)
    {
        step();
        Pump();
    }

    private void Pump()
    {
        var effects = _node.Effects;
        while (!effects.IsEmpty)
        {
            var (upTo, start, hasRecords) = (effects.RecordsUpTo, effects.Base, effects.Records.Count > 0);
            var flush = _journal.AppendAsync(Group, effects.Records);
            effects.Messages.ForEach(Outgoing.Enqueue);
            Execute(effects);
            var (reads, writes) = (effects.SnapshotReads.ToArray(), effects.SnapshotWrites.ToArray());
            effects.Clear();
            if (hasRecords)
            {
                while (_journal.WriteQueued())
                {
                }

                Assert.True(flush.IsCompletedSuccessfully);
                _node.Persisted(upTo);
                _store.Forget(Group, start);
            }

            Array.ForEach(reads, Send);
            Array.ForEach(writes, Take);
        }
    }

    private void Execute(Effects effects)
    {
        if (effects.Restore > Slot.None)
        {
            _machine = NewMachine();
            _machine.Restore(_store.Load(_store.Find(Group, effects.Restore)!.Value));
        }

        foreach (var delivery in effects.Deliveries)
        {
            var replies = new List<byte[]>();
            _machine.Apply(delivery.Slot, delivery.Entry, replies);
            for (var i = 0; i < delivery.Tokens.Count; i++)
            {
                _replies[delivery.Tokens[i]] = CommandBatch.ReadReplies(replies[i], 1)[0];
            }
        }
    }

    // As the product does, a snapshot is taken for whoever needs a newer one than there is.
    private void Send(SnapshotRead read)
    {
        if (SnapshotSlot < read.Ask.AtLeast && AppliedUpTo >= read.Ask.AtLeast)
        {
            Snapshot();
        }

        var found = _store.Find(Group);
        var part = new SnapshotPart(Slot.None, 0, 0, default);
        if (found is { } snapshot && snapshot.Slot >= read.Ask.AtLeast)
        {
            var offset = snapshot.Slot == read.Ask.Slot ? read.Ask.Offset : 0;
            part = new SnapshotPart(snapshot.Slot, snapshot.FileBytes, offset, _store.ReadPart(Group, snapshot.Slot, offset, 512));
        }

        Outgoing.Enqueue(new Envelope(read.To, part));
    }

    private void Take(SnapshotPart part)
    {
        _incoming = part.Offset == 0 ? _store.Receive(Group, part.Slot, part.TotalBytes) : _incoming!;
        if (_incoming.Offset == part.Offset)
        {
            _incoming.Append(part.Offset, part.Bytes.Span);
        }

        if (_incoming.Offset < part.TotalBytes)
        {
            _node.SnapshotReceived(part.Slot, _incoming.Offset);
        }
        else
        {
            _incoming.Publish();
            _node.Install(new SnapshotStart(part.Slot, default));
        }
    }
}
