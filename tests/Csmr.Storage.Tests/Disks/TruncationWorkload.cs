using Csmr.Replication.Paxos;
using Csmr.Replication.Ports;
using Csmr.Storage.Snapshots;

namespace Csmr.Storage.Tests.Disks;

/// <summary>
/// Replicas that accept entries, take snapshots, receive others' and say so in the journal, over several lives of the process on a
/// simulated disk. The last group is idle. After every start it is held against the model: the rule of truncation, applied plainly to all
/// that was ever written.
/// </summary>
internal sealed class TruncationWorkload
{
    private const int GroupCount = 3;

    private readonly SimulatedDisk _disk;
    private readonly Random _random;
    private readonly List<Replica> _replicas = [.. Enumerable.Range(0, GroupCount).Select(number => new Replica(new GroupId($"group.{number}")))];
    private long _nextRound = 1;

    public TruncationWorkload(SimulatedDisk disk, int seed) => (_disk, _random) = (disk, new Random(seed));

    /// <summary>What happened in all lives: records acknowledged, snapshots saved, received, receptions that went on, segments deleted.</summary>
    public (int Acknowledged, int Saved, int Received, int Resumed, int Deleted) Counts { get; private set; }

    /// <summary>One life: recover, check, go on, and end in order or when the disk fails.</summary>
    /// <param name="stepCount">The number of steps wanted.</param>
    /// <returns>Whether it came to its orderly end.</returns>
    public bool Live(int stepCount)
    {
        if (Open() is not var (journal, store))
        {
            return false;
        }

        foreach (var replica in _replicas)
        {
            replica.TakeRecovered(journal.Recover(replica.Group));
            replica.RequireSnapshots(store);
        }

        for (var i = 0; i < stepCount; i++)
        {
            Step(journal, store);
        }

        RoundTripTests.Close(journal);
        _replicas.ForEach(replica => Count(replica, store));
        Counts = Counts with { Deleted = Math.Max(Counts.Deleted, FirstSegment - 1) };
        return !journal.Failure.IsCompleted;
    }

    private (SegmentedJournal Journal, SnapshotStore Store)? Open()
    {
        try
        {
            return (Journals.OpenByHand(_disk), Snapshots.OpenByHand(_disk));
        }
        catch (Exception exception) when (exception is IOException || (exception is JournalFailedException or DataDirectoryException && exception.InnerException is IOException))
        {
            return null;
        }
    }

    private void Step(SegmentedJournal journal, SnapshotStore store)
    {
        var isIdleToo = _random.Next(10) == 0;
        var replica = _replicas[_random.Next(isIdleToo ? GroupCount : GroupCount - 1)];
        switch (_random.Next(12))
        {
            case 0 or 1:
                TryTake(journal, store, replica);
                break;
            case 2 or 3:
                TryReceive(journal, store, replica);
                break;
            default:
                Append(journal, replica);
                break;
        }

        for (var works = _random.Next(3); works > 0; works--)
        {
            if (!journal.WriteQueued() && _random.Next(2) == 0)
            {
                journal.Mark();
            }
        }

        _replicas.ForEach(other => Count(other, store));
        foreach (var tooLarge in _replicas.Where(other => journal.HeldBytes(other.Group) > 3 * Journals.SmallSegmentBytes))
        {
            TryTake(journal, store, tooLarge);
        }
    }

    private void Append(SegmentedJournal journal, Replica replica)
    {
        var records = new List<JournalRecord>();
        for (var count = _random.Next(1, 4); count > 0; count--)
        {
            var (kind, slot) = _random.Next(8) switch
            {
                0 => (JournalRecordKind.Promised, Slot.None),
                1 => (JournalRecordKind.Chosen, replica.Base),
                2 when replica.Last > replica.Base => (JournalRecordKind.Accepted, new Slot(_random.NextInt64(replica.Base.Number, replica.Last.Number) + 1)),
                _ => (JournalRecordKind.Accepted, replica.Last.Next),
            };
            records.Add(NewRecord(kind, slot, _random.Next(8) == 0 ? _random.Next(2500) : _random.Next(200)));
            replica.Last = slot > replica.Last ? slot : replica.Last;
        }

        replica.Append(records, journal.AppendAsync(replica.Group, records));
    }

    private void TryTake(SegmentedJournal journal, SnapshotStore store, Replica replica)
    {
        var slot = new Slot(_random.NextInt64(replica.Base.Number, replica.Last.Number + 1));
        try
        {
            Snapshots.Save(store, replica.Group, slot);
            Counts = Counts with { Saved = Counts.Saved + 1 };
            MakeBase(journal, replica, slot);
        }
        catch (SnapshotException)
        {
            // The disk failed: the journal goes on.
        }
    }

    private void TryReceive(SegmentedJournal journal, SnapshotStore store, Replica replica)
    {
        if (replica.Receiving < replica.Base)
        {
            replica.Receiving = null;
        }

        var slot = replica.Receiving ??= new Slot(replica.Last.Number + _random.Next(1, 5));
        var file = Snapshots.FileOf(replica.Group, slot);
        try
        {
            using var incoming = store.Receive(replica.Group, slot, file.Length);
            RequireReceived(replica, slot, file, incoming.Offset);
            Counts = Counts with { Resumed = Counts.Resumed + (incoming.Offset > 0 ? 1 : 0) };
            for (var pieces = _random.Next(1, 6); pieces > 0 && incoming.Offset < file.Length; pieces--)
            {
                var size = (int)Math.Min(_random.Next(1, 1200), file.Length - incoming.Offset);
                incoming.Append(incoming.Offset, file.AsSpan((int)incoming.Offset, size));
            }

            if (incoming.Offset == file.Length)
            {
                incoming.Publish();
                Counts = Counts with { Received = Counts.Received + 1 };
                replica.Receiving = null;
                MakeBase(journal, replica, slot);
            }
        }
        catch (SnapshotException)
        {
            // The disk failed: the journal goes on.
        }

        if (_random.Next(6) == 0)
        {
            replica.Receiving = null;
        }
    }

