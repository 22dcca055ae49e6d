using Csmr.Replication.Ports;

namespace Csmr.TestKit.Simulation;

/// <summary>The journal of one replica: what was appended, and how much of it is durable. A crash loses the rest, or a tail of it.</summary>
internal sealed class SimulatedDisk
{
    private readonly List<JournalRecord> _records = [];

    /// <summary>The number of records appended and not lost.</summary>
    public int Count => _records.Count;

    /// <summary>The number of records that a crash cannot lose.</summary>
    public int DurableCount { get; private set; }

    /// <summary>What the node calls the first record of this life, less its index.</summary>
    public long NumberOffset { get; private set; }

    /// <summary>Whether the offset is known: something was appended in this life.</summary>
    private bool _hasOffset;

    /// <summary>A record.</summary>
    /// <param name="index">Its index.</param>
    public JournalRecord this[int index] => _records[index];

    /// <summary>Appends what a step left.</summary>
    /// <param name="records">The records.</param>
    /// <param name="recordsUpTo">The node's number of the last of them.</param>
    public void Append(List<JournalRecord> records, long recordsUpTo)
    {
        _records.AddRange(records);
        var offset = recordsUpTo - _records.Count;
        if (_hasOffset && offset != NumberOffset)
        {
            throw new ViolationException("H1", $"the numbers of records have a gap: {recordsUpTo} after {NumberOffset + _records.Count - records.Count}");
        }

        (NumberOffset, _hasOffset) = (offset, true);
    }

    /// <summary>More of the records are durable.</summary>
    /// <param name="count">How many in all.</param>
    public void Flush(int count) => DurableCount = Math.Max(DurableCount, count);

    /// <summary>A crash: what is not durable is lost.</summary>
    public void Crash()
    {
        _records.RemoveRange(DurableCount, _records.Count - DurableCount);
        _hasOffset = false;
    }

    /// <summary>A defect of a disk: one record vanishes.</summary>
    /// <param name="index">Which.</param>
    public void RemoveAt(int index)
    {
        _records.RemoveAt(index);
        DurableCount = Math.Min(DurableCount, _records.Count);
    }

    /// <summary>A disk with given durable records.</summary>
    /// <param name="records">The records.</param>
    public void Reset(IReadOnlyList<JournalRecord> records)
    {
        _records.Clear();
        _records.AddRange(records);
        DurableCount = _records.Count;
        _hasOffset = false;
    }

    /// <summary>What a restart finds.</summary>
    /// <returns>
    /// All durable records, in order; where there is a base, the last one first, then the older entries above its slot, then what
    /// is behind it.
    /// </returns>
    public JournalRecord[] Recover()
    {
        var last = _records.FindLastIndex(static record => record.Kind == JournalRecordKind.Base);
        return last < 0
            ? [.. _records]
            : [
                _records[last],
                .. _records.Take(last).Where(record => record.Kind == JournalRecordKind.Accepted && record.Slot > _records[last].Slot),
                .. _records.Skip(last + 1),
            ];
    }
}
