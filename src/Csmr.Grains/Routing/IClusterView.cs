namespace Csmr.Grains.Routing;

/// <summary>What this silo knows about the groups of the composition: for readiness, for status pages and for people.</summary>
public interface IClusterView
{
    /// <summary>
    /// Whether every group has a leader that serves and that this silo has reached a moment ago. A field read: kept up to
    /// date in the background.
    /// </summary>
    bool IsReady { get; }

    /// <summary>Which replicas of this silo do not take part, as of a moment ago; null for a silo that has no replicas. A field read, too.</summary>
    LocalReplicaStatus? LocalReplicas { get; }

    /// <summary>Asks every replica for its status, each for a short time.</summary>
    /// <param name="cancellationToken">Ends the asking.</param>
    /// <returns>The status; a replica that did not answer in time is told as not reachable.</returns>
    Task<ClusterStatus> GetStatusAsync(CancellationToken cancellationToken = default);

    /// <summary>Asks one group's replicas for their status and for a digest of their state.</summary>
    /// <param name="group">The group.</param>
    /// <param name="cancellationToken">Ends the asking.</param>
    /// <returns>The status with digests; null where there is no such group.</returns>
    Task<GroupStatus?> GetGroupAsync(GroupId group, CancellationToken cancellationToken = default);
}

/// <summary>The cluster at one moment, as one silo sees it.</summary>
/// <param name="Silo">The silo that tells.</param>
/// <param name="IsReady">Whether every group has a leader that serves and can be reached.</param>
/// <param name="Silos">The silos known to membership, the newest of each name.</param>
/// <param name="Groups">The groups, in order of their names.</param>
public sealed record ClusterStatus(string Silo, bool IsReady, IReadOnlyList<SiloEntry> Silos, IReadOnlyList<GroupStatus> Groups);

/// <summary>The replicas of this silo.</summary>
/// <param name="Absent">Those that do not take part in their group, or not with everything that is chosen, and why.</param>
public sealed record LocalReplicaStatus(IReadOnlyDictionary<GroupId, string> Absent);

/// <summary>A silo as membership knows it. A hint for people: nothing rests on it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Address">Its address and generation.</param>
/// <param name="Status">Its membership status (<c>Active</c>, <c>Joining</c>, <c>ShuttingDown</c>, <c>Dead</c> …).</param>
public sealed record SiloEntry(string Name, string Address, string Status);

/// <summary>One group at one moment.</summary>
/// <param name="Id">The group.</param>
/// <param name="Leader">The node whose replica leads and serves; null where none is known.</param>
/// <param name="Replicas">Its replicas, in order of their ids.</param>
/// <param name="Configuration">The number of the newest configuration that any of them knows: 0 for the one that the group was formed with.</param>
public sealed record GroupStatus(GroupId Id, string? Leader, IReadOnlyList<ReplicaEntry> Replicas, long Configuration = 0);

/// <summary>One replica at one moment.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Node">The silo that has its disk.</param>
/// <param name="IsWitness">Whether it only votes.</param>
/// <param name="IsReachable">Whether it answered in time.</param>
/// <param name="Status">What it answered; null where it did not.</param>
public sealed record ReplicaEntry(ReplicaId Id, string Node, bool IsWitness, bool IsReachable, ReplicaStatus? Status);

/// <summary>What a replica says about itself.</summary>
[GenerateSerializer, Immutable, Alias("csmr.ReplicaStatus")]
public sealed record ReplicaStatus
{
    /// <summary><c>forming</c>, <c>follower</c>, <c>pre-candidate</c>, <c>candidate</c>, <c>leader</c>, <c>learner</c>, <c>outcast</c>, <c>removed</c>, <c>starting</c>, <c>stopped</c> or <c>none</c> (no replica here).</summary>
    [Id(0)]
    public required string Role { get; init; }

    /// <summary>The node that leads, as far as the replica knows; null where it knows none.</summary>
    [Id(1)]
    public string? Leader { get; init; }

    /// <summary>Whether it leads and answers commands and reads.</summary>
    [Id(2)]
    public bool IsServing { get; init; }

    /// <summary>The ballot that it has promised: round and leader.</summary>
    [Id(3)]
    public string Promised { get; init; } = "";

    /// <summary>The last slot in its log.</summary>
    [Id(4)]
    public long LastSlot { get; init; }

    /// <summary>All slots up to here are known as chosen.</summary>
    [Id(5)]
    public long ChosenUpTo { get; init; }

    /// <summary>All slots up to here are applied; 0 at a witness.</summary>
    [Id(6)]
    public long AppliedUpTo { get; init; }

    /// <summary>On request: a digest of the state at <see cref="AppliedUpTo"/>, as 16 hexadecimal digits; equal slots have equal digests.</summary>
    [Id(7)]
    public string? Digest { get; init; }

    /// <summary>Why the replica has stopped for good; null where it runs.</summary>
    [Id(8)]
    public string? Stopped { get; init; }

    /// <summary>On request: the composite operations that are not exposed at this replica.</summary>
    [Id(9)]
    public PendingStatus? Pending { get; init; }

    /// <summary>The slot of its newest snapshot; 0 where it has none.</summary>
    [Id(10)]
    public long SnapshotSlot { get; init; }

    /// <summary>Bytes of its silo's journal that cannot be deleted for its sake.</summary>
    [Id(11)]
    public long JournalBytes { get; init; }

    /// <summary>Its id; -1 where there is none.</summary>
    [Id(12)]
    public int Replica { get; init; } = -1;

    /// <summary>The number of the configuration that it knows.</summary>
    [Id(13)]
    public long Configuration { get; init; }

    /// <summary>The members by that configuration.</summary>
    [Id(14)]
    public IReadOnlyList<MemberEntry> Members { get; init; } = [];
}

/// <summary>A member of a group.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Node">The silo that has its disk.</param>
/// <param name="IsWitness">Whether it only votes.</param>
/// <param name="IsLearner">Whether it does not vote yet.</param>
[GenerateSerializer, Immutable, Alias("csmr.MemberEntry")]
public sealed record MemberEntry([property: Id(0)] int Id, [property: Id(1)] string Node, [property: Id(2)] bool IsWitness, [property: Id(3)] bool IsLearner);

/// <summary>Composite operations that a group has met and that others may not observe yet.</summary>
[GenerateSerializer, Immutable, Alias("csmr.PendingStatus")]
public sealed record PendingStatus
{
    /// <summary>How many there are.</summary>
    [Id(0)]
    public required int Count { get; init; }

    /// <summary>For how long the oldest one is known, by the group's time; 0 where there is none.</summary>
    [Id(1)]
    public required long OldestAgeMs { get; init; }

    /// <summary>The oldest ones.</summary>
    [Id(2)]
    public required IReadOnlyList<PendingEntry> Calls { get; init; }
}

/// <summary>A composite operation that others may not observe yet.</summary>
[GenerateSerializer, Immutable, Alias("csmr.PendingEntry")]
public sealed record PendingEntry
{
    /// <summary>The call's request id.</summary>
    [Id(0)]
    public required string RequestId { get; init; }

    /// <summary>Its groups.</summary>
    [Id(1)]
    public required IReadOnlyList<string> Groups { get; init; }

    /// <summary><c>proposed</c> (a group has not spoken yet), <c>ordered</c> or <c>executed</c> (here).</summary>
    [Id(2)]
    public required string State { get; init; }
}
