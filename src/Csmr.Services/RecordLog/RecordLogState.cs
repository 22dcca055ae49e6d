namespace Csmr.Services.RecordLog;

/// <summary>
/// The entries from <see cref="Start"/> to <see cref="End"/>, in segments of a fixed size, so that neither appending nor
/// truncating ever moves entries.
/// </summary>
internal sealed class RecordLogState
{
    private const int SegmentEntries = 1024;

    private List<Segment> _segments = [];

    // The segments that carry this very object belong to this state alone and are changed in place; null while there are none.
    private object? _owner;

    // Entries of the first segment that are truncated already: below SegmentEntries.
    private int _skipped;

    /// <summary>Makes an empty one.</summary>
    /// <param name="start">The index of the first entry to come.</param>
    public RecordLogState(long start = 1) => (Start, End) = (start, start - 1);

    /// <summary>The index of the first entry kept.</summary>
    public long Start { get; private set; }

    /// <summary>The index of the last entry; one below <see cref="Start"/> where there is none.</summary>
    public long End { get; private set; }

    /// <summary>The entry at an index from <see cref="Start"/> to <see cref="End"/>.</summary>
    public byte[] this[long index]
    {
        get
        {
            var position = Position(index);
            return _segments[(int)(position / SegmentEntries)].Entries[position % SegmentEntries]!;
        }
    }

    /// <summary>Adds an entry and tells its index.</summary>
    public long Append(byte[] entry)
    {
        var position = Position(End + 1);
        if (position / SegmentEntries == _segments.Count)
        {
            _segments.Add(new Segment(_owner ??= new object(), new byte[]?[SegmentEntries]));
        }

        Own(_segments.Count - 1)[position % SegmentEntries] = entry;
        return ++End;
    }

    /// <summary>A copy that shares all segments until either is changed; the list of segments alone is copied.</summary>
    public RecordLogState Copy()
    {
        _owner = null;
        return new RecordLogState(Start) { End = End, _segments = [.. _segments], _skipped = _skipped };
    }

    /// <summary>Drops the entries below an index from <see cref="Start"/> to one above <see cref="End"/>.</summary>
    public void Truncate(long index)
    {
        var position = Position(index);
        var whole = (int)(position / SegmentEntries);
        var kept = (int)(position % SegmentEntries);
        _segments.RemoveRange(0, whole);
        if (kept > 0)
        {
            Array.Clear(Own(0), 0, kept);
        }

        Start = index;
        _skipped = kept;
    }

    private long Position(long index) => index - Start + _skipped;

    private byte[]?[] Own(int segment)
    {
        _owner ??= new object();
        if (!ReferenceEquals(_segments[segment].Owner, _owner))
        {
            _segments[segment] = new Segment(_owner, [.. _segments[segment].Entries]);
        }

        return _segments[segment].Entries;
    }

    private readonly record struct Segment(object Owner, byte[]?[] Entries);
}
