using Csmr.Replication.Machine;

namespace Csmr.TestKit.Simulation;

/// <content>Snapshots of replicas, and the files that carry them to others.</content>
internal sealed partial class TimedGroup
{
    private readonly SimulationRandom _files;

    /// <summary>What a snapshot at a slot holds: the same at every replica (S2). Its file is simulated apart from it (<see cref="SimulatedSnapshots"/>).</summary>
    private readonly Dictionary<long, byte[]> _contents = [];

    /// <inheritdoc/>
    void IReplicaSurroundings.FilesWait(SimulatedReplica replica)
    {
        var host = Hosts[replica.Ordinal];
        if (!host.IsFileBusy)
        {
            host.IsFileBusy = true;
            var duration = IsHealed ? Plan.FlushUs : _files.HeavyTailed(host.SlowDisks > 0 ? Plan.FlushUs * 100 : Plan.FlushUs, Plan.FlushTail, 2_000_000);
            Schedule(duration, EventKind.FileWork, replica.Ordinal, replica.Life);
        }
    }

    /// <inheritdoc/>
    void IReplicaSurroundings.Restored(SimulatedReplica replica, Slot slot)
    {
        var host = Hosts[replica.Ordinal];
        var isStart = host.Machine!.AppliedUpTo == Slot.None && host.Replica.Status.ChosenUpTo == Slot.None;
        host.Machine = _engine.NewMachine(this);
        host.Machine.Restore(_contents[slot.Number]);
        if (host.Machine.AppliedUpTo != slot)
        {
            throw new ViolationException("S2", $"r{replica.Ordinal}: the snapshot at slot {slot} is of slot {host.Machine.AppliedUpTo}");
        }

        _probes.Hit(isStart ? Probe.StartedFromSnapshot : Probe.SnapshotInstalled);
        _engine.Restored(this, host);
    }

    private void BeginSnapshots()
    {
        for (var ordinal = 0; Plan.SnapshotUs > 0 && ordinal < Hosts.Length; ordinal++)
        {
            Schedule(_files.Between(0, Plan.SnapshotUs), EventKind.Snapshot, ordinal);
        }
    }

    private void Snapshot(TimedHost host)
    {
        Schedule(Plan.SnapshotUs + _files.Between(0, Plan.SnapshotUs), EventKind.Snapshot, host.Replica.Ordinal);
        if (!host.Replica.IsUp)
        {
            return;
        }

        if (!IsExecuting(host))
        {
            host.Replica.FetchSnapshot();
            return;
        }

        Note(host.Machine!);
        host.Replica.SaveSnapshot();
    }

    // S2: at one slot all replicas' snapshots have the same bytes.
    private void Note(ReplicatedMachine machine)
    {
        var writer = new WireWriter();
        machine.Capture().Write(writer);
        var content = writer.ToArray();
        if (!_contents.TryAdd(machine.AppliedUpTo.Number, content) && !_contents[machine.AppliedUpTo.Number].AsSpan().SequenceEqual(content))
        {
            throw new ViolationException("S2", $"two snapshots at slot {machine.AppliedUpTo} have different bytes");
        }
    }

    private static void WorkOnFiles(TimedHost host, int life)
    {
        if (host.Replica.Life != life)
        {
            return;
        }

        host.IsFileBusy = false;
        if (host.Replica.IsUp)
        {
            host.Replica.DoFileWork();
        }
    }

    private void LoseSnapshots(TimedHost host)
    {
        Crash(host);
        _probes.Hit(Probe.SnapshotLost);
        host.Replica.Snapshots.Lose();
    }
}
