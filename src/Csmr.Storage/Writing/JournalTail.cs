using System.Diagnostics;
using Csmr.Storage.Files;
using Csmr.Storage.Format;
using Csmr.Storage.Recovery;

namespace Csmr.Storage.Writing;

/// <summary>The end of the journal, where batches are written. Used by one thread.</summary>
internal sealed class JournalTail : IDisposable
{
    private readonly JournalIdentity _identity;
    private readonly SegmentAllocator _allocator;
    private readonly byte[] _mark = new byte[BatchFrame.MarkBytes];
    private JournalEnd _end;
    private IJournalFile _file;
    private int _segmentBytes;
    private bool _isMarked;

    /// <summary>Makes one.</summary>
    /// <param name="identity">The journal.</param>
    /// <param name="allocator">Where the next segments come from.</param>
    /// <param name="file">The segment that the end is in.</param>
    /// <param name="end">The end. Everything before is durable, everything behind is zero.</param>
    public JournalTail(JournalIdentity identity, SegmentAllocator allocator, IJournalFile file, in JournalEnd end)
    {
        (_identity, _allocator, _file, _end) = (identity, allocator, file, end);
        _segmentBytes = (int)file.LengthBytes;
    }

    /// <summary>Where the journal ends.</summary>
    public JournalPosition End => _end.Position;

    /// <summary>Writes a batch and flushes it. After an exception nobody knows what is durable; nothing may be written any more.</summary>
    /// <param name="batch">The batch.</param>
    /// <returns>Where it is.</returns>
    public JournalPosition Write(BatchBuffer batch)
    {
        var frame = batch.Frame(out var bodyBytes);

        // The last sector of a segment is left for a mark.
        if (frame.Length > _segmentBytes - BatchFrame.MarkBytes - _end.Offset)
        {
            Roll();
        }

        var crc = BatchFrame.Seal(frame, Place, new BatchHeader(_end.Number, bodyBytes, _end.PreviousCrc, BatchKind.Records, 0));
        var at = _end.Position;
        var start = Stopwatch.GetTimestamp();
        _isMarked = false;
        _file.Write(frame, _end.Offset);
        _file.Sync();
        JournalMeters.Record(Stopwatch.GetElapsedTime(start), batch.RecordCount);
        _end = _end with { Offset = _end.Offset + frame.Length, Number = _end.Number + 1, PreviousCrc = crc };
        if (_end.Offset > _segmentBytes / 2)
        {
            _allocator.Prepare(_end.Segment + 1);
        }

        return at;
    }

    /// <summary>
    /// Notes that all batches were flushed (see <see cref="JournalScan"/>). Without a flush of its own: a mark that is lost
    /// only costs the power to tell a damaged last batch from a torn one.
    /// </summary>
    public void Mark()
    {
        if (_isMarked)
        {
            return;
        }

        BatchFrame.Seal(_mark, Place, new BatchHeader(_end.Number, 0, _end.PreviousCrc, BatchKind.Mark, 0));
        _file.Write(_mark, _end.Offset);
        _isMarked = true;
    }

    /// <summary>Flushes the mark at an orderly end.</summary>
    public void MarkDurably()
    {
        Mark();
        _file.Sync();
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private BatchPlace Place => new(_identity.Journal, _end.Segment, _end.Offset);

    private void Roll()
    {
        var next = _allocator.Take(_end.Segment + 1);
        _file.Dispose();
        _file = next;
        _end = _end with { Segment = _end.Segment + 1, Offset = SegmentHeader.Bytes, EarlierBytes = _end.EarlierBytes + _segmentBytes };
        _segmentBytes = (int)next.LengthBytes;
    }
}
