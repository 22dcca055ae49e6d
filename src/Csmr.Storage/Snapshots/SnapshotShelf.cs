using Csmr.Replication.Ports;

namespace Csmr.Storage.Snapshots;

/// <summary>The published snapshots of one group. Used under the store's lock.</summary>
/// <param name="group">The group.</param>
/// <param name="slots">The slots of the files that are there, not yet read.</param>
internal sealed class SnapshotShelf(GroupId group, IEnumerable<Slot> slots)
{
    private readonly SortedDictionary<Slot, Entry> _entries = new(slots.ToDictionary(static slot => slot, static _ => new Entry()));
    private Slot _forgotten;

    /// <summary>The reception that goes on, or was the last.</summary>
    public IncomingSnapshot? Incoming { get; set; }

    /// <summary>The newest slot; null where there is none.</summary>
    public Slot? Newest => _entries.Count == 0 ? null : _entries.Keys.Last();

    /// <summary>Puts one there that was verified.</summary>
    /// <param name="slot">Its slot.</param>
    /// <param name="fileBytes">Its size.</param>
    /// <returns>The snapshot.</returns>
    public StoredSnapshot Add(Slot slot, long fileBytes)
    {
        _entries[slot] = new Entry { FileBytes = fileBytes };
        return new StoredSnapshot(group, slot, fileBytes);
    }

    /// <summary>Takes one away.</summary>
    /// <param name="slot">Its slot.</param>
    public void Remove(Slot slot) => _entries.Remove(slot);

    /// <summary>Looks one up.</summary>
    /// <param name="slot">Its slot.</param>
    /// <param name="snapshot">The snapshot; null where it was not verified yet.</param>
    /// <returns>Whether there is one.</returns>
    public bool TryGet(Slot slot, out StoredSnapshot? snapshot)
    {
        var isThere = _entries.TryGetValue(slot, out var entry);
        snapshot = entry?.FileBytes is { } fileBytes ? new StoredSnapshot(group, slot, fileBytes) : null;
        return isThere;
    }

    /// <summary>Notes that one is read by a peer.</summary>
    /// <param name="slot">Its slot.</param>
    /// <param name="now">The clock's time stamp.</param>
    public void Read(Slot slot, long now)
    {
        if (_entries.TryGetValue(slot, out var entry))
        {
            entry.ReadAt = now;
        }
    }

    /// <summary>Those below a slot may go.</summary>
    /// <param name="below">The slot.</param>
    public void Forget(Slot below) => _forgotten = below > _forgotten ? below : _forgotten;

    /// <summary>Takes away what may go and nobody reads; never the newest.</summary>
    /// <param name="isOver">Whether a reader of a time stamp is taken to have gone.</param>
    /// <returns>The slots.</returns>
    public IReadOnlyList<Slot> TakeForgotten(Func<long, bool> isOver)
    {
        var below = _forgotten < Newest ? _forgotten : Newest;
        List<Slot> gone = [.. _entries
            .Where(entry => entry.Key < below && (entry.Value.ReadAt is not { } readAt || isOver(readAt)))
            .Select(static entry => entry.Key)];
        gone.ForEach(slot => _entries.Remove(slot));
        return gone;
    }

    private sealed class Entry
    {
        /// <summary>Its size; null as long as it was not verified.</summary>
        public long? FileBytes { get; init; }

        /// <summary>When a peer read it last.</summary>
        public long? ReadAt { get; set; }
    }
}
