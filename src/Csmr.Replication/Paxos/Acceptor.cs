using Csmr.Replication.Ports;

namespace Csmr.Replication.Paxos;

/// <summary>
/// The acceptor and learner of one replica (Lamport, "Paxos Made Simple", §2.2–2.3, for many slots). It answers nothing
/// that is not durable: each answer waits for the records that it stands on.
/// </summary>
internal sealed class Acceptor
{
    private readonly NodeOptions _options;
    private readonly Recorder _recorder;
    private readonly GroupClock _clock;
    private readonly Action<ReplicaId, Message> _send;

    /// <summary>Prefixes that become durable with a record: (record, prefix), both growing.</summary>
    private readonly Queue<(long Record, Slot Prefix)> _undurable = [];

    /// <summary>The record that makes <see cref="Promised"/> durable. Nothing is answered in a ballot before.</summary>
    private long _promisedRecord;

    private Slot _hinted;
    private Slot _prefix;
    private long _roundSeen;
    private (ReplicaId Candidate, Slot From)? _promiseOwed;
    private bool _isAckOwed;

    public Acceptor(NodeOptions options, Recorder recorder, GroupClock clock, Action<ReplicaId, Message> send)
    {
        _options = options;
        _recorder = recorder;
        _clock = clock;
        _send = send;
        Configurations = new Configurations(options.Joins?.Configuration ?? GroupConfiguration.Initial(options.Members));
    }

    /// <summary>Who decides which slots.</summary>
    public Configurations Configurations { get; }

    /// <summary>A2: the highest ballot that this replica takes part in. Never goes down, not over a restart either.</summary>
    public Ballot Promised { get; private set; }

    /// <summary>Whether the promise is on disk.</summary>
    public bool IsPromiseDurable => _recorder.Durable >= _promisedRecord;

    /// <summary>A3: every slot up to here is chosen, and its chosen entry is in the log. Never goes down while running.</summary>
    public Slot ChosenUpTo { get; private set; }

    /// <summary>
    /// Every slot up to here is known as chosen, or accepted in <see cref="Promised"/> and durable: what this replica's
    /// votes in that ballot amount to.
    /// </summary>
    public Slot DurablePrefix { get; private set; }

    /// <summary>What was accepted.</summary>
    public PaxosLog Log { get; } = new();

    /// <summary>S1: a published snapshot of this replica stands for every slot up to here. Never goes down, not over a restart either.</summary>
    public Slot Base { get; private set; }

    /// <summary>Takes a record from disk over. All that was recovered is durable.</summary>
    public void Recover(in JournalRecord record)
    {
        switch (record.Kind)
        {
            case JournalRecordKind.Promised:
                Promised = Max(Promised, record.Ballot);
                break;
            case JournalRecordKind.Accepted:
                Promised = Max(Promised, record.Ballot);
                Log.Set(record.Slot, record.Ballot, record.Payload);
                break;
            case JournalRecordKind.Formed:
                Configurations.Begin(Formation.ReadConfiguration(record));
                break;
            case JournalRecordKind.Base:
                Promised = Max(Promised, record.Ballot);
                RaiseBase(record.Slot, Formation.ReadConfiguration(record), retainedBytes: 0);
                break;
            case JournalRecordKind.Chosen:
                ChosenUpTo = _hinted = record.Slot > ChosenUpTo ? record.Slot : ChosenUpTo;
                break;
            default:
                break;
        }
    }

    /// <summary>Ends the recovery.</summary>
    public void Recovered()
    {
        for (var slot = Log.Base.Next; slot <= ChosenUpTo; slot = slot.Next)
        {
            Invariant.Require(Log.Has(slot), "A3");
            Configurations.Learn(slot, Log.EntryOf(slot));
        }

        RestartPrefix();
        DurablePrefix = _prefix;
    }

    /// <summary>
    /// S1: a snapshot of this replica is published: what it stands for is chosen, and need not be kept. Told again for the same
    /// slot, it frees what the journal holds for this replica.
    /// </summary>
    /// <param name="slot">The snapshot's slot.</param>
    /// <param name="configuration">The configuration that holds behind it.</param>
    /// <param name="formation">Who the replica is, and of which group: this record will be the first one that a restart reads.</param>
    public void Compact(Slot slot, GroupConfiguration configuration, ReadOnlyMemory<byte> formation)
    {
        if (slot < Base)
        {
            return;
        }

        // What another replica's snapshot covers and this log did not know as chosen may be here with another entry.
        RaiseBase(slot, configuration, slot <= ChosenUpTo ? _options.RetainedBytesMax : 0);
        var record = _recorder.Emit(JournalRecordKind.Base, Promised, slot, formation);
        if (ChosenUpTo > slot)
        {
            // A restart reads the base first, and no hint before it.
            Hint();
        }

        if (_prefix < ChosenUpTo)
        {
            RestartPrefix();
            DurablePrefix = Max(DurablePrefix, ChosenUpTo);
            _undurable.Enqueue((record, _prefix));
            _isAckOwed = true;
            PayDebts();
        }
    }

    /// <summary>Promises a ballot: from now on nothing lower is accepted here.</summary>
    public void Promise(Ballot ballot)
    {
        Invariant.Require(ballot > Promised, "A2");
        Promised = ballot;
        _promisedRecord = _recorder.Emit(JournalRecordKind.Promised, ballot);
        _promiseOwed = null;
        _isAckOwed = false;
        _roundSeen = 0;
        _undurable.Clear();
        RestartPrefix();
        DurablePrefix = _prefix;
    }

