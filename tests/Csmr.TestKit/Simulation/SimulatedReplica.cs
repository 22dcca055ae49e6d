using Csmr.Replication.Paxos;
using Csmr.Replication.Ports;

namespace Csmr.TestKit.Simulation;

/// <summary>What happens around a replica: an engine.</summary>
internal interface IReplicaSurroundings
{
    /// <summary>Records were appended and wait to become durable.</summary>
    /// <param name="replica">The replica.</param>
    void Appended(SimulatedReplica replica);

    /// <summary>A chosen entry is to be executed.</summary>
    /// <param name="replica">The replica.</param>
    /// <param name="delivery">The entry.</param>
    void Delivered(SimulatedReplica replica, in Delivery delivery);

    /// <summary>A read is to be executed.</summary>
    /// <param name="replica">The replica.</param>
    /// <param name="token">Its token.</param>
    void ReadReady(SimulatedReplica replica, long token);

    /// <summary>A proposal or read is given up.</summary>
    /// <param name="replica">The replica.</param>
    /// <param name="givenUp">Which, and why.</param>
    void GivenUp(SimulatedReplica replica, in GivenUp givenUp);

    /// <summary>Parts of snapshots wait to be read or written.</summary>
    /// <param name="replica">The replica.</param>
    void FilesWait(SimulatedReplica replica)
    {
    }

    /// <summary>The state is replaced by a snapshot.</summary>
    /// <param name="replica">The replica.</param>
    /// <param name="slot">Its slot.</param>
    void Restored(SimulatedReplica replica, Slot slot)
    {
    }

    /// <summary>A message leaves.</summary>
    /// <param name="replica">The sender.</param>
    /// <param name="envelope">The message.</param>
    /// <returns>Whether the sender is still up: false where it crashes at this very send.</returns>
    bool Send(SimulatedReplica replica, in Envelope envelope);
}

/// <summary>
/// One replica: a node while it is up, its disk, and the host's law between them (append, flush, hand out, send). Planted
/// defects of a host sit here.
/// </summary>
internal sealed class SimulatedReplica
{
    private readonly IReplicaSurroundings _surroundings;
    private readonly GroupOracle _oracle;
    private readonly MessageAudit _audit;
    private readonly HostBug _bug;
    private readonly LeaderWatch _leaderWatch;
    private readonly List<Envelope> _tampered = [];
    private readonly Queue<SnapshotRead> _reads = new();
    private readonly Queue<SnapshotPart> _writes = new();
    private Ballot _staleBallot;
    private NodeStatus _status;

    /// <summary>Proposals and reads of this life that have not ended.</summary>
    private int _open;

    /// <summary>Makes one that is down.</summary>
    /// <param name="ordinal">Its number.</param>
    /// <param name="surroundings">The engine.</param>
    /// <param name="oracle">Who checks.</param>
    /// <param name="audit">Who checks messages.</param>
    /// <param name="bug">The planted defect.</param>
    public SimulatedReplica(int ordinal, IReplicaSurroundings surroundings, GroupOracle oracle, MessageAudit audit, HostBug bug)
    {
        Ordinal = ordinal;
        (_surroundings, _oracle, _audit, _bug) = (surroundings, oracle, audit, bug);
        _leaderWatch = new LeaderWatch(oracle, ordinal);
    }

    /// <summary>Its number.</summary>
    public int Ordinal { get; }

    /// <summary>Its node; null while it is down.</summary>
    public PaxosNode? Node { get; private set; }

    /// <summary>Its disk.</summary>
    public SimulatedDisk Disk { get; } = new();

    /// <summary>Its snapshots.</summary>
    public SimulatedSnapshots Snapshots { get; } = new();

    /// <summary>Whether the host has parts of snapshots to read or to write.</summary>
    public bool HasFileWork => _reads.Count + _writes.Count > 0;

    /// <summary>How often it was started.</summary>
    public int Life { get; private set; }

    /// <summary>Its node's state after the last step. By reference: it is large, and asked for at every step.</summary>
    public ref readonly NodeStatus Status => ref _status;

    /// <summary>Whether it is up.</summary>
    public bool IsUp => Node is not null;

