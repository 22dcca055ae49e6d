using Csmr.Replication.Ports;
using Csmr.Storage.Files;
using Csmr.Storage.Format;
using Csmr.Storage.Recovery;
using Csmr.Storage.Writing;

namespace Csmr.Storage;

/// <summary>
/// The write-ahead log of a silo: one for all its groups. Whoever appends copies records into the batch being filled; one
/// thread writes a batch, flushes it, answers for it and takes the next one, which was filled meanwhile. See
/// <c>docs/journal.md</c> for the format and the rule of recovery.
/// </summary>
/// <remarks>
/// A failed write or flush is the end: it is never tried again, since the system may have dropped what it could not write
/// and then reports success. All that waits and all that comes later faults, and <see cref="Failure"/> tells the host. The
/// same holds, for now, when a new segment is needed and the disk is full.
/// </remarks>
public sealed class SegmentedJournal : IJournal, IAsyncDisposable
{
    private readonly JournalOptions _options;
    private readonly DataDirectory _directory;
    private readonly SegmentAllocator _allocator;
    private readonly SegmentRemover _remover;
    private readonly JournalTail _tail;
    private readonly JournalHolds _holds;
    private readonly Dictionary<GroupId, List<JournalRecord>> _recovered;

    // Guards all below; never held while the disk works.
    private readonly Lock _gate = new();
    private readonly Dictionary<GroupId, JournalGroup> _groups = [];
    private readonly Queue<BatchBuffer> _full = new();
    private readonly Stack<BatchBuffer> _spare = new();
    private BatchBuffer _filling = new();
    private Task _last = Task.CompletedTask;
    private JournalFailedException? _failure;
    private bool _isClosing;
    private bool _isIdle;

    // Where the journal begins: what the groups need, and what the last batch that was taken to be written says.
    private long _start;
    private long _startTold;

    private readonly AutoResetEvent _wake = new(initialState: false);
    private readonly Thread? _writer;
    private readonly TaskCompletionSource _writerEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<JournalFailedException> _failureSource = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private SegmentedJournal(JournalOptions options, OpenedJournal opened, bool isThreaded)
    {
        (_options, _directory, _allocator, _remover, _tail) = (options, opened.Directory, opened.Allocator, opened.Remover, opened.Tail);
        (_holds, _recovered) = (opened.Content.Holds, opened.Content.Records);
        _startTold = opened.Content.Start;
        _start = Math.Max(_startTold, _holds.FirstSegment(_tail.End.Segment));
        _remover.RemoveBelow(_startTold);
        if (isThreaded)
        {
            _writer = new Thread(RunWriter) { IsBackground = true, Name = "csmr-journal" };
            _writer.Start();
        }
    }

    /// <summary>Completes, with the cause, when the journal has failed for good; never otherwise. The replicas on it must stop.</summary>
    public Task<JournalFailedException> Failure => _failureSource.Task;

    /// <summary>Opens the journal of a data directory, or makes a new one, and reads what is in it.</summary>
    /// <param name="options">Where, and whose.</param>
    /// <returns>The journal.</returns>
    /// <exception cref="DataDirectoryException">The directory cannot be used.</exception>
    /// <exception cref="JournalCorruptException">The journal is damaged.</exception>
    /// <exception cref="JournalFailedException">The disk failed.</exception>
    /// <exception cref="PlatformNotSupportedException">This is not Linux: nothing is known about other systems' flushes.</exception>
    public static SegmentedJournal Open(JournalOptions options) => OperatingSystem.IsLinux()
        ? Open(options, new LinuxFileSystem(), isThreaded: true)
        : throw new PlatformNotSupportedException("the journal runs on Linux only; use durability 'memory' elsewhere");

