using Csmr.Replication.Machine;

namespace Csmr.TestKit.Simulation;

/// <summary>A replica's process and machine room.</summary>
internal sealed class TimedHost(SimulatedReplica replica)
{
    /// <summary>The replica.</summary>
    public SimulatedReplica Replica { get; } = replica;

    /// <summary>Its replicated state, made anew in every life.</summary>
    public ReplicatedMachine? Machine { get; set; }

    /// <summary>What came while it stood still.</summary>
    public List<SimulatedEvent> Backlog { get; } = [];

    /// <summary>How many faults make it stand still now.</summary>
    public int Pauses { get; set; }

    /// <summary>How many faults make its disk slow now.</summary>
    public int SlowDisks { get; set; }

    /// <summary>Whether a flush is under way.</summary>
    public bool IsFlushing { get; set; }

    /// <summary>Whether a part of a snapshot is being read or written.</summary>
    public bool IsFileBusy { get; set; }

    /// <summary>How far its wall clock is ahead.</summary>
    public long ClockOffsetMs { get; set; }

    /// <summary>The life that ends soon, since it has handed over; 0 for none.</summary>
    public int StopsLife { get; set; }

    /// <summary>Before which of its next sends it crashes; 0 for none.</summary>
    public int CrashAfterSends { get; set; }

    /// <summary>How long it stays down after that.</summary>
    public long CrashedForUs { get; set; }

    /// <summary>How long it stays down after a crash at the end of its next flush; 0 for none.</summary>
    public long CrashAtFlushForUs { get; set; }
}
