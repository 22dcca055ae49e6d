namespace Csmr.Replication.Paxos;

/// <summary>
/// What this replica has accepted, by slot: the newest ballot and its entry. May have holes above the chosen prefix. It starts behind
/// <see cref="Base"/>: what a snapshot covers need not be kept.
/// </summary>
internal sealed class PaxosLog
{
    /// <summary>Slots beyond the last one that a message may reach: more is damage, not lag.</summary>
    public const long GapMax = 1 << 20;

    private readonly List<(Ballot Ballot, ReadOnlyMemory<byte> Entry)> _slots = [];
    private long _bytes;

    /// <summary>S4: every slot up to here is chosen, and its entry is gone. Never goes down.</summary>
    public Slot Base { get; private set; }

    /// <summary>The highest slot with an entry; <see cref="Base"/> where there is none.</summary>
    public Slot Last => new(Base.Number + _slots.Count);

    /// <summary>The ballot in which the slot's entry was accepted; none for a hole and for what is gone.</summary>
    public Ballot BallotOf(Slot slot) => Has(slot) ? _slots[Index(slot)].Ballot : Ballot.None;

    /// <summary>The slot's entry.</summary>
    public ReadOnlyMemory<byte> EntryOf(Slot slot) => _slots[Index(slot)].Entry;

    /// <summary>Whether the slot has an entry here.</summary>
    public bool Has(Slot slot) =>
        slot > Base && slot <= Last && _slots[Index(slot)].Ballot != Ballot.None;

    /// <summary>Puts an entry into a slot.</summary>
    public void Set(Slot slot, Ballot ballot, ReadOnlyMemory<byte> entry)
    {
        Invariant.Require(slot > Base && slot.Number <= Last.Number + GapMax + 1, "A1");
        while (Last < slot)
        {
            _slots.Add(default);
        }

        _bytes += entry.Length - _slots[Index(slot)].Entry.Length;
        _slots[Index(slot)] = (ballot, entry);
    }

    /// <summary>Drops the entries up to a slot, the oldest first, but those that fit into a number of bytes with all that is behind them.</summary>
    /// <param name="slot">The slot, which a snapshot of this replica covers.</param>
    /// <param name="retainedBytes">The bytes of entries that may stay.</param>
    public void DropUpTo(Slot slot, long retainedBytes)
    {
        var count = 0;
        while (count < _slots.Count && Base.Number + count < slot.Number && _bytes > retainedBytes)
        {
            _bytes -= _slots[count].Entry.Length;
            count++;
        }

        _slots.RemoveRange(0, count);
        Base = new Slot(Base.Number + count);
        if (Last < slot)
        {
            // A snapshot from elsewhere, ahead of the log: whatever is here lies below it.
            _slots.Clear();
            (_bytes, Base) = (0, slot);
        }
    }

    private int Index(Slot slot) => (int)(slot.Number - Base.Number - 1);
}
