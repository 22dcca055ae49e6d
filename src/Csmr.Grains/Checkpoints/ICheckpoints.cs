using Csmr.Replication.Ports;

namespace Csmr.Grains.Checkpoints;

/// <summary>
/// Checkpoints of services as a service of this silo: made at one point of the composite order (R1), kept, verified, and restored
/// everywhere or nowhere (R2). Safe for concurrent use. See <c>docs/checkpoints.md</c>.
/// </summary>
public interface ICheckpoints
{
    /// <summary>Where they are kept; null where this silo keeps none.</summary>
    ICheckpointStore? Store { get; }

    /// <summary>The jobs of this silo, the newest first: those that run, and the last ones that have ended.</summary>
    IReadOnlyList<JobStatus> Jobs { get; }

    /// <summary>Begins to make a checkpoint.</summary>
    /// <param name="id">Its name; null for one made up.</param>
    /// <param name="services">The services; null for all.</param>
    /// <returns>The job.</returns>
    /// <exception cref="CheckpointRefusedException">It cannot be made.</exception>
    JobStatus Create(string? id, IReadOnlyList<string>? services);

    /// <summary>Begins to read a checkpoint from its beginning to its end.</summary>
    /// <param name="id">The checkpoint.</param>
    /// <returns>The job.</returns>
    /// <exception cref="CheckpointRefusedException">There is none.</exception>
    JobStatus Verify(string id);

    /// <summary>Begins to replace the states of services by those of a checkpoint.</summary>
    /// <param name="id">The checkpoint.</param>
    /// <param name="services">By the services of the checkpoint, those that get their states; null for all, each into the service of its name.</param>
    /// <param name="key">The same key again does not restore again, and tells what came of the first time; null for none.</param>
    /// <returns>The job.</returns>
    /// <exception cref="CheckpointRefusedException">There is none, or it does not fit the services. Nothing is changed.</exception>
    JobStatus Restore(string id, IReadOnlyDictionary<string, string>? services, string? key);
}

/// <summary>What was asked for cannot be begun. Nothing is changed.</summary>
/// <param name="reason">Why.</param>
/// <param name="message">What is wrong and what to do.</param>
public sealed class CheckpointRefusedException(CheckpointRefusal reason, string message) : Exception(message)
{
    /// <summary>Why.</summary>
    public CheckpointRefusal Reason { get; } = reason;
}

/// <summary>Why something cannot be begun.</summary>
public enum CheckpointRefusal
{
    /// <summary>There is no such checkpoint.</summary>
    Unknown,

    /// <summary>The request names what is not there, or what cannot be a name.</summary>
    Invalid,

    /// <summary>It does not fit what is there: another checkpoint of the name, another machine, another number of partitions.</summary>
    Conflict,

    /// <summary>This silo keeps no checkpoints, or has too many jobs already.</summary>
    NotHere,
}

/// <summary>How a job stands.</summary>
public enum JobState
{
    /// <summary>It goes on.</summary>
    Running,

    /// <summary>It has done what it was to do.</summary>
    Done,

    /// <summary>It has failed: nothing is changed.</summary>
    Failed,

    /// <summary>Whether it is done is not known. The same request with the same key tells.</summary>
    Unknown,
}

/// <summary>A job and how far it has come.</summary>
public sealed record JobStatus
{
    /// <summary>Its name.</summary>
    public required string Id { get; init; }

    /// <summary><c>create</c>, <c>verify</c> or <c>restore</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>The checkpoint that it makes, reads or restores.</summary>
    public required string Checkpoint { get; init; }

    /// <summary>How it stands.</summary>
    public JobState State { get; init; }

    /// <summary>What it does: <c>cut</c>, <c>read</c>, <c>write</c>, <c>verify</c>, <c>load</c>, <c>commit</c>.</summary>
    public string Phase { get; init; } = "";

    /// <summary>Bytes of states that it has dealt with in this phase.</summary>
    public long BytesDone { get; init; }

    /// <summary>Bytes that there are to deal with in this phase; null where that is not known.</summary>
    public long? BytesTotal { get; init; }

    /// <summary>When it was begun, in milliseconds since 1970-01-01 UTC.</summary>
    public required long StartedAtMs { get; init; }

    /// <summary>When it ended; null where it goes on.</summary>
    public long? EndedAtMs { get; init; }

    /// <summary>Why it failed, or why its end is not known; null where neither is.</summary>
    public string? Error { get; init; }
}
