using Csmr.Replication.Machine;
using Csmr.Replication.Paxos;
using Csmr.Replication.Ports;

namespace Csmr.Grains.Replicas.Snapshots;

/// <summary>Where a node goes on that has a snapshot.</summary>
internal static class SnapshotStarts
{
    /// <summary>What a node must know of a snapshot. Reads its file: not on a replica's turn.</summary>
    /// <param name="store">The snapshots.</param>
    /// <param name="snapshot">The snapshot.</param>
    /// <returns>Where it ends.</returns>
    public static SnapshotStart StartOf(this ISnapshotStore store, StoredSnapshot snapshot) =>
        new(snapshot.Slot, ViewHead.Read(store.LoadStart(snapshot, ViewHead.BytesMax)).Configuration);
}
