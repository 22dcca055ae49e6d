using Csmr.Replication.Paxos;

namespace Csmr.TestKit.Simulation;

/// <summary>For each slot the values it had in ballots, newest first, in one flat list: nothing is allocated per slot.</summary>
internal sealed class SlotChains
{
    private int[] _heads = new int[64];
    private Link[] _links = new Link[256];

    /// <summary>The number of links.</summary>
    public int Count { get; private set; }

    /// <summary>The highest slot that has a link, over all that was added since the last <see cref="Clear"/>.</summary>
    public long SlotMax { get; private set; }

    /// <summary>A link.</summary>
    /// <param name="index">Its index.</param>
    public ref readonly Link this[int index] => ref _links[index];

    /// <summary>The newest link of a slot.</summary>
    /// <param name="slot">The slot.</param>
    /// <returns>Its index, or -1.</returns>
    public int Head(long slot) => slot < _heads.Length ? _heads[slot] - 1 : -1;

    /// <summary>The newest link of a slot in a ballot.</summary>
    /// <param name="slot">The slot.</param>
    /// <param name="ballot">The ballot.</param>
    /// <returns>Its index, or -1.</returns>
    public int Find(long slot, Ballot ballot)
    {
        var index = Head(slot);
        while (index >= 0 && _links[index].Ballot != ballot)
        {
            index = _links[index].Previous;
        }

        return index;
    }

    /// <summary>Adds a link.</summary>
    /// <param name="slot">The slot.</param>
    /// <param name="ballot">The ballot.</param>
    /// <param name="digest">The value's digest.</param>
    public void Add(long slot, Ballot ballot, ulong digest)
    {
        if (slot >= _heads.Length)
        {
            Array.Resize(ref _heads, (int)Math.Max(slot + 1, _heads.Length * 2));
        }

        if (Count == _links.Length)
        {
            Array.Resize(ref _links, Count * 2);
        }

        _links[Count] = new Link(slot, ballot, digest, _heads[slot] - 1);
        _heads[slot] = ++Count;
        SlotMax = Math.Max(SlotMax, slot);
    }

    /// <summary>Removes the newest links until so many are left.</summary>
    /// <param name="count">How many.</param>
    public void Cut(int count)
    {
        while (Count > count)
        {
            ref readonly var last = ref _links[--Count];
            _heads[last.Slot] = last.Previous + 1;
        }
    }

    /// <summary>Removes all.</summary>
    public void Clear()
    {
        Cut(0);
        SlotMax = 0;
    }

    /// <summary>A value that a slot had in a ballot.</summary>
    /// <param name="Slot">The slot.</param>
    /// <param name="Ballot">The ballot.</param>
    /// <param name="Digest">The value's digest.</param>
    /// <param name="Previous">The index of the slot's link before this one, or -1.</param>
    internal readonly record struct Link(long Slot, Ballot Ballot, ulong Digest, int Previous);
}
