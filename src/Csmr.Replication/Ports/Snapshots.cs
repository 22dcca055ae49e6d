using System.Buffers;

namespace Csmr.Replication.Ports;

/// <summary>
/// A snapshot that a replica has on its disk: whole, verified and published. Its file has the same bytes at every replica of
/// the group that has one at this slot, so a transfer may go on at another source.
/// </summary>
/// <param name="Group">The group.</param>
/// <param name="Slot">The slot that it holds the state after.</param>
/// <param name="FileBytes">The size of its file: what a transfer has to bring.</param>
public readonly record struct StoredSnapshot(GroupId Group, Slot Slot, long FileBytes);

/// <summary>
/// What a replica needs of a disk beside its journal: the state after some slot, whole or not at all. One store serves all
/// replicas of a silo; it is safe for concurrent use, each group by one caller at a time. All but <see cref="Find(GroupId)"/>
/// after the first time read or write files before they return: not on a replica's turn.
/// </summary>
public interface ISnapshotStore
{
    /// <summary>
    /// The newest whole snapshot of a group. The first call for a group reads its files in full; what is damaged is reported,
    /// moved aside and never returned.
    /// </summary>
    /// <param name="group">The group.</param>
    /// <returns>The snapshot; null where there is none.</returns>
    StoredSnapshot? Find(GroupId group);

    /// <summary>A group's snapshot at a slot, also one that is only kept for a transfer.</summary>
    /// <param name="group">The group.</param>
    /// <param name="slot">The slot.</param>
    /// <returns>The snapshot; null where there is none (any more).</returns>
    StoredSnapshot? Find(GroupId group, Slot slot);

    /// <summary>
    /// Writes a snapshot and publishes it. One is written at a time; others wait. Older ones stay until
    /// <see cref="Forget"/>: that is for when the journal has the new one's <see cref="JournalRecordKind.Base"/> durable.
    /// </summary>
    /// <param name="group">The group.</param>
    /// <param name="slot">The slot that the state is after.</param>
    /// <param name="write">Writes the state. Called once, on a thread of the store.</param>
    /// <returns>
    /// The snapshot, when it is durable under its name and was read back. Faults with <see cref="SnapshotException"/> when the disk
    /// is full or fails, or with what <paramref name="write"/> throws: then nothing is changed, the journal goes on, and the caller
    /// may try again later.
    /// </returns>
    Task<StoredSnapshot> SaveAsync(GroupId group, Slot slot, Action<IBufferWriter<byte>> write);

    /// <summary>Reads a snapshot and verifies it again.</summary>
    /// <param name="snapshot">The snapshot.</param>
    /// <returns>The bytes that were written into it, without the file's framing.</returns>
    /// <exception cref="SnapshotException">It is gone, cannot be read or is damaged; then it was moved aside and is not found again.</exception>
    ReadOnlyMemory<byte> Load(StoredSnapshot snapshot);

    /// <summary>Reads the first bytes of a snapshot, and verifies what it reads.</summary>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="bytesMax">How many at most.</param>
    /// <returns>The first of the bytes that were written into it, without the file's framing.</returns>
    /// <exception cref="SnapshotException">It is gone, cannot be read or is damaged; then it was moved aside and is not found again.</exception>
    ReadOnlyMemory<byte> LoadStart(StoredSnapshot snapshot, int bytesMax);

    /// <summary>
    /// Reads a piece of a snapshot's file as it is, for a peer. Who reads is taken to go on: the file is not deleted within the
    /// next minute.
    /// </summary>
    /// <param name="group">The group.</param>
    /// <param name="slot">The snapshot's slot.</param>
    /// <param name="offset">Where to begin.</param>
    /// <param name="bytesMax">How many bytes at most.</param>
    /// <returns>The bytes; empty at the end of the file, and where there is no such file (any more) or it cannot be read.</returns>
    ReadOnlyMemory<byte> ReadPart(GroupId group, Slot slot, long offset, int bytesMax);

    /// <summary>
    /// Begins to receive a snapshot's file, or goes on where an earlier reception of the same slot ended, also in an earlier life
    /// of the process. An earlier reception of the group ends; what it received for another slot is deleted.
    /// </summary>
    /// <param name="group">The group.</param>
    /// <param name="slot">The snapshot's slot.</param>
    /// <param name="totalBytes">The size of the file, as the source says.</param>
    /// <returns>The reception; to be disposed, which keeps what was received.</returns>
    /// <exception cref="SnapshotException">The disk is full or failed.</exception>
    IIncomingSnapshot Receive(GroupId group, Slot slot, long totalBytes);

    /// <summary>Deletes the snapshots of a group below a slot, but those that a peer is reading.</summary>
    /// <param name="group">The group.</param>
    /// <param name="below">The slot of the snapshot whose <see cref="JournalRecordKind.Base"/> is durable.</param>
    void Forget(GroupId group, Slot below);
}

/// <summary>A snapshot's file on its way in, piece by piece. Used by one caller at a time.</summary>
public interface IIncomingSnapshot : IDisposable
{
    /// <summary>The size of the whole file.</summary>
    long TotalBytes { get; }

    /// <summary>How many bytes are there: the offset of the next piece.</summary>
    long Offset { get; }

    /// <summary>Takes the piece at <see cref="Offset"/>.</summary>
    /// <param name="offset">The piece's offset in the file.</param>
    /// <param name="bytes">Its bytes.</param>
    /// <exception cref="ArgumentException">It is no piece that goes on at <see cref="Offset"/> and ends within the file.</exception>
    /// <exception cref="SnapshotException">The disk is full or failed; begin again with <see cref="ISnapshotStore.Receive"/>.</exception>
    void Append(long offset, ReadOnlySpan<byte> bytes);

    /// <summary>Verifies all that was received, makes it durable and publishes it. The reception ends.</summary>
    /// <returns>The snapshot.</returns>
    /// <exception cref="SnapshotException">It is not whole, or the disk failed: it was deleted, begin again.</exception>
    StoredSnapshot Publish();
}

/// <summary>A snapshot could not be written, received or read. Nothing else is hurt: what is published and the journal stay as they are.</summary>
public sealed class SnapshotException : Exception
{
    /// <summary>Makes one.</summary>
    /// <param name="message">Which file, at which byte, what is wrong, and what to do.</param>
    /// <param name="inner">The cause.</param>
    public SnapshotException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
