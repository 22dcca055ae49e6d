using Csmr.Replication.Paxos;

namespace Csmr.Replication.Ports;

/// <summary>The kinds of durable facts of a replica. The numbers are on disk and never change their meaning.</summary>
public enum JournalRecordKind : byte
{
    /// <summary>Who the replica is; the payload is its identity. The first record of a replica.</summary>
    Identity = 1,

    /// <summary>The group was formed, all replicas having agreed to the incarnations in the payload.</summary>
    Formed = 2,

    /// <summary>The replica promised <see cref="JournalRecord.Ballot"/>: it takes part in no lower one.</summary>
    Promised = 3,

    /// <summary>The replica accepted the entry in the payload for a slot in a ballot.</summary>
    Accepted = 4,

    /// <summary>A hint that all slots up to <see cref="JournalRecord.Slot"/> are chosen: saves work after a restart.</summary>
    Chosen = 5,

    /// <summary>The replica agrees that the group be formed by the incarnations in the payload, and by no others.</summary>
    Agreed = 6,

    /// <summary>
    /// S1: a snapshot of this replica at <see cref="JournalRecord.Slot"/> is published, which stands for every slot up to there.
    /// Everything of the group before this record is obsolete, but entries accepted for higher slots; the promise is
    /// <see cref="JournalRecord.Ballot"/>, identity and formation are in the payload. Its slot never goes down.
    /// </summary>
    Base = 7,
}

/// <summary>One durable fact of one replica.</summary>
/// <param name="Kind">What it says.</param>
/// <param name="Ballot">The ballot it is about, if any.</param>
/// <param name="Slot">The slot it is about, if any.</param>
/// <param name="Payload">Further bytes; not to be changed after the record was handed over.</param>
public readonly record struct JournalRecord(JournalRecordKind Kind, Ballot Ballot, Slot Slot, ReadOnlyMemory<byte> Payload);

/// <summary>
/// What a replica needs of a disk: facts appended in order, durable before they count. One journal serves all replicas of
/// a silo; it is safe for concurrent use, each group by one caller at a time.
/// </summary>
public interface IJournal
{
    /// <summary>Reads everything durable about one group's replica, in the order of writing. Called once, before the first append.</summary>
    /// <param name="group">The group.</param>
    /// <returns>
    /// The records; empty for a replica that is new here. Where there is a <see cref="JournalRecordKind.Base"/>, the last one comes
    /// first, then the older accepted entries above its slot, then what was written behind it: nothing that it made obsolete.
    /// </returns>
    IReadOnlyList<JournalRecord> Recover(GroupId group);

    /// <summary>Queues records behind all that was queued before.</summary>
    /// <param name="group">The group.</param>
    /// <param name="records">The records, in order. Copied (or written) before the call returns: the list may be reused, the payloads not changed.</param>
    /// <returns>
    /// Completes when these and all earlier records of the group are durable. Faults with <see cref="JournalFailedException"/>
    /// when that cannot be told; then every later append faults too, until the process is started again.
    /// </returns>
    Task AppendAsync(GroupId group, IReadOnlyList<JournalRecord> records);

    /// <summary>
    /// How much of the journal cannot be deleted for the sake of one group: the bytes, of all groups, from the oldest record that
    /// this group still needs to the end. A new <see cref="JournalRecordKind.Base"/> brings it down, once durable. The measure
    /// for when to take a snapshot, for busy and idle groups alike.
    /// </summary>
    /// <param name="group">The group.</param>
    /// <returns>The bytes; 0 for a group that has no records.</returns>
    long HeldBytes(GroupId group);
}

/// <summary>The disk failed: what was being written may or may not be durable. The replicas on it stop (DESIGN: a failed flush is never tried again).</summary>
public sealed class JournalFailedException : Exception
{
    /// <summary>Makes one.</summary>
    /// <param name="message">Which file, which call, which error, and what to do.</param>
    /// <param name="inner">The cause.</param>
    public JournalFailedException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