    // The law of S1: the snapshot is published, then the journal says so.
    private void MakeBase(SegmentedJournal journal, Replica replica, Slot slot)
    {
        replica.Published.Add(slot);
        (replica.Base, replica.Last) = (slot, slot > replica.Last ? slot : replica.Last);
        List<JournalRecord> records = [NewRecord(JournalRecordKind.Base, slot, _random.Next(100))];
        replica.Append(records, journal.AppendAsync(replica.Group, records));
    }

    private void Count(Replica replica, SnapshotStore store)
    {
        var before = replica.DurableCount;
        replica.CountAcknowledged();
        Counts = Counts with { Acknowledged = Counts.Acknowledged + replica.DurableCount - before };
        if (replica.DurableBase is { } slot)
        {
            replica.Published.RemoveAll(older => older < slot);
            store.Forget(replica.Group, slot);
        }
    }

    private void RequireReceived(Replica replica, Slot slot, byte[] file, long offset)
    {
        if (offset > 0)
        {
            var part = new byte[offset];
            _disk.Open(Path.Combine(Journals.Small.Directory, Snapshots.NameOf(replica.Group, slot, ".part"))).Read(part, 0);
            Assert.True(part.AsSpan().SequenceEqual(file.AsSpan(0, (int)offset)), $"a reception goes on at {offset}, but what is before is not what was sent");
        }
    }

    private JournalRecord NewRecord(JournalRecordKind kind, Slot slot, int payloadBytes)
    {
        var payload = new byte[payloadBytes];
        new Random((int)_nextRound).NextBytes(payload);
        return new JournalRecord(kind, new Ballot(_nextRound++, new ReplicaId(_random.Next(3))), slot, payload);
    }

    private int FirstSegment => _disk.ListFiles(Journals.Small.Directory).Where(static name => name.EndsWith(".segment", StringComparison.Ordinal))
        .Select(static name => int.Parse(name["journal-".Length..^".segment".Length])).DefaultIfEmpty(1).Min();

    private sealed class Replica(GroupId group)
    {
        private readonly List<JournalRecord> _written = [];
        private readonly Queue<(int CountAfter, Task Durable)> _open = new();

        public GroupId Group { get; } = group;

        public int DurableCount { get; private set; }

        public Slot Last { get; set; }

        public Slot Base { get; set; }

        public Slot? Receiving { get; set; }

        /// <summary>The snapshots that were answered for and not forgotten.</summary>
        public List<Slot> Published { get; } = [];

        public Slot? DurableBase => _written.Take(DurableCount).Where(IsBase).Select(static record => (Slot?)record.Slot).LastOrDefault();

        public void TakeRecovered(IReadOnlyList<JournalRecord> recovered)
        {
            var count = Enumerable.Range(DurableCount, _written.Count - DurableCount + 1).Where(count => AreEqual(recovered, Truncated(count))).ToList();
            Assert.True(
                count.Count > 0,
                $"{Group}: what was recovered ({Text(recovered)}) is not what any prefix of {DurableCount} to {_written.Count} records gives ({Text(Truncated(_written.Count))})");

            // What a restart has read counts: a replica acts on it.
            DurableCount = count[0];
            _written.RemoveRange(count[0], _written.Count - count[0]);
            _open.Clear();
            Base = DurableBase ?? Slot.None;
            Last = _written.Where(static record => record.Kind is JournalRecordKind.Accepted or JournalRecordKind.Base).Select(static record => record.Slot).DefaultIfEmpty().Max();
        }

        public void RequireSnapshots(SnapshotStore store)
        {
            foreach (var slot in Published.Append(Base).Where(static slot => slot > Slot.None).Distinct())
            {
                Snapshots.RequireWhole(store, Group, slot, $"base {Base.Number}");
            }

            if (store.Find(Group) is { } newest)
            {
                Snapshots.RequireWhole(store, Group, newest.Slot, "newest");
            }
        }

        public void Append(List<JournalRecord> records, Task durable)
        {
            _written.AddRange(records);
            _open.Enqueue((_written.Count, durable));
        }

        public void CountAcknowledged()
        {
            while (_open.TryPeek(out var first) && first.Durable.IsCompleted)
            {
                _open.Dequeue();
                if (first.Durable.IsCompletedSuccessfully)
                {
                    DurableCount = first.CountAfter;
                }
            }
        }

        // The rule, as the port says it.
        private List<JournalRecord> Truncated(int count)
        {
            var records = _written[..count];
            var at = records.FindLastIndex(IsBase);
            return at < 0
                ? records
                : [records[at], .. records[..at].Where(older => older.Kind == JournalRecordKind.Accepted && older.Slot > records[at].Slot), .. records[(at + 1)..]];
        }

        private static string Text(IEnumerable<JournalRecord> records) => string.Join(' ', records.Select(static record => $"{record.Kind}:{record.Slot.Number}@{record.Ballot.Round}"));

        private static bool IsBase(JournalRecord record) => record.Kind == JournalRecordKind.Base;

        private static bool AreEqual(IReadOnlyList<JournalRecord> left, List<JournalRecord> right) =>
            left.Count == right.Count && left.Zip(right).All(static pair => Journals.AreEqual(pair.First, pair.Second));
    }
}
