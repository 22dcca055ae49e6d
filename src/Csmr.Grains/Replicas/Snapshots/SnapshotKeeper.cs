using System.Buffers;
using Csmr.Composition.Plans;
using Csmr.Replication.Paxos;
using Csmr.Replication.Ports;

namespace Csmr.Grains.Replicas.Snapshots;

/// <summary>
/// Takes a snapshot of a replica when the journal holds much for its sake, or a peer needs a newer one than there is; in the background:
/// the state is captured in one of the replica's turns, at a cost that does not grow with it, and written on a thread of the store
/// meanwhile. A witness, which has no state, asks for one of another replica. Used within the log grain's turns only.
/// </summary>
/// <param name="node">The node.</param>
/// <param name="group">Its group.</param>
/// <param name="local">The replicas of this silo.</param>
/// <param name="executor">Has the state; null at a witness.</param>
/// <param name="executedUpTo">Tells the last slot that is executed.</param>
/// <param name="step">Takes a step of the node, and does what follows from it.</param>
/// <param name="clock">Drives the pauses.</param>
internal sealed class SnapshotKeeper(
    PaxosNode node, GroupPlan group, LocalReplicas local, IReplicaGrain? executor, Func<long> executedUpTo, Action<Action<PaxosNode>> step, TimeProvider clock)
{
    /// <summary>Ticks between two looks at the journal.</summary>
    private const int LookTicks = 8;

    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(5);

    private readonly IJournal _journal = local.JournalOf(group);
    private readonly ISnapshotStore _store = local.SnapshotsOf(group);
    private readonly Slot _chosenAtStart = node.Status.ChosenUpTo;
    private long _ticks;
    private bool _isTaking;
    private bool _hasTaken;
    private long? _failedAt;
    private Slot _wanted;

    /// <summary>
    /// A peer needs a snapshot at a slot or behind it. On an idle group nothing else would ever have one taken. Asked again and again,
    /// one is taken, since it serves all who ask for its slot or an earlier one.
    /// </summary>
    /// <param name="atLeast">The slot.</param>
    public void Want(Slot atLeast)
    {
        if (executor is not null && atLeast > _wanted && atLeast <= node.Status.ChosenUpTo)
        {
            _wanted = atLeast;
        }
    }

    /// <summary>Time goes on.</summary>
    public void Tick()
    {
        if (++_ticks % LookTicks != 0 || _isTaking || _failedAt is { } at && clock.GetElapsedTime(at) < PauseAfterFailure)
        {
            return;
        }

        if (executor is not null && executedUpTo() < _chosenAtStart.Number)
        {
            // After a start the log is executed again first: a snapshot on the way would stand for little of it.
            return;
        }

        var newest = _store.Find(group.Id)?.Slot ?? Slot.None;
        var isDue = _journal.HeldBytes(group.Id) >= DueBytes();
        if ((!isDue && _wanted <= newest) || node.Status.Role is NodeRole.Forming or NodeRole.Outcast)
        {
            return;
        }

        if (executor is null && newest < node.Status.ChosenUpTo)
        {
            step(static node => node.FetchSnapshot());
        }
        else if (local.Snapshots.TryBegin())
        {
            _isTaking = true;
            _ = TakeAsync(isDue ? Slot.None : _wanted, newest);
        }
    }

    /// <summary>
    /// The first time after a start, less at the replicas with lower numbers: so the replicas of a group take their turns, and
    /// keep to them, since their journals grow alike.
    /// </summary>
    private long DueBytes()
    {
        var bytes = local.Snapshots.DueBytes(local.Options.SnapshotJournalBytes);
        var members = node.Configuration.Members;
        return _hasTaken ? bytes : bytes * (1 + members.Count(member => member.Id.Ordinal < node.Options.Self.Ordinal)) / Math.Max(1, members.Count);
    }

    private async Task TakeAsync(Slot atLeast, Slot newest)
    {
        try
        {
            var (slot, write) = executor is null ? (newest, WriteNothing) : await CaptureAsync(executor);
            if (slot == Slot.None || slot < atLeast)
            {
                // Nothing is executed yet, or not as far as is wanted, or the state is lost and on its way here.
                return;
            }

            var saved = await _store.SaveAsync(group.Id, slot, write);
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

    private static async Task<(Slot Slot, Action<IBufferWriter<byte>> Write)> CaptureAsync(IReplicaGrain executor)
    {
        var captured = await executor.CaptureAsync();
        return captured.View is { } view ? (view.Slot, view.Write) : throw new InvalidOperationException(captured.Failure);
    }

    // The store verifies the one it has: that is all there is to do for a witness that has the newest of a group where nothing happens.
    private static void WriteNothing(IBufferWriter<byte> output) => throw new InvalidOperationException("the witness's own snapshot is there no more");
}
