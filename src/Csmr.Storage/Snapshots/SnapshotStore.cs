using System.Buffers;
using Csmr.Replication.Ports;
using Csmr.Storage.Files;
using Csmr.Storage.Format;

namespace Csmr.Storage.Snapshots;

/// <summary>
/// The snapshots of a silo's replicas, each a file in the directory <c>snapshots</c> of its data directory. See
/// <c>docs/journal.md</c> for the format. To be opened after the journal of the same directory, whose lock keeps other processes out,
/// and closed before it.
/// </summary>
/// <remarks>
/// S3: a snapshot is written under another name, flushed, read back and verified before it gets its name; the directory is
/// flushed before anybody is told. A full disk or a flush that fails ends this one snapshot: its file is deleted, never flushed again.
/// </remarks>
public sealed class SnapshotStore : ISnapshotStore, IAsyncDisposable
{
    private readonly SnapshotStoreOptions _options;
    private readonly SaveQueue _saves;

    // Guards all below; never held while the disk works, but for listing a group's files.
    private readonly Lock _gate = new();
    private readonly Dictionary<GroupId, SnapshotShelf> _shelves = [];

    private SnapshotStore(SnapshotStoreOptions options, IFileSystem files, bool isThreaded)
    {
        (_options, _saves) = (options, new SaveQueue(isThreaded));
        Directory = new SnapshotDirectory(files, options.Directory);
    }

    /// <summary>The files.</summary>
    internal SnapshotDirectory Directory { get; }

    /// <summary>Opens the snapshots of a data directory.</summary>
    /// <param name="options">Where, and whose.</param>
    /// <returns>The store.</returns>
    /// <exception cref="IOException">The directory cannot be used.</exception>
    /// <exception cref="PlatformNotSupportedException">This is not Linux: nothing is known about other systems' flushes.</exception>
    public static SnapshotStore Open(SnapshotStoreOptions options) => OperatingSystem.IsLinux()
        ? Open(options, new LinuxFileSystem(), isThreaded: true)
        : throw new PlatformNotSupportedException("snapshots are kept on Linux only; use durability 'memory' elsewhere");

    /// <summary>Makes a store for groups declared with durability <c>memory</c>: it forgets all at the end of the process.</summary>
    /// <param name="cluster">The cluster that the silo belongs to.</param>
    /// <returns>The store.</returns>
    public static SnapshotStore InMemory(string cluster) =>
        Open(new SnapshotStoreOptions { Directory = "memory", Cluster = cluster }, new MemoryFileSystem(), isThreaded: true);

    /// <summary>Opens a store on any file system.</summary>
    /// <param name="options">Where, and whose.</param>
    /// <param name="files">The file system.</param>
    /// <param name="isThreaded">Whether snapshots are written on a thread of the store; otherwise by the caller.</param>
    /// <returns>The store.</returns>
    internal static SnapshotStore Open(SnapshotStoreOptions options, IFileSystem files, bool isThreaded) => new(options, files, isThreaded);

    /// <inheritdoc/>
    public StoredSnapshot? Find(GroupId group)
    {
        while (Newest(group) is { } slot)
        {
            if (Find(group, slot) is { } whole)
            {
                return whole;
            }

            // It is on the shelf no more: the next one is older.
        }

        return null;
    }

