using Csmr.Replication.Ports;
using Csmr.Storage.Format;

namespace Csmr.Storage.Writing;

/// <summary>What the journal knows of a group.</summary>
/// <param name="group">The group.</param>
internal sealed class JournalGroup(GroupId group)
{
    /// <summary>The group.</summary>
    public GroupId Id { get; } = group;

    /// <summary>Whether its records were handed over: only then may it append.</summary>
    public bool IsRecovered { get; set; }

    /// <summary>The batch that introduced it last.</summary>
    public BatchBuffer? Batch { get; set; }

    /// <summary>The filling of that batch that introduced it (a batch's buffer is used again).</summary>
    public long Filling { get; set; }

    /// <summary>Its number in that batch.</summary>
    public int Number { get; set; }

    /// <summary>The place of its newest note in that batch.</summary>
    public int Note { get; set; }

    /// <summary>S1: the slot of its last base, queued or durable. Never goes down.</summary>
    public Slot Base { get; set; }
}

/// <summary>
/// A batch being filled: the one place to which a record's bytes are copied, and from which they are written to the file.
/// All who appended to it wait for the same task.
/// </summary>
internal sealed class BatchBuffer
{
    private const int RetainedBytesMax = 4 * 1024 * 1024;

    private WireWriter _writer = new(64 * 1024);
    private TaskCompletionSource _completion = NewCompletion();
    private readonly List<RecordNote> _notes = [];
    private long _filling;
    private int _groupCount;

    /// <summary>Makes an empty one.</summary>
    public BatchBuffer() => Clear();

    /// <summary>The number of records in it.</summary>
    public int RecordCount { get; private set; }

    /// <summary>What its records mean for the segments that are needed.</summary>
    public IReadOnlyList<RecordNote> Notes => _notes;

    /// <summary>Where the journal begins, if the batch says so; else 0.</summary>
    public long Start { get; private set; }

    /// <summary>The size so far, without padding.</summary>
    public int LengthBytes => _writer.Length;

    /// <summary>Completes when the batch is durable.</summary>
    public Task Durable => _completion.Task;

    /// <summary>Puts a record into the batch.</summary>
    /// <param name="group">Its group.</param>
    /// <param name="record">The record.</param>
    public void Add(JournalGroup group, in JournalRecord record)
    {
        if (group.Batch != this || group.Filling != _filling)
        {
            RecordCodec.WriteGroup(_writer, group.Id);
            (group.Batch, group.Filling, group.Number) = (this, _filling, _groupCount++);
            Note(group, RecordNote.Of(group.Id, record));
        }
        else if (record.Kind == JournalRecordKind.Base)
        {
            Note(group, RecordNote.Of(group.Id, record));
        }
        else
        {
            _notes[group.Note] = _notes[group.Note].With(record);
        }

        RecordCodec.WriteRecord(_writer, group.Number, record);
        RecordCount++;
    }

    /// <summary>Says in the batch where the journal begins. A few bytes, for which there is always room; at most once in a batch.</summary>
    /// <param name="segment">The first segment that is needed.</param>
    public void AddStart(long segment)
    {
        RecordCodec.WriteStart(_writer, segment);
        Start = segment;
    }

    /// <summary>Pads the batch to full sectors.</summary>
    /// <param name="bodyBytes">The size of its body.</param>
    /// <returns>The frame, to be sealed.</returns>
    public Span<byte> Frame(out int bodyBytes)
    {
        bodyBytes = _writer.Length - BatchFrame.HeaderBytes;
        AddZeros(BatchFrame.FrameBytes(bodyBytes) - _writer.Length);
        return _writer.Patch(0, _writer.Length);
    }

    /// <summary>Tells all who wait that the batch is durable.</summary>
    public void Complete() => _completion.TrySetResult();

    /// <summary>Tells all who wait that nobody knows.</summary>
    /// <param name="failure">Why.</param>
    public void Fail(Exception failure)
    {
        if (RecordCount > 0)
        {
            _completion.TrySetException(failure);
        }
    }

    /// <summary>Makes it an empty batch again.</summary>
    public void Clear()
    {
        if (_writer.Length > RetainedBytesMax)
        {
            _writer = new WireWriter(64 * 1024);
        }

        _writer.Clear();
        AddZeros(BatchFrame.HeaderBytes);
        _notes.Clear();
        (RecordCount, _groupCount, Start) = (0, 0, 0);
        _filling++;
        if (_completion.Task.IsCompleted)
        {
            _completion = NewCompletion();
        }
    }

    private void Note(JournalGroup group, in RecordNote note)
    {
        group.Note = _notes.Count;
        _notes.Add(note);
    }

    private void AddZeros(int count)
    {
        _writer.GetSpan(count)[..count].Clear();
        _writer.Advance(count);
    }

    private static TaskCompletionSource NewCompletion() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
