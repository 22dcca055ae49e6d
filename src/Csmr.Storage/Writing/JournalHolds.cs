using Csmr.Replication.Ports;

namespace Csmr.Storage.Writing;

/// <summary>A place in the journal.</summary>
/// <param name="Segment">The segment.</param>
/// <param name="Bytes">How far behind the begin of the first segment that was there when the journal was opened.</param>
internal readonly record struct JournalPosition(long Segment, long Bytes);

/// <summary>What records of one group, one behind the other, mean for the segments that it needs.</summary>
/// <param name="Group">The group.</param>
/// <param name="Base">The slot of the base that is the first of them, if it is one.</param>
/// <param name="AcceptedUpTo">The highest slot of the accepted entries among them; none without.</param>
internal readonly record struct RecordNote(GroupId Group, Slot? Base, Slot AcceptedUpTo)
{
    /// <summary>The note about a first record.</summary>
    /// <param name="group">Its group.</param>
    /// <param name="record">The record.</param>
    /// <returns>The note.</returns>
    public static RecordNote Of(GroupId group, in JournalRecord record) =>
        new RecordNote(group, record.Kind == JournalRecordKind.Base ? record.Slot : null, Slot.None).With(record);

    /// <summary>The note with one more record, which is no base.</summary>
    /// <param name="record">The record.</param>
    /// <returns>The note.</returns>
    public RecordNote With(in JournalRecord record) =>
        record.Kind == JournalRecordKind.Accepted && record.Slot > AcceptedUpTo ? this with { AcceptedUpTo = record.Slot } : this;
}

/// <summary>
/// Which part of the journal each group still needs: from its last durable base on, and from the first entry that it accepted
/// above that base's slot. Safe for concurrent use.
/// </summary>
internal sealed class JournalHolds
{
    /// <summary>How exactly it is known: records of a group within these bytes of one segment are needed, or not, together.</summary>
    private const int SpanBytes = 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly Dictionary<GroupId, List<Span>> _groups = [];
    private long _endBytes;

    /// <summary>Takes in what is durable.</summary>
    /// <param name="notes">What it means.</param>
    /// <param name="at">Where it is.</param>
    /// <param name="endBytes">Where the journal ends now (see <see cref="JournalPosition.Bytes"/>).</param>
    public void Add(IReadOnlyList<RecordNote> notes, in JournalPosition at, long endBytes)
    {
        lock (_gate)
        {
            for (var i = 0; i < notes.Count; i++)
            {
                Add(notes[i], at);
            }

            _endBytes = endBytes;
        }
    }

    /// <summary>The first segment that any group needs.</summary>
    /// <param name="current">The segment that is being written, which is needed in any case.</param>
    /// <returns>Its number.</returns>
    public long FirstSegment(long current)
    {
        lock (_gate)
        {
            foreach (var spans in _groups.Values)
            {
                current = Math.Min(current, spans[0].Start.Segment);
            }
        }

        return current;
    }

    /// <summary>How much of the journal is needed for the sake of a group.</summary>
    /// <param name="group">The group.</param>
    /// <returns>The bytes from the first record that it needs to the end.</returns>
    public long HeldBytes(GroupId group)
    {
        lock (_gate)
        {
            return _groups.TryGetValue(group, out var spans) ? _endBytes - spans[0].Start.Bytes : 0;
        }
    }

    private void Add(in RecordNote note, in JournalPosition at)
    {
        if (!_groups.TryGetValue(note.Group, out var spans))
        {
            _groups.Add(note.Group, spans = []);
        }

        if (note.Base is { } slot)
        {
            Release(spans, slot);
            spans.Add(new Span(at, note.AcceptedUpTo));
        }
        else if (spans.Count == 0 || spans[^1].Start.Segment != at.Segment || at.Bytes - spans[^1].Start.Bytes >= SpanBytes)
        {
            spans.Add(new Span(at, note.AcceptedUpTo));
        }
        else if (note.AcceptedUpTo > spans[^1].AcceptedUpTo)
        {
            spans[^1] = spans[^1] with { AcceptedUpTo = note.AcceptedUpTo };
        }
    }

    // What a base makes obsolete: all but accepted entries above its slot.
    private static void Release(List<Span> spans, Slot slot) => spans.RemoveAll(span => span.AcceptedUpTo <= slot);

    /// <summary>Records of one group, all in one segment.</summary>
    /// <param name="Start">Where the first of them is.</param>
    /// <param name="AcceptedUpTo">The highest slot of the accepted entries among them.</param>
    private readonly record struct Span(JournalPosition Start, Slot AcceptedUpTo);
}
