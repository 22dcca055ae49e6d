using Csmr.Replication.Ports;

namespace Csmr.Storage.Tests.Disks;

/// <summary>
/// Several groups that append at random to a journal on a simulated disk, over several lives of the process, with the book
/// that is kept about it: what was durable when a life began, what was appended since, what was acknowledged.
/// </summary>
internal sealed class Workload
{
    private const int GroupCount = 4;

    private readonly SimulatedDisk _disk;
    private readonly Random _random;
    private readonly JournalOptions _options;
    private readonly List<Book> _books = [.. Enumerable.Range(0, GroupCount).Select(number => new Book(new GroupId($"group.{number}")))];
    private long _nextRecord = 1;

    public Workload(SimulatedDisk disk, int seed, JournalOptions? options = null)
    {
        (_disk, _random) = (disk, new Random(seed));
        _options = options ?? Journals.Small;
    }

    /// <summary>The number of records acknowledged in all lives.</summary>
    public int AcknowledgedCount => _books.Sum(book => book.DurableCount);

    /// <summary>One life: recover, check, append, and end in order or when the disk fails.</summary>
    /// <param name="appendCount">The number of appends wanted.</param>
    /// <returns>Whether it came to its orderly end.</returns>
    public bool Live(int appendCount)
    {
        SegmentedJournal journal;
        try
        {
            journal = Journals.OpenByHand(_disk, _options);
        }
        catch (Exception exception) when (exception is JournalFailedException or DataDirectoryException && HasDiskFailed(exception))
        {
            return false;
        }

        foreach (var book in _books)
        {
            book.TakeRecovered(journal.Recover(book.Group));
        }

        for (var i = 0; i < appendCount; i++)
        {
            Append(journal, _books[_random.Next(GroupCount)]);
            for (var works = _random.Next(3); works > 0; works--)
            {
                Work(journal);
            }
        }

        RoundTripTests.Close(journal);
        _books.ForEach(book => book.CountAcknowledged());
        return !journal.Failure.IsCompleted;
    }

    private void Work(SegmentedJournal journal)
    {
        if (!journal.WriteQueued() && _random.Next(2) == 0)
        {
            journal.Mark();
        }

        _books.ForEach(book => book.CountAcknowledged());
    }

    private void Append(SegmentedJournal journal, Book book)
    {
        var records = new List<JournalRecord>();
        for (var count = _random.Next(1, 4); count > 0; count--)
        {
            records.Add(Journals.Record(_nextRecord++, _random.Next(8) == 0 ? _random.Next(2500) : _random.Next(120)));
        }

        book.Append(records, journal.AppendAsync(book.Group, records));
    }

    private static bool HasDiskFailed(Exception exception) => exception.InnerException is IOException;

    private sealed class Book(GroupId group)
    {
        private readonly List<JournalRecord> _written = [];
        private readonly Queue<(int CountAfter, Task Durable)> _open = new();

        public GroupId Group { get; } = group;

        public int DurableCount { get; private set; }

        public void TakeRecovered(IReadOnlyList<JournalRecord> recovered)
        {
            Journals.RequirePrefix(recovered, _written, DurableCount, Group.Name);

            // What a restart has read counts: a replica acts on it.
            DurableCount = recovered.Count;
            _written.RemoveRange(recovered.Count, _written.Count - recovered.Count);
            _open.Clear();
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
    }
}
