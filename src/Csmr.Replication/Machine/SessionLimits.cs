namespace Csmr.Replication.Machine;

/// <summary>Bounds of the session table of a group, the same at every replica.</summary>
public sealed record SessionLimits
{
    /// <summary>Kept results of all sessions together, at most.</summary>
    public int ResultsMax { get; init; } = 2_000_000;

    /// <summary>Composite operations, and commands that meet them, that have a place in the order, at most: beyond that further ones are refused.</summary>
    public int PendingMax { get; init; } = 20_000;

    /// <summary>How far after its entry's time a request may expire, in milliseconds: one that wants its result kept longer is refused.</summary>
    public long RetentionMsMax { get; init; } = 24L * 3600 * 1000;
}