    /// <summary>Opens a journal on any file system.</summary>
    /// <param name="options">Where, and whose.</param>
    /// <param name="files">The file system.</param>
    /// <param name="isThreaded">Whether the journal has threads of its own. Without, <see cref="WriteQueued"/> does the work.</param>
    /// <returns>The journal.</returns>
    internal static SegmentedJournal Open(JournalOptions options, IFileSystem files, bool isThreaded)
    {
        options.Validate();
        return new SegmentedJournal(options, JournalOpener.Open(options, files, isThreaded), isThreaded);
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">It was handed over before: what was appended since is not in memory.</exception>
    public IReadOnlyList<JournalRecord> Recover(GroupId group)
    {
        if (!JournalOptions.IsName(group.Name))
        {
            throw new ArgumentException("a group's name must have 1 to 255 bytes and no control characters", nameof(group));
        }

        lock (_gate)
        {
            var known = new JournalGroup(group) { IsRecovered = true };
            if (!_groups.TryAdd(group, known))
            {
                throw new InvalidOperationException($"the records of group {group} were handed over before; close and open the journal to read them again");
            }

            if (!_recovered.Remove(group, out var records))
            {
                return [];
            }

            known.Base = records[0].Kind == JournalRecordKind.Base ? records[0].Slot : Slot.None;
            return records;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The group did not recover first.</exception>
    /// <exception cref="ArgumentException">A payload is larger than <see cref="JournalOptions.PayloadBytesMax"/>; nothing was queued.</exception>
    public Task AppendAsync(GroupId group, IReadOnlyList<JournalRecord> records)
    {
        RequireWritable(records);
        Task durable;
        lock (_gate)
        {
            if (_failure is not null)
            {
                return Task.FromException(_failure);
            }

            if (_isClosing)
            {
                return Task.FromException(new JournalFailedException($"the journal in {_options.Directory} was closed"));
            }

            if (!_groups.TryGetValue(group, out var known))
            {
                throw new InvalidOperationException($"group {group} appends before it recovered");
            }

            for (var i = 0; i < records.Count; i++)
            {
                Add(known, records[i]);
            }

            // With no records: what was queued last by anybody, which is at or behind all of this group.
            durable = _last;
            Wake();
        }

        return durable;
    }

    /// <inheritdoc/>
    public long HeldBytes(GroupId group) => _holds.HeldBytes(group);

    /// <summary>Writes what is queued, flushes the journal's last mark and releases the directory.</summary>
    /// <returns>A task that completes when nothing is open any more.</returns>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_isClosing)
            {
                return;
            }

            _isClosing = true;
            Wake();
        }

        if (_writer is null)
        {
            WriteLast();
        }

        await _writerEnded.Task.ConfigureAwait(false);
        _allocator.Close();
        _remover.Close();
        _tail.Dispose();
        _directory.Dispose();
        _wake.Dispose();
    }

    /// <summary>Writes and flushes one batch of what is queued.</summary>
    /// <returns>Whether there was one.</returns>
    internal bool WriteQueued()
    {
        if (TakeBatch() is not { } batch)
        {
            return false;
        }

        JournalPosition at;
        try
        {
            at = _tail.Write(batch);
        }
        catch (Exception exception)
        {
            Fail(batch, exception);
            return false;
        }

        _holds.Add(batch.Notes, at, _tail.End.Bytes);
        batch.Complete();
        Release(batch, at.Segment);
        lock (_gate)
        {
            batch.Clear();
            _spare.Push(batch);
        }

        return true;
    }

    /// <summary>Notes that all is flushed, when there is nothing else to do.</summary>
    internal void Mark() => Guard(_tail.Mark);

    private static void RequireKind(in JournalRecord record) =>
        Invariant.Require(record.Kind is >= JournalRecordKind.Identity and <= JournalRecordKind.Base, "J2");

    // Under the gate.
    private bool HasQueued => _full.Count > 0 || _filling.RecordCount > 0 || _start > _startTold;

    // J3: a segment goes only when the journal says durably that it begins behind it; the segment being written stays.
    private void Release(BatchBuffer durable, long current)
    {
        Invariant.Require(durable.Start <= current, "J3");
        if (durable.Start > 0)
        {
            _remover.RemoveBelow(durable.Start);
        }

        if (durable.Notes.Any(static note => note.Base is not null))
        {
            var first = _holds.FirstSegment(current);
            lock (_gate)
            {
                _start = Math.Max(_start, first);
            }
        }
    }

    private void RequireWritable(IReadOnlyList<JournalRecord> records)
    {
        for (var i = 0; i < records.Count; i++)
        {
            RequireKind(records[i]);
            if (records[i].Payload.Length > _options.PayloadBytesMax)
            {
                throw new ArgumentException($"a payload of {records[i].Payload.Length} bytes is larger than the {_options.PayloadBytesMax} that fit into a segment", nameof(records));
            }
        }
    }

    // Under the gate. A signal is a system call: only when the writer waits for it.
    private void Wake()
    {
        if (_isIdle)
        {
            _isIdle = false;
            _wake.Set();
        }
    }

    // Under the gate.
    private void Add(JournalGroup group, in JournalRecord record)
    {
        // A name has 255 bytes at most and PayloadBytesMax leaves room for it: a batch of one record fits into any segment.
        var sizeMax = record.Payload.Length + (2 * RecordCodec.OverheadBytesMax) + 255;
        var batchBytesMax = Math.Min(_options.BatchBytesMax, _options.PayloadBytesMax);
        if (_filling.RecordCount > 0 && _filling.LengthBytes + sizeMax > batchBytesMax)
        {
            _full.Enqueue(_filling);
            _filling = _spare.TryPop(out var spare) ? spare : new BatchBuffer();
        }

        if (record.Kind == JournalRecordKind.Base)
        {
            Invariant.Require(record.Slot >= group.Base, "S1");
            group.Base = record.Slot;
        }

        _filling.Add(group, record);
        _last = _filling.Durable;
    }

    private BatchBuffer? TakeBatch()
    {
        lock (_gate)
        {
            if (_failure is not null || !HasQueued)
            {
                return null;
            }

            if (!_full.TryDequeue(out var batch))
            {
                batch = _filling;
                _filling = _spare.TryPop(out var spare) ? spare : new BatchBuffer();
            }

            if (_start > _startTold)
            {
                batch.AddStart(_start);
                _startTold = _start;
            }

            return batch;
        }
    }

    private void RunWriter()
    {
        while (true)
        {
            while (WriteQueued())
            {
            }

            Mark();
            lock (_gate)
            {
                if (_failure is not null || (_isClosing && !HasQueued))
                {
                    break;
                }

                _isIdle = !HasQueued;
                if (!_isIdle)
                {
                    continue;
                }
            }

            _wake.WaitOne();
        }

        WriteLast();
    }

    private void WriteLast()
    {
        while (WriteQueued())
        {
        }

        Guard(_tail.MarkDurably);
        _writerEnded.TrySetResult();
    }

    private void Guard(Action work)
    {
        lock (_gate)
        {
            if (_failure is not null)
            {
                return;
            }
        }

        try
        {
            work();
        }
        catch (Exception exception)
        {
            Fail(null, exception);
        }
    }

    private void Fail(BatchBuffer? current, Exception cause)
    {
        var failure = new JournalFailedException(
            $"the journal in {_options.Directory} failed: {cause.Message}. What was being written may or may not be durable: restart the process when the disk is in order, or replace the replicas.",
            cause);
        List<BatchBuffer> waiting = [];
        lock (_gate)
        {
            _failure = failure;
            waiting.AddRange(_full);
            waiting.Add(_filling);
            _full.Clear();
        }

        // First: whoever meets a failed append finds the journal failed.
        _failureSource.TrySetResult(failure);
        current?.Fail(failure);
        waiting.ForEach(batch => batch.Fail(failure));
    }
}
