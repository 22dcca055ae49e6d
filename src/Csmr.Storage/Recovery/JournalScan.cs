using Csmr.Replication.Ports;
using Csmr.Storage.Format;
using Csmr.Storage.Writing;

namespace Csmr.Storage.Recovery;

/// <summary>Where a journal goes on.</summary>
/// <param name="Segment">The segment.</param>
/// <param name="Offset">The offset of the next batch.</param>
/// <param name="Number">The number of the next batch.</param>
/// <param name="PreviousCrc">The checksum of the last batch.</param>
/// <param name="EarlierBytes">The size of all earlier segments that were there when the journal was opened, or came since.</param>
internal readonly record struct JournalEnd(long Segment, int Offset, ulong Number, uint PreviousCrc, long EarlierBytes)
{
    /// <summary>The number of a first batch whose predecessor was deleted: any.</summary>
    public const ulong AnyNumber = 0;

    /// <summary>The place.</summary>
    public JournalPosition Position => new(Segment, EarlierBytes + Offset);
}

/// <summary>What is in a journal.</summary>
internal sealed class JournalContent
{
    /// <summary>The records of each group that are not obsolete: its last base, then the others in the order of writing.</summary>
    public Dictionary<GroupId, List<JournalRecord>> Records { get; } = [];

    /// <summary>Which segments are needed.</summary>
    public JournalHolds Holds { get; } = new();

    /// <summary>Where the journal begins: no segment before that one is needed. 1 where it says nothing.</summary>
    public long Start { get; set; } = 1;

    /// <summary>Where it goes on.</summary>
    public JournalEnd End { get; set; }

    /// <summary>The last batch, where nothing says that it was flushed; empty where a mark says so.</summary>
    public ReadOnlyMemory<byte> UnconfirmedFrame { get; set; }

    /// <summary>The number of bytes behind the end, in the same segment, up to the last that is not zero.</summary>
    public int DirtyBytes { get; set; }

    /// <summary>The segments that are there.</summary>
    public required IReadOnlyList<SegmentFile> Segments { get; init; }

    /// <summary>The segments behind the end that hold remains of a torn batch.</summary>
    public HashSet<long> DirtySegments { get; } = [];
}

/// <summary>
/// Reads a whole journal and tells a torn tail from corruption.
/// </summary>
/// <remarks>
/// <para>
/// The writer writes a batch only after the flush of the batch before succeeded, and answers for a batch only after its own
/// flush. So a crash can damage one batch at most, the last one, in any of its sectors (they reach the disk in any order),
/// and no part of it was acknowledged. If, beyond a place where no good batch is, a good frame is found, then it was written
/// after what should be in that place was durable: the damage is no crash's, and acknowledged records are gone. If none
/// is found, what is there is the torn batch, and is cut as a whole.
/// </para>
/// <para>
/// The last acknowledged batch has no batch behind it, so its damage would look like a torn one. That is what the mark is
/// for: a frame without records, written after a successful flush into the place of the next batch. Only when the power
/// fails before the mark reaches the disk and, besides, the last batch is damaged, can the two not be told apart.
/// </para>
/// <para>
/// A frame is good where its checksum fits its journal, segment and offset; it continues the journal when its number and
/// its predecessor's checksum fit too. Bytes that are neither a good frame in its order nor zero are accepted only as the
/// torn tail.
/// </para>
/// <para>
/// The first segments may have been deleted. The journal said before that it begins behind them, in a segment that is still there:
/// if it does not, or says that it begins earlier, segments are missing.
/// </para>
/// </remarks>
internal sealed class JournalScan
{
    private readonly DataDirectory _directory;
    private readonly JournalIdentity _identity;
    private readonly JournalContent _content;
    private readonly Action<GroupId, JournalRecord>? _each;
    private byte[] _image = [];
    private long _earlierBytes;

    private JournalScan(DataDirectory directory, JournalIdentity identity, Action<GroupId, JournalRecord>? each)
    {
        (_directory, _identity, _each) = (directory, identity, each);
        _content = new JournalContent { Segments = SegmentFile.List(directory) };
    }