    /// <inheritdoc/>
    public StoredSnapshot? Find(GroupId group, Slot slot)
    {
        lock (_gate)
        {
            if (!ShelfOf(group).TryGet(slot, out var known) || known is not null)
            {
                return known;
            }
        }

        try
        {
            return Add(group, slot, Read(group, slot, static (_, _) => true));
        }
        catch (SnapshotException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public Task<StoredSnapshot> SaveAsync(GroupId group, Slot slot, Action<IBufferWriter<byte>> write) =>
        _saves.SaveAsync(() => Save(group, slot, write));

    /// <summary>Waits for the snapshot that is being written; those that wait are given up, and receptions end.</summary>
    /// <returns>A task that completes when no file is touched any more.</returns>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            foreach (var shelf in _shelves.Values)
            {
                shelf.Incoming?.Dispose();
            }
        }

        await _saves.CloseAsync().ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Load(StoredSnapshot snapshot)
    {
        var content = new byte[Math.Max(0, snapshot.FileBytes - SnapshotFrame.FileBytesMin)];
        var filled = 0;
        var fileBytes = Read(snapshot.Group, snapshot.Slot, (offset, frame) =>
        {
            if (offset > 0 && SnapshotFrame.SizeOf(frame.Span) > 0 && frame.Length - SnapshotFrame.HeaderBytes <= content.Length - filled)
            {
                frame.Span[SnapshotFrame.HeaderBytes..].CopyTo(content.AsSpan(filled));
                filled += frame.Length - SnapshotFrame.HeaderBytes;
            }

            return true;
        });
        return fileBytes == snapshot.FileBytes
            ? content.AsMemory(0, filled)
            : throw new SnapshotException($"the snapshot of group {snapshot.Group} at slot {snapshot.Slot} has {fileBytes} bytes, not {snapshot.FileBytes}");
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> LoadStart(StoredSnapshot snapshot, int bytesMax)
    {
        var content = new byte[Math.Min(bytesMax, snapshot.FileBytes)];
        var filled = 0;
        Read(snapshot.Group, snapshot.Slot, (offset, frame) =>
        {
            if (offset > 0 && SnapshotFrame.SizeOf(frame.Span) > 0)
            {
                var taken = Math.Min(frame.Length - SnapshotFrame.HeaderBytes, content.Length - filled);
                frame.Span.Slice(SnapshotFrame.HeaderBytes, taken).CopyTo(content.AsSpan(filled));
                filled += taken;
            }

            return filled < content.Length;
        });
        return content.AsMemory(0, filled);
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> ReadPart(GroupId group, Slot slot, long offset, int bytesMax)
    {
        if (Find(group, slot) is not { } snapshot || offset < 0 || offset >= snapshot.FileBytes)
        {
            return default;
        }

        lock (_gate)
        {
            ShelfOf(group).Read(slot, _options.Clock.GetTimestamp());
        }

        var path = Directory.PathOf(group, slot, SnapshotDirectory.Published);
        try
        {
            using var file = Directory.Files.Open(path);
            var bytes = new byte[Math.Min(bytesMax, snapshot.FileBytes - offset)];
            return bytes.AsMemory(0, file.Read(bytes, offset));
        }
        catch (Exception exception) when (IsOfTheDisk(exception))
        {
            Warned($"a snapshot cannot be read for a peer: {path} at byte {offset}: {exception.Message}");
            return default;
        }
    }

    /// <inheritdoc/>
    public IIncomingSnapshot Receive(GroupId group, Slot slot, long totalBytes)
    {
        if (totalBytes < SnapshotFrame.FileBytesMin)
        {
            throw new SnapshotException($"no snapshot has {totalBytes} bytes");
        }

        lock (_gate)
        {
            ShelfOf(group).Incoming?.Dispose();
        }

        DeleteParts(group, other => other != slot);
        var incoming = new IncomingSnapshot(this, group, slot, totalBytes);
        lock (_gate)
        {
            ShelfOf(group).Incoming = incoming;
        }

        return incoming;
    }

    /// <inheritdoc/>
    public void Forget(GroupId group, Slot below)
    {
        IncomingSnapshot? incoming;
        lock (_gate)
        {
            var shelf = ShelfOf(group);
            shelf.Forget(below);
            incoming = shelf.Incoming;
        }

        DeleteParts(group, slot => slot <= below && !(incoming is { IsOpen: true } && incoming.Slot == slot));
        DeleteForgotten();
    }

    /// <summary>The header of a snapshot's file.</summary>
    /// <param name="group">The group.</param>
    /// <param name="slot">The slot.</param>
    /// <returns>The page.</returns>
    internal byte[] HeaderOf(GroupId group, Slot slot) => SnapshotHeader.Encode(_options.Cluster, group, slot);

    /// <summary>Takes a snapshot that is published.</summary>
    /// <param name="group">The group.</param>
    /// <param name="slot">The slot.</param>
    /// <param name="fileBytes">The size of its file.</param>
    /// <returns>The snapshot.</returns>
    internal StoredSnapshot Add(GroupId group, Slot slot, long fileBytes)
    {
        lock (_gate)
        {
            return ShelfOf(group).Add(slot, fileBytes);
        }
    }

    /// <summary>Warns, and makes the exception that says the same.</summary>
    /// <param name="message">What is wrong and what to do.</param>
    /// <param name="cause">The cause.</param>
    /// <returns>The exception.</returns>
    internal SnapshotException Warned(string message, Exception? cause = null)
    {
        _options.OnWarning?.Invoke(message);
        return new SnapshotException(message, cause);
    }

    /// <summary>Whether an exception says that the disk did not do what it was asked.</summary>
    /// <param name="exception">The exception.</param>
    /// <returns>Whether it does.</returns>
    internal static bool IsOfTheDisk(Exception exception) => exception is IOException or UnauthorizedAccessException;

    private StoredSnapshot Save(GroupId group, Slot slot, Action<IBufferWriter<byte>> write)
    {
        // An idle group: nothing has happened since. Read again all the same, since more of the journal will stand on it.
        if (Find(group, slot) is not null && TryRead(group, slot) is { } known)
        {
            return known;
        }

        var unfinished = Directory.UnfinishedPathOf(group, slot);
        try
        {
            var fileBytes = Write(unfinished, HeaderOf(group, slot), write);
            Directory.Publish(unfinished, group, slot);
            DeleteForgotten();
            return Add(group, slot, fileBytes);
        }
        catch (Exception exception)
        {
            Directory.TryDelete(unfinished);
            if (!IsOfTheDisk(exception))
            {
                throw;
            }

            throw Warned($"a snapshot could not be written: {unfinished}: {exception.Message}. The one before stays and the journal goes on growing; it is tried again later: see that the disk has space and is in order", exception);
        }
    }

    private long Write(string path, byte[] header, Action<IBufferWriter<byte>> write)
    {
        using var file = Directory.Files.Create(path);
        var writer = new SnapshotWriter(file, header, _options.FrameBytes);
        write(writer);
        writer.Close();
        var scan = SnapshotScan.Run(file, header, static (_, _) => true);
        return scan.Damage is null ? scan.GoodBytes : throw new IOException($"read back, it is not right at byte {scan.GoodBytes}: {scan.Damage}");
    }

    private StoredSnapshot? TryRead(GroupId group, Slot slot)
    {
        try
        {
            return new StoredSnapshot(group, slot, Read(group, slot, static (_, _) => true));
        }
        catch (SnapshotException)
        {
            return null;
        }
    }

    // Reads and verifies a whole file. One that is not as it was written is found no more.
    private long Read(GroupId group, Slot slot, Func<long, ReadOnlyMemory<byte>, bool> take)
    {
        var path = Directory.PathOf(group, slot, SnapshotDirectory.Published);
        try
        {
            using var file = Directory.Files.Open(path);
            var scan = SnapshotScan.Run(file, HeaderOf(group, slot), take);
            if (scan.Damage is null)
            {
                return scan.GoodBytes;
            }

            Remove(group, slot);
            var warning = Warned($"snapshot damaged: {path} at byte {scan.GoodBytes}: {scan.Damage}. It is moved aside for examination and not used; where no older one is whole, the replica gets one from its peers");
            Directory.MoveAside(group, slot);
            throw warning;
        }
        catch (Exception exception) when (IsOfTheDisk(exception))
        {
            Remove(group, slot);
            throw Warned($"a snapshot cannot be read: {path}: {exception.Message}. It is not used until the next start; where no older one is whole, the replica gets one from its peers", exception);
        }
    }

    private Slot? Newest(GroupId group)
    {
        lock (_gate)
        {
            return ShelfOf(group).Newest;
        }
    }

    private void Remove(GroupId group, Slot slot)
    {
        lock (_gate)
        {
            ShelfOf(group).Remove(slot);
        }
    }

    private void DeleteParts(GroupId group, Func<Slot, bool> isStale)
    {
        foreach (var slot in Directory.List(group, SnapshotDirectory.Part).Where(isStale))
        {
            Directory.TryDelete(Directory.PathOf(group, slot, SnapshotDirectory.Part));
        }
    }

    private void DeleteForgotten()
    {
        List<(GroupId Group, Slot Slot)> gone;
        lock (_gate)
        {
            gone = [.. _shelves.SelectMany(shelf => shelf.Value.TakeForgotten(IsOver).Select(slot => (shelf.Key, slot)))];
        }

        gone.ForEach(snapshot => Directory.TryDelete(Directory.PathOf(snapshot.Group, snapshot.Slot, SnapshotDirectory.Published)));
    }

    private bool IsOver(long readAt) => _options.Clock.GetElapsedTime(readAt) > SnapshotStoreOptions.ReaderTime;

    // Under the gate.
    private SnapshotShelf ShelfOf(GroupId group)
    {
        if (!_shelves.TryGetValue(group, out var shelf))
        {
            _shelves.Add(group, shelf = new SnapshotShelf(group, Directory.List(group, SnapshotDirectory.Published)));
        }

        return shelf;
    }
}
