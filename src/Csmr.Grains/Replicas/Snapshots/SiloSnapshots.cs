using System.Collections.Concurrent;
using Csmr.Replication.Ports;

namespace Csmr.Grains.Replicas.Snapshots;

/// <summary>What the replicas of a silo share when they take snapshots: they take them one after the other. Safe for concurrent use.</summary>
internal sealed class SiloSnapshots
{
    private readonly ConcurrentDictionary<GroupId, long> _bytes = new();
    private int _isBusy;

    /// <summary>Begins to take one, unless another replica does.</summary>
    /// <returns>Whether it may; then <see cref="End"/> is to be called.</returns>
    public bool TryBegin() => Interlocked.Exchange(ref _isBusy, 1) == 0;

    /// <summary>It is taken, or was given up.</summary>
    public void End() => Volatile.Write(ref _isBusy, 0);

    /// <summary>A replica has a new snapshot.</summary>
    /// <param name="snapshot">The snapshot.</param>
    public void Note(in StoredSnapshot snapshot) => _bytes[snapshot.Group] = snapshot.FileBytes;

    /// <summary>
    /// How much the journal may hold for a replica before it takes a snapshot: as much as all snapshots of the silo, so that
    /// writing them costs no more than the journal itself, and the disk no more than a small multiple of the state.
    /// </summary>
    /// <param name="bytesMin">The least.</param>
    /// <returns>The bytes.</returns>
    public long DueBytes(long bytesMin) => Math.Max(bytesMin, _bytes.Values.Sum());
}