    private AcceptorShadow Shadow => _oracle.Acceptors[Ordinal];

    /// <summary>Puts it back to before its first start, with records that are durable already.</summary>
    /// <param name="records">The records.</param>
    public void Reset(IReadOnlyList<JournalRecord> records)
    {
        Node = null;
        Life = 0;
        _status = default;
        _staleBallot = default;
        Disk.Reset(records);
        Snapshots.Reset();
        _reads.Clear();
        _writes.Clear();
        _oracle.Load(Ordinal, records);
    }

    /// <summary>Starts it from its disk.</summary>
    /// <param name="options">What its node must know.</param>
    public void Start(NodeOptions options)
    {
        Life++;
        _open = 0;
        var records = Disk.Recover();
        records = _bug switch
        {
            HostBug.PromisesForgotten => Array.FindAll(records, record => record.Kind != JournalRecordKind.Promised),
            HostBug.VotesForgotten => Array.FindAll(records, record => record.Kind != JournalRecordKind.Accepted),
            _ => records,
        };
        Node = new PaxosNode(options with { Snapshot = Snapshots.Newest > 0 ? StartAt(Snapshots.Newest) : null }, records);
        _leaderWatch.Start(options);
        Take();
    }

    /// <summary>Crashes it. Some of what was being written may survive.</summary>
    /// <param name="survivors">How many of the records not yet durable survive, oldest first.</param>
    public void Crash(int survivors)
    {
        var lost = Disk.Count - Disk.DurableCount - survivors;
        if (_bug == HostBug.HoleInTheJournal && survivors > 1)
        {
            Flush(Disk.DurableCount + survivors);
            Disk.RemoveAt(Disk.DurableCount - 2);
        }
        else
        {
            Flush(Disk.DurableCount + survivors);
        }

        System.Diagnostics.Debug.Assert(lost >= 0);
        Disk.Crash();
        Snapshots.Crash(keeps: survivors % 2 == 0);
        _reads.Clear();
        _writes.Clear();
        Shadow.Crash();
        Node = null;
        _status = default;
    }

    /// <summary>Empties the disk of a replica that is down.</summary>
    /// <param name="kept">The first records, which the planted defect keeps.</param>
    public void LoseDisk(IReadOnlyList<JournalRecord> kept)
    {
        Disk.Reset(_bug == HostBug.EmptiedDiskVotes ? kept : []);
        Snapshots.Reset();
        Shadow.IsLost = true;
    }

    /// <summary>A step of the node: time goes on.</summary>
    /// <param name="now">The host's clocks.</param>
    public void Tick(HostTime now)
    {
        _leaderWatch.Tick();
        Node!.Tick(now);
        Take();
    }

    /// <summary>A step of the node: a message arrives.</summary>
    /// <param name="from">From whom.</param>
    /// <param name="message">The message.</param>
    public void Receive(int from, Message message)
    {
        if (_bug == HostBug.AcceptedOfOldBallot && message is Accepted accepted && Status.Role == NodeRole.Leader)
        {
            message = accepted with { Ballot = Status.Promised };
        }

        _audit.Arrive(Ordinal, message);
        _leaderWatch.Arrive(from, message, Status);
        Node!.Receive(new ReplicaId(from), message);
        Take();
    }

    /// <summary>A step of the node: a proposal.</summary>
    /// <param name="token">Its token.</param>
    /// <param name="proposal">Its bytes.</param>
    /// <param name="now">The host's clocks.</param>
    public void Propose(long token, ReadOnlyMemory<byte> proposal, HostTime now)
    {
        _open++;
        Node!.Propose(token, proposal, now);
        Take();
    }

    /// <summary>A step of the node: a read.</summary>
    /// <param name="token">Its token.</param>
    public void Read(long token)
    {
        if (_bug == HostBug.ReadsWithoutQuorum && Status.IsServing)
        {
            _surroundings.ReadReady(this, token);
            return;
        }

        _open++;
        Node!.Read(token);
        Take();
    }

