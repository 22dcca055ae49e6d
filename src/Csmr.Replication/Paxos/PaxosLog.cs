namespace Csmr.Replication.Paxos;

/// <summary>What this replica has accepted, by slot: the newest ballot and its entry. May have holes above the chosen prefix.</summary>
internal sealed class PaxosLog
{
    /// <summary>Slots beyond the last one that a message may reach: more is damage, not lag.</summary>
    public const long GapMax = 1 << 20;

    private readonly List<(Ballot Ballot, ReadOnlyMemory<byte> Entry)> _slots = [];

    /// <summary>The highest slot with an entry.</summary>
    public Slot Last => new(_slots.Count);

    /// <summary>The ballot in which the slot's entry was accepted; none for a hole.</summary>
    public Ballot BallotOf(Slot slot) => Has(slot) ? _slots[Index(slot)].Ballot : Ballot.None;

    /// <summary>The slot's entry.</summary>
    public ReadOnlyMemory<byte> EntryOf(Slot slot) => _slots[Index(slot)].Entry;

    /// <summary>Whether the slot has an entry.</summary>
    public bool Has(Slot slot) =>
        slot.Number >= 1 && slot.Number <= _slots.Count && _slots[Index(slot)].Ballot != Ballot.None;

    /// <summary>Puts an entry into a slot.</summary>
    public void Set(Slot slot, Ballot ballot, ReadOnlyMemory<byte> entry)
    {
        Invariant.Require(slot.Number >= 1 && slot.Number <= _slots.Count + GapMax + 1, "A1");
        while (_slots.Count < slot.Number)
        {
            _slots.Add(default);
        }

        _slots[Index(slot)] = (ballot, entry);
    }

    private static int Index(Slot slot) => (int)(slot.Number - 1);
}
