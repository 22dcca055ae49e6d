using Csmr.Replication.Ports;

namespace Csmr.Storage;

/// <summary>
/// The journal of groups declared with durability <c>memory</c>: keeps nothing and counts every record as durable at once.
/// What such a group acknowledged survives as long as a majority of its processes.
/// </summary>
public sealed class MemoryJournal : IJournal
{
    /// <inheritdoc/>
    public IReadOnlyList<JournalRecord> Recover(GroupId group) => [];

    /// <inheritdoc/>
    public Task AppendAsync(GroupId group, IReadOnlyList<JournalRecord> records) => Task.CompletedTask;
}