    /// <summary>Reads a journal. Changes nothing.</summary>
    /// <param name="directory">Where it is.</param>
    /// <param name="identity">Which it is.</param>
    /// <param name="each">Is handed every record, obsolete ones too, in the order of writing.</param>
    /// <returns>What is in it.</returns>
    /// <exception cref="JournalCorruptException">It is damaged.</exception>
    public static JournalContent Run(DataDirectory directory, JournalIdentity identity, Action<GroupId, JournalRecord>? each = null)
    {
        var scan = new JournalScan(directory, identity, each);
        scan.RequireNoGap();
        var first = scan._content.Segments[0].Number;
        scan._content.End = new JournalEnd(first, SegmentHeader.Bytes, first == 1 ? 1 : JournalEnd.AnyNumber, PreviousCrc: 0, EarlierBytes: 0);
        foreach (var segment in scan._content.Segments)
        {
            var image = scan.Load(segment);
            var end = scan.ReadBatches(segment, image);
            if (!scan.IsCleanFrom(segment, image, end))
            {
                scan.TakeAsTornTail(segment, end);
                break;
            }

            scan._earlierBytes += image.Length;
        }

        return first <= scan._content.Start ? scan._content : throw scan.Missing(first - 1);
    }

    private void RequireNoGap()
    {
        if (_content.Segments.Count == 0)
        {
            throw Missing(1);
        }

        var expected = _content.Segments[0].Number;
        foreach (var segment in _content.Segments)
        {
            if (segment.Number != expected)
            {
                throw Missing(expected);
            }

            expected++;
        }
    }

    private JournalCorruptException Missing(long segment) => new(_directory.PathOf(SegmentFile.NameOf(segment)), 0, "the segment is missing");

    // The buffer is reused: what it holds is valid until the next call.
    private Memory<byte> Load(SegmentFile segment)
    {
        using var file = _directory.Files.Open(_directory.PathOf(segment.Name));
        var length = file.LengthBytes;
        if (length is < SegmentHeader.Bytes or > JournalOptions.SegmentBytesMax)
        {
            throw new JournalCorruptException(_directory.PathOf(segment.Name), 0, $"a segment cannot have {length} bytes");
        }

        if (_image.Length < length)
        {
            _image = GC.AllocateUninitializedArray<byte>((int)length);
        }

        var image = _image.AsMemory(0, (int)length);
        if (file.Read(image.Span, 0) != length)
        {
            throw new JournalCorruptException(_directory.PathOf(segment.Name), 0, "the segment cannot be read to its end");
        }

        if (SegmentHeader.VersionOf(image.Span) > JournalIdentity.FormatVersion)
        {
            throw _directory.Problem(DataDirectoryProblem.FormatTooNew, "a newer version wrote the journal; start that version, or a newer one");
        }

        return SegmentHeader.Check(image.Span, _identity, segment.Number, (int)length) is { } reason
            ? throw new JournalCorruptException(_directory.PathOf(segment.Name), 0, reason)
            : image;
    }

    private int ReadBatches(SegmentFile segment, ReadOnlyMemory<byte> image)
    {
        var offset = SegmentHeader.Bytes;
        while (TryReadNext(segment, image, offset, BatchKind.Records, out var header))
        {
            ReadRecords(segment, offset, image.Slice(offset + BatchFrame.HeaderBytes, header.BodyBytes));
            _content.UnconfirmedFrame = image.Slice(offset, header.FrameBytes);
            offset += header.FrameBytes;
            _content.End = new JournalEnd(segment.Number, offset, header.Number + 1, header.Crc, _earlierBytes);
        }

        // The image is overwritten by the next segment: what is kept is copied.
        _content.UnconfirmedFrame = _content.UnconfirmedFrame.ToArray();
        return offset;
    }

