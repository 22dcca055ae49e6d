using System.Collections.Concurrent;
using Csmr.Replication.Ports;
using Csmr.Storage.Format;

namespace Csmr.Storage;

/// <summary>
/// The journal of groups declared with durability <c>memory</c>: keeps nothing and counts every record as durable at once.
/// What such a group acknowledged survives as long as a majority of its processes.
/// </summary>
public sealed class MemoryJournal : IJournal
{
    private readonly ConcurrentDictionary<GroupId, long> _heldBytes = new();

    /// <inheritdoc/>
    public IReadOnlyList<JournalRecord> Recover(GroupId group) => [];

    /// <inheritdoc/>
    public Task AppendAsync(GroupId group, IReadOnlyList<JournalRecord> records)
    {
        var bytes = 0L;
        var hasBase = false;
        for (var i = 0; i < records.Count; i++)
        {
            var isBase = records[i].Kind == JournalRecordKind.Base;
            bytes = (isBase ? 0 : bytes) + records[i].Payload.Length + RecordCodec.OverheadBytesMax;
            hasBase |= isBase;
        }

        _heldBytes.AddOrUpdate(group, bytes, (_, held) => hasBase ? bytes : held + bytes);
        return Task.CompletedTask;
    }

    /// <summary>What a journal of this group alone would hold: what was appended since its last base. Here no file, but the replica's memory.</summary>
    /// <param name="group">The group.</param>
    /// <returns>The bytes.</returns>
    public long HeldBytes(GroupId group) => _heldBytes.GetValueOrDefault(group);
}
