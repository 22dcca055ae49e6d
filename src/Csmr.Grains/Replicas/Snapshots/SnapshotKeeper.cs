using Csmr.Composition.Plans;
using Csmr.Replication.Paxos;
using Csmr.Replication.Ports;

namespace Csmr.Grains.Replicas.Snapshots;

/// <summary>
/// Takes a snapshot of a replica when the journal holds much for its sake, in the background: the state is captured in one of the
/// replica's turns, at a cost that does not grow with it, and written on a thread of the store meanwhile. A witness, which has no
/// state, asks for one of another replica. Used within the log grain's turns only.
/// </summary>
/// <param name="node">The node.</param>
/// <param name="group">Its group.</param>
/// <param name="replica">The replica.</param>
/// <param name="local">The replicas of this silo.</param>
/// <param name="executor">Has the state; null at a witness.</param>
/// <param name="step">Takes a step of the node, and does what follows from it.</param>
/// <param name="clock">Drives the pauses.</param>
internal sealed class SnapshotKeeper(
    PaxosNode node, GroupPlan group, ReplicaPlan replica, LocalReplicas local, IReplicaGrain? executor, Action<Action<PaxosNode>> step, TimeProvider clock)
{
    /// <summary>Ticks between two looks at the journal.</summary>
    private const int LookTicks = 8;

    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(5);

    private readonly IJournal _journal = local.JournalOf(group);
    private readonly ISnapshotStore _store = local.SnapshotsOf(group);
    private long _ticks;
    private bool _isTaking;
    private bool _hasTaken;
    private long? _failedAt;

    /// <summary>Time goes on.</summary>
    public void Tick()
    {
        if (++_ticks % LookTicks != 0 || _isTaking || _failedAt is { } at && clock.GetElapsedTime(at) < PauseAfterFailure)
        {
            return;
        }

        if (_journal.HeldBytes(group.Id) < DueBytes() || node.Status.Role is NodeRole.Forming or NodeRole.Outcast)
        {
            return;
        }

        if (executor is null)
        {
            step(static node => node.FetchSnapshot());
        }
        else if (local.Snapshots.TryBegin())
        {
            _isTaking = true;
            _ = TakeAsync(executor);
        }
    }

    /// <summary>
    /// The first time after a start, less at the replicas with lower numbers: so the replicas of a group take their turns, and
    /// keep to them, since their journals grow alike.
    /// </summary>
    private long DueBytes()
    {
        var bytes = local.Snapshots.DueBytes(local.Options.SnapshotJournalBytes);
        return _hasTaken ? bytes : bytes * (replica.Id.Ordinal + 1) / group.Replicas.Count;
    }

    private async Task TakeAsync(IReplicaGrain executor)
    {
        try
        {
            var captured = await executor.CaptureAsync();
            if (captured.View is not { } view)
            {
                throw new SnapshotException(captured.Failure!);
            }

            if (view.Slot == Slot.None)
            {
                // Nothing is executed yet, or the state is lost and on its way here.
                return;
            }

            var saved = await _store.SaveAsync(group.Id, view.Slot, view.Write);
            local.Snapshots.Note(saved);
            (_hasTaken, _failedAt) = (true, null);
            step(node => node.Compact(saved.Slot));
        }
        catch (Exception cause)
        {
            // The journal goes on growing, and it is tried again.
            _failedAt = clock.GetTimestamp();
            local.ReportNoSnapshot(group.Id, cause);
        }
        finally
        {
            _isTaking = false;
            local.Snapshots.End();
        }
    }
}
