using Csmr.Grains.Routing;
using Csmr.Replication.Machine;
using Csmr.Replication.Paxos;

namespace Csmr.Grains.Replicas;

/// <summary>
/// The executing half of a replica: owns the replicated state. Called by the log grain of the same key alone, so always
/// within one silo.
/// </summary>
[Alias("csmr.IReplicaGrain")]
internal interface IReplicaGrain : IGrainWithStringKey
{
    /// <summary>Applies chosen entries in order, then answers reads.</summary>
    /// <param name="work">The entries and reads.</param>
    /// <returns>The answers of those that someone waits for.</returns>
    [Alias("Execute"), ResponseTimeout("01:00:00")]
    Task<ExecutionResult> ExecuteAsync(ExecutionWork work);

    /// <summary>Forgets the state: another replica of the group begins here.</summary>
    /// <returns>Completes when that is done, and all that was handed over before.</returns>
    [Alias("Reset"), ResponseTimeout("00:05:00")]
    Task ResetAsync();

    /// <summary>Packs messages that lie in the outbox to another group.</summary>
    /// <param name="to">The group.</param>
    /// <param name="after">The number of the last message that it is known to have received.</param>
    /// <returns>The proposal for the other group's log.</returns>
    [Alias("PackOutgoing"), ResponseTimeout("00:05:00")]
    Task<byte[]> PackOutgoingAsync(string to, long after);

    /// <summary>The composite operations that are not exposed here.</summary>
    /// <param name="nowMs">The group's time, which goes on while no entry comes.</param>
    /// <returns>How many there are, and the oldest ones.</returns>
    [Alias("Pending"), ResponseTimeout("00:05:00")]
    Task<PendingStatus> PendingAsync(long nowMs);

    /// <summary>Captures the state as it is now, to be written elsewhere while executing goes on.</summary>
    /// <returns>The state, or why it cannot be had.</returns>
    [Alias("Capture"), ResponseTimeout("01:00:00")]
    Task<CapturedState> CaptureAsync();
}

/// <summary>What the replica grain has to do next. Handed over by reference within one silo: nothing of it is ever serialized.</summary>
[GenerateSerializer, Immutable, Alias("csmr.ExecutionWork")]
internal sealed class ExecutionWork
{
    /// <summary>The slot of a snapshot that first of all replaces the state; <see cref="Slot.None"/> for nothing.</summary>
    [field: NonSerialized]
    public Slot Restore { get; set; }

    /// <summary>Chosen entries, in slot order.</summary>
    [field: NonSerialized]
    public List<Delivery> Deliveries { get; } = [];

    /// <summary>Reads, to be answered after the entries.</summary>
    [field: NonSerialized]
    public List<PendingRead> Reads { get; } = [];

    /// <summary>Questions how requests stand, to be answered after the entries, when there is something to tell.</summary>
    [field: NonSerialized]
    public List<PendingRead> Awaits { get; } = [];
}

/// <summary>A batch of reads, or of requests asked for.</summary>
/// <param name="Token">Its token.</param>
/// <param name="Batch">The packed batch.</param>
internal readonly record struct PendingRead(long Token, byte[] Batch);

/// <summary>The answers. Handed over by reference within one silo.</summary>
[GenerateSerializer, Immutable, Alias("csmr.ExecutionResult")]
internal sealed class ExecutionResult
{
    /// <summary>The packed replies by the token of the proposal or read.</summary>
    [field: NonSerialized]
    public List<(long Token, byte[] Replies)> Answers { get; } = [];

    /// <summary>The groups for which messages lie in the outbox, with the numbers of the oldest and the newest one.</summary>
    [field: NonSerialized]
    public List<(GroupId To, long Oldest, long Newest)> Outgoing { get; } = [];

    /// <summary>The last applied slot.</summary>
    [Id(0)]
    public long AppliedUpTo { get; set; }

    /// <summary>The group's time at that slot, in milliseconds.</summary>
    [Id(1)]
    public long TimeMs { get; set; }
}

/// <summary>The state of a replica at one slot. Handed over by reference within one silo.</summary>
[GenerateSerializer, Immutable, Alias("csmr.CapturedState")]
internal sealed class CapturedState
{
    /// <summary>The state, which changes no more; null where the state machine has failed to give it.</summary>
    [field: NonSerialized]
    public MachineView? View { get; init; }

    /// <summary>What it failed with.</summary>
    [Id(0)]
    public string? Failure { get; init; }
}