    /// <summary>Phase 1a has arrived.</summary>
    public void OnPrepare(ReplicaId from, Prepare prepare)
    {
        if (prepare.Ballot < Promised)
        {
            _send(from, new Reject(prepare.Ballot, Promised));
            return;
        }

        if (prepare.Ballot > Promised)
        {
            Promise(prepare.Ballot);
        }

        _promiseOwed = (from, prepare.From);
        PayDebts();
    }

    /// <summary>Phase 2a, or a heartbeat, has arrived from the leader of a ballot.</summary>
    /// <returns>Whether the ballot is the current one.</returns>
    public bool OnAccept(ReplicaId from, Accept accept)
    {
        if (accept.Ballot < Promised)
        {
            _send(from, new Reject(accept.Ballot, Promised));
            return false;
        }

        if (accept.Ballot > Promised)
        {
            Promise(accept.Ballot);
        }

        if (accept.Entries.Length > 0 && accept.First.Number > Log.Last.Number + PaxosLog.GapMax)
        {
            return true;
        }

        var emittedBefore = _recorder.Emitted;
        var slot = accept.First;
        foreach (var entry in accept.Entries)
        {
            Accept(slot, entry);
            slot = slot.Next;
        }

        // New entries are acknowledged when they are durable; a heartbeat, a round of reads and a repetition at once.
        _isAckOwed |= accept.Round > _roundSeen || _recorder.Emitted == emittedBefore;
        _roundSeen = Math.Max(_roundSeen, accept.Round);
        Learn(accept.ChosenUpTo < _prefix ? accept.ChosenUpTo : _prefix);
        PayDebts();
        return true;
    }

    /// <summary>Accepts an entry in the current ballot. The vote counts when <see cref="DurablePrefix"/> covers it.</summary>
    public void Accept(Slot slot, ReadOnlyMemory<byte> entry)
    {
        if (slot <= Log.Base)
        {
            return;
        }

        var known = Log.BallotOf(slot);
        Invariant.Require(known <= Promised, "A2");
        if (slot <= ChosenUpTo || known == Promised)
        {
            // A1: a chosen slot keeps its entry, and so does a slot within one ballot.
            Invariant.Require(Log.EntryOf(slot).Span.SequenceEqual(entry.Span), "A1");
            return;
        }

        Log.Set(slot, Promised, entry);
        var record = _recorder.Emit(JournalRecordKind.Accepted, Promised, slot, entry);
        AdvancePrefix();
        _undurable.Enqueue((record, _prefix));
    }

    /// <summary>
    /// Takes slots as chosen. The caller vouches that a quorum has accepted, in the current ballot, every slot up to here
    /// that was not known before; here they are accepted in that very ballot too.
    /// </summary>
    public void Learn(Slot chosenUpTo)
    {
        Invariant.Require(chosenUpTo <= _prefix, "A3");
        if (chosenUpTo <= ChosenUpTo)
        {
            return;
        }

        for (var slot = ChosenUpTo.Next; slot <= chosenUpTo; slot = slot.Next)
        {
            Configurations.Learn(slot, Log.EntryOf(slot));
        }

        ChosenUpTo = chosenUpTo;
        if (chosenUpTo.Number - _hinted.Number >= _options.ChosenHintSlots)
        {
            Hint();
        }
    }

    /// <summary>More records are durable: counts the votes that stand on them, and answers what waited for them.</summary>
    public void OnDurable()
    {
        var moved = false;
        while (_undurable.TryPeek(out var next) && next.Record <= _recorder.Durable)
        {
            _undurable.Dequeue();
            DurablePrefix = next.Prefix > DurablePrefix ? next.Prefix : DurablePrefix;
            moved = true;
        }

        _isAckOwed |= moved;
        PayDebts();
    }

    private void Hint()
    {
        _hinted = ChosenUpTo;
        _recorder.Emit(JournalRecordKind.Chosen, slot: ChosenUpTo);
    }

    private void PayDebts()
    {
        if (!IsPromiseDurable)
        {
            return;
        }

        if (_promiseOwed is { } owed)
        {
            _promiseOwed = null;
            _send(owed.Candidate, PromiseChunk(owed.From));
        }

        if (_isAckOwed && Promised.Leader != _options.Self)
        {
            _send(Promised.Leader, new Accepted(Promised, DurablePrefix, _roundSeen));
        }

        _isAckOwed = false;
    }

    private Promise PromiseChunk(Slot from)
    {
        var entries = new List<AcceptedEntry>();
        var bytes = 0L;
        var slot = from > Log.Base ? from : Log.Base.Next;
        while (slot <= Log.Last && (bytes == 0 || bytes < _options.MessageBytesMax))
        {
            if (Log.Has(slot))
            {
                var entry = Log.EntryOf(slot);
                entries.Add(new AcceptedEntry(slot, Log.BallotOf(slot), entry));
                bytes += entry.Length + 1;
            }

            slot = slot.Next;
        }

        return new Promise(Promised, from, new Slot(slot.Number - 1), Log.Last, Log.Base, ChosenUpTo, _clock.EstimateMs, [.. entries]);
    }

    private void RaiseBase(Slot slot, GroupConfiguration configuration, long retainedBytes)
    {
        Configurations.Raise(slot, configuration);
        Base = slot;
        ChosenUpTo = Max(ChosenUpTo, slot);
        _hinted = Max(_hinted, slot);
        Log.DropUpTo(slot, retainedBytes);
    }

    private void RestartPrefix()
    {
        _prefix = ChosenUpTo;
        AdvancePrefix();
    }

    private void AdvancePrefix()
    {
        while (Log.BallotOf(_prefix.Next) == Promised && Promised != Ballot.None)
        {
            _prefix = _prefix.Next;
        }
    }

    private static Ballot Max(Ballot left, Ballot right) => left > right ? left : right;

    private static Slot Max(Slot left, Slot right) => left > right ? left : right;
}
