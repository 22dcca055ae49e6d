using Csmr.Grains.Routing;
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

    /// <summary>A digest of the state.</summary>
    /// <returns>The digest and the slot that it is of.</returns>
    [Alias("Digest"), ResponseTimeout("00:05:00")]
    Task<StateDigest> DigestAsync();
}

/// <summary>What the replica grain has to do next. Handed over by reference within one silo: nothing of it is ever serialized.</summary>
[GenerateSerializer, Immutable, Alias("csmr.ExecutionWork")]
internal sealed class ExecutionWork
{
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

/// <summary>A digest of a replica's state.</summary>
/// <param name="Slot">The last applied slot.</param>
/// <param name="Digest">The digest.</param>
[GenerateSerializer, Immutable, Alias("csmr.StateDigest")]
internal readonly record struct StateDigest([property: Id(0)] long Slot, [property: Id(1)] ulong Digest);