    /// <summary>A step of the node: another configuration is wanted.</summary>
    /// <param name="open">Opens a token for it, once it is clear that it is proposed.</param>
    /// <param name="next">The configuration.</param>
    /// <param name="now">The host's clocks.</param>
    public void Change(Func<long> open, GroupConfiguration next, HostTime now)
    {
        var token = open();
        _open++;
        if (Node!.Change(token, next, now) is not null)
        {
            _surroundings.GivenUp(this, new GivenUp(token, GivenUpReason.NotLeader));
            _open--;
        }

        Take();
    }

    /// <summary>A step of the node: its host takes another replica's process for gone.</summary>
    /// <param name="other">The other replica.</param>
    public void Suspect(int other)
    {
        _leaderWatch.Suspect(other, Status);
        Node!.Suspect(new ReplicaId(other));
        Take();
    }

    /// <summary>A step of the node: a planned hand-over.</summary>
    public void HandOver()
    {
        Node!.HandOver();
        Take();
    }

    /// <summary>The host saves a snapshot of what is executed, and the node hears of it.</summary>
    public void SaveSnapshot()
    {
        var slot = Shadow.Delivered;
        if (slot > 0)
        {
            Snapshots.Publish(slot);
            Node!.Compact(new Slot(slot));
            Take();
        }
    }

    /// <summary>A step of the node: it is asked to get a newer snapshot.</summary>
    public void FetchSnapshot()
    {
        Node!.FetchSnapshot();
        Take();
    }

    /// <summary>The host reads or writes one part of a snapshot.</summary>
    public void DoFileWork()
    {
        if (_reads.TryDequeue(out var read))
        {
            var envelope = new Envelope(read.To, Snapshots.Read(read.Ask));
            _audit.Leave(Ordinal, envelope);
            if (_surroundings.Send(this, envelope) && HasFileWork)
            {
                _surroundings.FilesWait(this);
            }
        }
        else if (_writes.TryDequeue(out var part))
        {
            var offset = Snapshots.Write(part);
            if (offset < part.TotalBytes)
            {
                Node!.SnapshotReceived(part.Slot, offset);
            }
            else
            {
                Node!.Install(StartAt(Snapshots.PublishReceived()));
            }

            Take();
        }
    }

    /// <summary>More of the disk is durable, and the node does not know yet.</summary>
    /// <param name="count">How many records in all.</param>
    public void Flush(int count)
    {
        for (var i = Disk.DurableCount; i < count; i++)
        {
            _oracle.Flush(Ordinal, Disk[i]);
            if (Disk[i].Kind == JournalRecordKind.Base)
            {
                Snapshots.Forget(Disk[i].Slot);
            }
        }

        Disk.Flush(count);
    }

    /// <summary>A step of the node: it hears what is durable.</summary>
    /// <param name="count">How many records in all.</param>
    public void Persisted(int count)
    {
        Node!.Persisted(count + Disk.NumberOffset);
        Take();
    }

    private SnapshotStart StartAt(long slot) => new(new Slot(slot), _oracle.PackedConfiguration(slot));

    // The host's law: append, hand out, answer, send.
    private void Take()
    {
        var node = Node!;
        var effects = node.Effects;
        var hasRecords = effects.Records.Count > 0;
        if (hasRecords)
        {
            foreach (var record in effects.Records)
            {
                RequireSnapshot(record);
                _oracle.Append(Ordinal, record);
            }

            Disk.Append(effects.Records, effects.RecordsUpTo);
        }

        HandOut(effects);
        SendAll(effects);
        if (Node is null)
        {
            effects.Clear();
            return;
        }

        effects.Clear();
        var status = node.Status;
        _leaderWatch.Stepped(_status, status, node.Configuration);
        _status = status;
        _oracle.Check(Ordinal, status);
        if (_open > 0 && Status.Role != NodeRole.Leader)
        {
            throw new ViolationException("H1", $"r{Ordinal} does not lead and keeps {_open} proposals and reads open");
        }

        if (HasFileWork)
        {
            _surroundings.FilesWait(this);
        }

        if (hasRecords)
        {
            _surroundings.Appended(this);
            if (_bug == HostBug.FlushNotAwaited)
            {
                Persisted(Disk.Count);
            }
        }
    }

