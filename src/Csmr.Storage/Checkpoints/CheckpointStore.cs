using System.Buffers;
using Csmr.Replication.Ports;
using Csmr.Storage.Files;
using Csmr.Storage.Recovery;

namespace Csmr.Storage.Checkpoints;

/// <summary>
/// Checkpoints as files of one directory, which one process has for itself. See <c>docs/checkpoints.md</c> for the format.
/// </summary>
/// <remarks>
/// As S3 has it for snapshots: a file is written under another name, flushed, read back and verified before it gets its name, and the
/// directory is flushed before anybody is told. A flush that fails ends this one checkpoint.
/// </remarks>
public sealed class CheckpointStore : ICheckpointStore, IDisposable
{
    private const string Published = ".checkpoint";
    private const int CopyBytes = 256 << 10;

    private readonly DataDirectory _directory;
    private readonly Lock _gate = new();
    private readonly HashSet<string> _underWay = new(StringComparer.Ordinal);

    private CheckpointStore(DataDirectory directory)
    {
        _directory = directory;
        directory.DeleteUnfinished();
        directory.Files.SyncDirectory(directory.DirectoryPath);
    }

    /// <summary>Opens a directory, and deletes what was not finished in it.</summary>
    /// <param name="path">The directory; created when missing.</param>
    /// <returns>The store.</returns>
    /// <exception cref="DataDirectoryException">Another process has it, or it cannot be used.</exception>
    /// <exception cref="PlatformNotSupportedException">This is not Linux: nothing is known about other systems' flushes.</exception>
    public static CheckpointStore Open(string path) => OperatingSystem.IsLinux()
        ? Open(new LinuxFileSystem(), path)
        : throw new PlatformNotSupportedException("checkpoints are kept on Linux only");

    /// <summary>Opens a directory of any file system.</summary>
    internal static CheckpointStore Open(IFileSystem files, string path)
    {
        var directory = DataDirectory.Take(files, path);
        try
        {
            return new CheckpointStore(directory);
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<StoredCheckpoint> List()
    {
        var names = Guard("directory", () => _directory.Files.ListFiles(_directory.DirectoryPath));
        return
        [
            .. names
                .Where(static name => name.EndsWith(Published, StringComparison.Ordinal) && CheckpointHead.IsId(name[..^Published.Length]))
                .Select(static name => name[..^Published.Length])
                .Select(Find)
                .OfType<StoredCheckpoint>()
                .OrderByDescending(static checkpoint => checkpoint.Head?.CreatedAtMs ?? -1)
                .ThenBy(static checkpoint => checkpoint.Id, StringComparer.Ordinal),
        ];
    }

    /// <inheritdoc/>
    public StoredCheckpoint? Find(string id)
    {
        if (TryOpen(id) is not { } file)
        {
            return null;
        }

        using (file)
        {
            try
            {
                return new CheckpointReader(file, id).Summary(id);
            }
            catch (CheckpointException cause)
            {
                return new StoredCheckpoint { Id = id, FileBytes = file.LengthBytes, Damage = cause.Message };
            }
        }
    }

    /// <inheritdoc/>
    public ICheckpointWriter Create(CheckpointHead head)
    {
        Take(head.Id);
        try
        {
            return new CheckpointWriter(this, head, Guard(head.Id, () => _directory.Files.Create(UnfinishedPath(head.Id))));
        }
        catch
        {
            Forget(head.Id);
            throw;
        }
    }

    /// <inheritdoc/>
    public IEnumerable<CheckpointPart> Read(string id)
    {
        using var file = Require(id);
        foreach (var part in new CheckpointReader(file, id).Parts())
        {
            yield return part;
        }
    }

    /// <inheritdoc/>
    public Stream OpenRead(string id) => new FileReading(Require(id));

    /// <inheritdoc/>
    public async Task<StoredCheckpoint> ImportAsync(string id, Stream file, CancellationToken cancellationToken = default)
    {
        Take(id);
        try
        {
            using var copy = Guard(id, () => _directory.Files.Create(UnfinishedPath(id)));
            await CopyAsync(file, copy, id, cancellationToken).ConfigureAwait(false);
            Guard(id, copy.Sync);
            return Publish(id, copy);
        }
        finally
        {
            Forget(id);
        }
    }

    /// <inheritdoc/>
    public bool Delete(string id)
    {
        if (TryOpen(id) is not { } file)
        {
            return false;
        }

        file.Dispose();
        Guard(id, () =>
        {
            _directory.Files.Delete(PathOf(id));
            _directory.Files.SyncDirectory(_directory.DirectoryPath);
        });
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _directory.Dispose();

    /// <summary>Verifies a file that is durable under its other name, and gives it its own.</summary>
    internal StoredCheckpoint Publish(string id, IJournalFile file)
    {
        var reader = new CheckpointReader(file, id);
        foreach (var part in reader.Parts())
        {
            _ = part;
        }

        var stored = reader.Summary(id);
        Guard(id, () => _directory.Files.Rename(UnfinishedPath(id), PathOf(id)));
        try
        {
            Guard(id, () => _directory.Files.SyncDirectory(_directory.DirectoryPath));
        }
        catch
        {
            TryDelete(PathOf(id));
            throw;
        }

        return stored;
    }

    /// <summary>A checkpoint is written no more: what there is of it under another name goes.</summary>
    internal void Forget(string id)
    {
        TryDelete(UnfinishedPath(id));
        lock (_gate)
        {
            _underWay.Remove(id);
        }
    }

    /// <summary>Says what failed.</summary>
    internal void Guard(string id, Action work) => Guard(id, () =>
    {
        work();
        return true;
    });

    private static T Guard<T>(string id, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"checkpoint {id}: {cause.Message}. Nothing else is hurt; make room or mend the disk, then try again", cause);
        }
    }

    private void Take(string id)
    {
        if (!CheckpointHead.IsId(id))
        {
            throw new CheckpointException($"'{id}' is no name of a checkpoint: lower-case letters, digits and hyphens, at most {CheckpointHead.IdCharsMax}, no hyphen first");
        }

        bool isFree;
        lock (_gate)
        {
            isFree = _underWay.Add(id);
        }

        if (!isFree)
        {
            throw new CheckpointException($"checkpoint {id} is being written by somebody else: take another name");
        }

        if (TryOpen(id) is { } there)
        {
            there.Dispose();
            Forget(id);
            throw new CheckpointException($"checkpoint {id} is there already: delete it first, or take another name");
        }
    }

    private IJournalFile Require(string id) => TryOpen(id) ?? throw new CheckpointException($"there is no checkpoint '{id}'");

    private IJournalFile? TryOpen(string id)
    {
        if (!CheckpointHead.IsId(id))
        {
            return null;
        }

        try
        {
            return Guard(id, () => _directory.Files.Open(PathOf(id)));
        }
        catch (CheckpointException cause) when (cause.InnerException is FileNotFoundException)
        {
            return null;
        }
    }

    private static async Task CopyAsync(Stream from, IJournalFile to, string name, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(CopyBytes);
        try
        {
            var offset = 0L;
            for (int read; (read = await from.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0; offset += read)
            {
                Guard(name, () =>
                {
                    to.Write(buffer.AsSpan(0, read), offset);
                    return true;
                });
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private string PathOf(string id) => _directory.PathOf(id + Published);

    private string UnfinishedPath(string id) => _directory.PathOf(id + Published + DataDirectory.UnfinishedSuffix);

    private void TryDelete(string path)
    {
        try
        {
            _directory.Files.Delete(path);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            // It is deleted by the next start.
        }
    }
}