    private bool TryReadNext(SegmentFile segment, ReadOnlyMemory<byte> image, int offset, BatchKind kind, out BatchHeader header)
    {
        header = default;
        return offset < image.Length &&
            BatchFrame.TryRead(image.Span, PlaceOf(segment, offset), out header) &&
            header.Kind == kind &&
            (_content.End.Number == JournalEnd.AnyNumber ||
                (header.Number == _content.End.Number && header.PreviousCrc == _content.End.PreviousCrc));
    }

    private void ReadRecords(SegmentFile segment, int offset, ReadOnlyMemory<byte> body)
    {
        try
        {
            var notes = new List<RecordNote>();
            var start = RecordCodec.Read(body, (group, record) =>
            {
                Take(group, record);
                _each?.Invoke(group, record);
                notes.Add(RecordNote.Of(group, record));
            });
            if (start > segment.Number)
            {
                throw new WireFormatException($"it says that the journal begins in segment {start}, behind it");
            }

            var at = new JournalPosition(segment.Number, _earlierBytes + offset);
            _content.Holds.Add(notes, at, at.Bytes + BatchFrame.FrameBytes(body.Length));
            _content.Start = Math.Max(_content.Start, start);
        }
        catch (WireFormatException exception)
        {
            throw new JournalCorruptException(
                _directory.PathOf(segment.Name), offset, $"the batch is undamaged but cannot be understood ({exception.Message}); a newer version may have written it");
        }
    }

    private void Take(GroupId group, JournalRecord record)
    {
        if (!_content.Records.TryGetValue(group, out var records))
        {
            _content.Records.Add(group, records = []);
        }

        if (record.Kind == JournalRecordKind.Base)
        {
            records.RemoveAll(older => older.Kind != JournalRecordKind.Accepted || older.Slot <= record.Slot);
            records.Insert(0, record);
        }
        else
        {
            records.Add(record);
        }
    }

    // Clean: zeros, or a mark and zeros.
    private bool IsCleanFrom(SegmentFile segment, ReadOnlyMemory<byte> image, int offset)
    {
        var zerosFrom = offset;
        if (TryReadNext(segment, image, offset, BatchKind.Mark, out _))
        {
            _content.UnconfirmedFrame = default;
            _content.End = _content.End with { Segment = segment.Number, Offset = offset, EarlierBytes = _earlierBytes };
            zerosFrom += BatchFrame.MarkBytes;
        }

        return !image.Span[zerosFrom..].ContainsAnyExcept((byte)0);
    }

    private void TakeAsTornTail(SegmentFile torn, int offset)
    {
        var isBehind = false;
        foreach (var segment in _content.Segments)
        {
            isBehind |= segment == torn;
            if (!isBehind)
            {
                continue;
            }

            var image = Load(segment);
            var from = segment == torn ? offset : SegmentHeader.Bytes;
            RequireNoFrame(torn, offset, segment, image, from);
            var lastDirty = image.Span[from..].LastIndexOfAnyExcept((byte)0);
            if (lastDirty >= 0 && segment.Number == _content.End.Segment)
            {
                _content.DirtyBytes = lastDirty + 1;
            }
            else if (lastDirty >= 0)
            {
                _content.DirtySegments.Add(segment.Number);
            }
        }
    }

    private void RequireNoFrame(SegmentFile torn, int tornOffset, SegmentFile segment, ReadOnlyMemory<byte> image, int from)
    {
        var isMarkAllowed = segment == torn;
        for (var offset = from; offset < image.Length; offset += BatchFrame.SectorBytes)
        {
            var isMark = isMarkAllowed && offset == tornOffset && TryReadNext(segment, image, offset, BatchKind.Mark, out _);
            if (!isMark && BatchFrame.TryRead(image.Span, PlaceOf(segment, offset), out var header))
            {
                throw new JournalCorruptException(
                    _directory.PathOf(torn.Name),
                    tornOffset,
                    $"batch {_content.End.Number} should be here and is damaged or missing, but batch {header.Number} was found behind it ({segment.Name} at byte {offset})");
            }
        }
    }

    private BatchPlace PlaceOf(SegmentFile segment, int offset) => new(_identity.Journal, segment.Number, offset);
}