    // S1: nothing is dropped that no whole snapshot of this replica covers. (What an earlier base has dropped is gone already, whatever became
    // of that one's snapshot: a replica that joins on the disk writes its base there.)
    private void RequireSnapshot(in JournalRecord record)
    {
        if (record.Kind == JournalRecordKind.Base && record.Slot.Number > Shadow.Base && !Snapshots.Has(record.Slot))
        {
            _oracle.Fail("S1", $"r{Ordinal} writes a base at slot {record.Slot} and has no snapshot there");
        }
    }

    private void HandOut(Effects effects)
    {
        foreach (var read in effects.SnapshotReads)
        {
            _reads.Enqueue(read);
        }

        foreach (var part in effects.SnapshotWrites)
        {
            _writes.Enqueue(part);
        }

        if (effects.Restore > Slot.None)
        {
            if (!Snapshots.Has(effects.Restore))
            {
                throw new ViolationException("S2", $"r{Ordinal} is to go on from a snapshot at slot {effects.Restore} that it does not have");
            }

            _oracle.Restore(Ordinal, effects.Restore);
            _surroundings.Restored(this, effects.Restore);
        }

        _open -= effects.ReadyReads.Count + effects.GivenUp.Count;
        foreach (var delivery in effects.Deliveries)
        {
            _open -= delivery.Tokens.Count;

            // A planted skip or double hits one slot in eight.
            var isHit = (_bug is HostBug.DeliverySkipped or HostBug.DeliveryDoubled) && delivery.Slot.Number % 8 == 5;
            for (var times = isHit ? (_bug == HostBug.DeliveryDoubled ? 2 : 0) : 1; times > 0; times--)
            {
                _oracle.Deliver(Ordinal, delivery);
                _surroundings.Delivered(this, delivery);
            }
        }

        foreach (var token in effects.ReadyReads)
        {
            _surroundings.ReadReady(this, token);
        }

        foreach (var givenUp in effects.GivenUp)
        {
            _surroundings.GivenUp(this, givenUp);
        }
    }

    private void SendAll(Effects effects)
    {
        var envelopes = effects.Messages;
        if (_bug != HostBug.None && envelopes.Count > 0)
        {
            envelopes = Tampered(envelopes);
        }

        foreach (var envelope in envelopes)
        {
            _audit.Leave(Ordinal, envelope);
            _leaderWatch.Leave(envelope.Message, Status);
            if (!_surroundings.Send(this, envelope))
            {
                return;
            }
        }
    }

    private List<Envelope> Tampered(List<Envelope> envelopes)
    {
        _tampered.Clear();
        foreach (var envelope in envelopes)
        {
            _tampered.Add(envelope with { Message = Tampered(envelope.Message) });
        }

        return _tampered;
    }

    private Message Tampered(Message message)
    {
        switch (message)
        {
            case Promise promise when _bug == HostBug.PromiseWithoutChosen:
                return promise with { Entries = Array.FindAll(promise.Entries, entry => entry.Slot > promise.ChosenUpTo) };
            case Promise promise when _bug == HostBug.PromiseWithoutUnchosen:
                return promise with { Entries = Array.FindAll(promise.Entries, entry => entry.Slot <= promise.ChosenUpTo) };
            case Promise promise when _bug == HostBug.PromiseWithWrongBallots:
                return promise with { Entries = Array.ConvertAll(promise.Entries, entry => entry with { Ballot = new Ballot(1, entry.Ballot.Leader) }) };
            case Promise promise:
                _staleBallot = promise.Ballot;
                return promise;
            case Reject reject when _bug == HostBug.PromiseBelowPromise && reject.Ballot >= _staleBallot:
                return new Promise(reject.Ballot, Slot.None.Next, Status.Last, Status.Last, Slot.None, Slot.None, 0, []);
            case Accepted accepted when _bug == HostBug.AcceptedTooFar && Shadow.AppendedPromise == accepted.Ballot:
                return accepted with { UpTo = accepted.UpTo.Next };
            case Accept accept when _bug == HostBug.ChosenTooFar && accept.ChosenUpTo < Status.Last:
                return accept with { ChosenUpTo = accept.ChosenUpTo.Next };
            default:
                return message;
        }
    }
}
