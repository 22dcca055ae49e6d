using Csmr.Replication.Ports;
using Csmr.Storage.Files;

namespace Csmr.Storage.Snapshots;

/// <summary>
/// A snapshot's file that is being received. After a crash nobody knows what of it is on the disk: it goes on behind the last
/// frame that verifies.
/// </summary>
internal sealed class IncomingSnapshot : IIncomingSnapshot
{
    private readonly SnapshotStore _store;
    private readonly GroupId _group;
    private readonly string _path;
    private readonly byte[] _header;
    private IJournalFile? _file;
    private long _syncedOffset;

    /// <summary>Opens or makes the file.</summary>
    /// <param name="store">The store.</param>
    /// <param name="group">The group.</param>
    /// <param name="slot">The slot.</param>
    /// <param name="totalBytes">The size of the whole file.</param>
    /// <exception cref="SnapshotException">The disk is full or failed.</exception>
    public IncomingSnapshot(SnapshotStore store, GroupId group, Slot slot, long totalBytes)
    {
        (_store, _group, Slot, TotalBytes) = (store, group, slot, totalBytes);
        (_path, _header) = (store.Directory.PathOf(group, slot, SnapshotDirectory.Part), store.HeaderOf(group, slot));
        try
        {
            if (!TryResume())
            {
                _file?.Dispose();
                _file = store.Directory.Files.Create(_path);
            }
        }
        catch (Exception exception) when (SnapshotStore.IsOfTheDisk(exception))
        {
            throw Failed(exception);
        }
    }

    /// <summary>The slot.</summary>
    public Slot Slot { get; }

    /// <inheritdoc/>
    public long TotalBytes { get; }

    /// <inheritdoc/>
    public long Offset { get; private set; }

    /// <summary>Whether it goes on.</summary>
    public bool IsOpen => _file is not null;

    /// <inheritdoc/>
    public void Append(long offset, ReadOnlySpan<byte> bytes)
    {
        ObjectDisposedException.ThrowIf(_file is null, this);
        if (offset != Offset || bytes.Length > TotalBytes - offset)
        {
            throw new ArgumentException($"{bytes.Length} bytes at {offset} do not go on at {Offset} of {TotalBytes}", nameof(offset));
        }

        try
        {
            Write(offset, bytes);
            Offset += bytes.Length;
        }
        catch (Exception exception) when (SnapshotStore.IsOfTheDisk(exception))
        {
            throw Failed(exception);
        }
    }

    /// <inheritdoc/>
    public StoredSnapshot Publish()
    {
        ObjectDisposedException.ThrowIf(_file is null, this);
        if (Offset != TotalBytes)
        {
            throw new InvalidOperationException($"{Offset} of {TotalBytes} bytes are there");
        }

        try
        {
            _file.Sync();
            var scan = SnapshotScan.Run(_file, _header, static (_, _) => true);
            if (scan.Damage is { } damage)
            {
                throw Ended($"what was received of {_path} is not right at byte {scan.GoodBytes}: {damage}. It was deleted and is to be received again");
            }

            Dispose();
            _store.Directory.Publish(_path, _group, Slot);
            return _store.Add(_group, Slot, TotalBytes);
        }
        catch (Exception exception) when (SnapshotStore.IsOfTheDisk(exception))
        {
            throw Failed(exception);
        }
    }

    /// <summary>Ends the reception. What was received stays.</summary>
    public void Dispose()
    {
        _file?.Dispose();
        _file = null;
    }

    /// <summary>
    /// Goes on where an earlier reception ended. What verifies is written again: after a flush that failed, the system may have in memory,
    /// as clean, what never reached the disk.
    /// </summary>
    private bool TryResume()
    {
        if (!_store.Directory.List(_group, SnapshotDirectory.Part).Contains(Slot))
        {
            return false;
        }

        _file = _store.Directory.Files.Open(_path);
        if (_file.LengthBytes > TotalBytes)
        {
            return false;
        }

        var scan = SnapshotScan.Run(_file, _header, (offset, bytes) =>
        {
            Write(offset, bytes.Span);
            return true;
        });
        Offset = scan.GoodBytes;
        if (Offset == 0 || (scan.Damage is null && Offset < TotalBytes))
        {
            (Offset, _syncedOffset) = (0, 0);
            return false;
        }

        return true;
    }

    private void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        _file!.Write(bytes, offset);
        if (offset + bytes.Length - _syncedOffset >= SnapshotWriter.SyncEveryBytes)
        {
            _file.Sync();
            _syncedOffset = offset + bytes.Length;
        }
    }

    private SnapshotException Failed(Exception cause) =>
        Ended($"a snapshot could not be received: {_path}: {cause.Message}. What was there of it was deleted; it is received again later: see that the disk has space and is in order", cause);

    private SnapshotException Ended(string message, Exception? cause = null)
    {
        Dispose();
        _store.Directory.TryDelete(_path);
        return _store.Warned(message, cause);
    }
}
