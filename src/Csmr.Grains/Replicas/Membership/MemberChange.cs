namespace Csmr.Grains.Replicas.Membership;

/// <summary>What is to change about a group's members: one is to be added, or one is to go.</summary>
/// <param name="Node">The node that gets a replica; null where one is to go.</param>
/// <param name="IsWitness">Whether the new replica is a witness.</param>
/// <param name="Removed">The id of the replica that is to go; null where one is added.</param>
[GenerateSerializer, Immutable, Alias("csmr.MemberChange")]
public sealed record MemberChange(
    [property: Id(0)] string? Node,
    [property: Id(1)] bool IsWitness,
    [property: Id(2)] int? Removed);

/// <summary>What came of a change.</summary>
public enum ChangeOutcome : byte
{
    /// <summary>It holds: the configuration is chosen.</summary>
    Done = 0,

    /// <summary>It is refused, and nothing is changed.</summary>
    Refused = 1,

    /// <summary>The replica asked does not lead, and nothing is changed.</summary>
    NotLeader = 2,

    /// <summary>The leadership ended meanwhile: it may hold or not. The members tell.</summary>
    Unknown = 3,
}

/// <summary>What came of a change.</summary>
/// <param name="Outcome">That.</param>
/// <param name="Reason">Why it is refused.</param>
/// <param name="Leader">The node that leads, where it is another one and known.</param>
/// <param name="Replica">The id of the replica that was added or removed, where it is done.</param>
[GenerateSerializer, Immutable, Alias("csmr.ChangeReply")]
public sealed record ChangeReply(
    [property: Id(0)] ChangeOutcome Outcome,
    [property: Id(1)] string? Reason = null,
    [property: Id(2)] string? Leader = null,
    [property: Id(3)] int? Replica = null);
