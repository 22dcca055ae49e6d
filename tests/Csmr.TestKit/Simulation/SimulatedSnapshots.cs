using Csmr.Replication.Paxos;

namespace Csmr.TestKit.Simulation;

/// <summary>
/// The snapshots on one replica's disk: whole ones by their slots, and one that is being received. The bytes of a file follow
/// from its slot, as they do at every replica, so that a file put together wrongly is found when it is published.
/// </summary>
internal sealed class SimulatedSnapshots
{
    private const int FileBytes = 40;
    private const int PartBytes = 16;

    private readonly SortedSet<long> _published = [];
    private readonly List<byte> _incoming = [];
    private long _incomingSlot;

    /// <summary>The slot of the newest one; 0 for none.</summary>
    public long Newest => _published.Max;

    /// <summary>Whether a transfer had begun in an earlier life or at another source and went on.</summary>
    public bool HasResumed { get; private set; }

    /// <summary>Whether there is a whole one at a slot.</summary>
    /// <param name="slot">The slot.</param>
    /// <returns>Whether.</returns>
    public bool Has(Slot slot) => _published.Contains(slot.Number);

    /// <summary>One is published.</summary>
    /// <param name="slot">Its slot.</param>
    public void Publish(long slot) => _published.Add(slot);

    /// <summary>Older ones are deleted.</summary>
    /// <param name="below">The slot of the one that stays.</param>
    public void Forget(Slot below) => _published.RemoveWhere(slot => slot < below.Number);

    /// <summary>All are lost, or found damaged at the next start.</summary>
    public void Lose() => _published.Clear();

    /// <summary>An empty disk.</summary>
    public void Reset()
    {
        _published.Clear();
        _incoming.Clear();
        (_incomingSlot, HasResumed) = (0, false);
    }

    /// <summary>A crash: of what was being received, the last part may be lost.</summary>
    /// <param name="keeps">Whether it is kept.</param>
    public void Crash(bool keeps)
    {
        if (!keeps)
        {
            _incoming.Clear();
        }
    }

    /// <summary>Reads a part for a peer.</summary>
    /// <param name="ask">What it asks for.</param>
    /// <returns>The part.</returns>
    public SnapshotPart Read(SnapshotAsk ask)
    {
        var isSame = Has(ask.Slot);
        var slot = isSame ? ask.Slot.Number : Newest;
        var offset = isSame ? (int)Math.Min(ask.Offset, FileBytes) : 0;
        return slot < ask.AtLeast.Number || slot == 0
            ? new SnapshotPart(Slot.None, 0, 0, default)
            : new SnapshotPart(new Slot(slot), FileBytes, offset, ContentOf(slot).AsMemory(offset, Math.Min(PartBytes, FileBytes - offset)));
    }

    /// <summary>Writes a part.</summary>
    /// <param name="part">The part.</param>
    /// <returns>The first byte that is missing now.</returns>
    public long Write(SnapshotPart part)
    {
        if (_incomingSlot != part.Slot.Number)
        {
            _incoming.Clear();
            _incomingSlot = part.Slot.Number;
        }

        HasResumed |= part.Offset == 0 && _incoming.Count > 0;
        if (part.Offset == _incoming.Count)
        {
            _incoming.AddRange(part.Bytes.Span);
        }

        return _incoming.Count;
    }

    /// <summary>Publishes what was received, where it is whole.</summary>
    /// <returns>The slot; 0 where it is not whole.</returns>
    public long PublishReceived()
    {
        if (_incoming.Count < FileBytes)
        {
            return 0;
        }

        if (!ContentOf(_incomingSlot).AsSpan().SequenceEqual(_incoming.ToArray()))
        {
            throw new ViolationException("S3", $"the snapshot at slot {_incomingSlot} was put together wrongly");
        }

        _incoming.Clear();
        Publish(_incomingSlot);
        return _incomingSlot;
    }

    private static byte[] ContentOf(long slot) =>
        [.. Enumerable.Range(0, FileBytes).Select(i => (byte)SimulationRandom.Mix(((ulong)slot << 8) + (ulong)i))];
}
