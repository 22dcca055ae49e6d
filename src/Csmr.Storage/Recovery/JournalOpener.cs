using Csmr.Replication.Ports;
using Csmr.Storage.Files;
using Csmr.Storage.Format;
using Csmr.Storage.Writing;

namespace Csmr.Storage.Recovery;

/// <summary>A journal that is ready to be written.</summary>
/// <param name="Directory">Its directory, locked.</param>
/// <param name="Allocator">Where its next segments come from.</param>
/// <param name="Remover">What deletes its first segments.</param>
/// <param name="Tail">Its end.</param>
/// <param name="Content">What is in it.</param>
internal sealed record OpenedJournal(
    DataDirectory Directory, SegmentAllocator Allocator, SegmentRemover Remover, JournalTail Tail, JournalContent Content);

/// <summary>The steps from a directory to a journal that can be written. A crash between any two of them is harmless.</summary>
internal static class JournalOpener
{
    /// <summary>Takes them.</summary>
    /// <param name="options">Where, and whose.</param>
    /// <param name="files">The file system.</param>
    /// <param name="isThreaded">Whether segments are prepared on another thread.</param>
    /// <returns>The journal.</returns>
    public static OpenedJournal Open(JournalOptions options, IFileSystem files, bool isThreaded)
    {
        var directory = DataDirectory.Take(files, options.Directory);
        try
        {
            var identity = directory.ReadIdentity(options) ?? Form(directory, options);
            directory.DeleteUnfinished();
            var content = JournalScan.Run(directory, identity);
            DeleteUnfit(directory, content, options);
            var allocator = new SegmentAllocator(directory, identity, options, isThreaded);
            var remover = new SegmentRemover(directory, options, content.Segments[0].Number, isThreaded);
            return new OpenedJournal(directory, allocator, remover, Settle(directory, identity, content, allocator, options), content);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            directory.Dispose();
            throw new JournalFailedException($"the journal in {options.Directory} cannot be opened: {exception.Message}", exception);
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    // The first segment before the identity: where there is an identity, a missing segment is a loss.
    private static JournalIdentity Form(DataDirectory directory, JournalOptions options)
    {
        foreach (var segment in SegmentFile.List(directory).Reverse())
        {
            RequireEmpty(directory, segment);
            directory.Files.Delete(directory.PathOf(segment.Name));
        }

        var identity = DataDirectory.NewIdentity(options);
        SegmentFile.Create(directory, identity, 1, options.SegmentBytes).Dispose();
        directory.WriteIdentity(identity);
        return identity;
    }

    private static void RequireEmpty(DataDirectory directory, SegmentFile segment)
    {
        using var file = directory.Files.Open(directory.PathOf(segment.Name));
        var sector = new byte[BatchFrame.SectorBytes];
        for (long offset = SegmentHeader.Bytes; offset < file.LengthBytes; offset += sector.Length)
        {
            var count = file.Read(sector, offset);
            if (sector.AsSpan(0, count).ContainsAnyExcept((byte)0))
            {
                throw directory.Problem(
                    DataDirectoryProblem.IdentityMissing,
                    "it has a journal but no identity file; restore that file, or start with an empty directory and let the replicas be replaced");
            }
        }
    }

    // From the last one on, so that a crash leaves no gap. One that comes back after a crash is unfit again.
    private static void DeleteUnfit(DataDirectory directory, JournalContent content, JournalOptions options)
    {
        var behind = content.Segments.Where(segment => segment.Number > content.End.Segment).ToList();
        var firstUnfit = behind.FindIndex(segment =>
            content.DirtySegments.Contains(segment.Number) || LengthOf(directory, segment) != options.SegmentBytes || segment.Number > content.End.Segment + 1);
        if (firstUnfit < 0)
        {
            return;
        }

        foreach (var segment in behind.Skip(firstUnfit).Reverse())
        {
            directory.Files.Delete(directory.PathOf(segment.Name));
        }

        directory.Files.SyncDirectory(directory.DirectoryPath);
    }

    private static long LengthOf(DataDirectory directory, SegmentFile segment)
    {
        using var file = directory.Files.Open(directory.PathOf(segment.Name));
        return file.LengthBytes;
    }

    /// <summary>
    /// Makes durable what was read, and zero what is behind it; names too: a process that ended between the naming of a segment (or of the
    /// identity) and the flush of the directory has left a name that the next loss of power takes away. The last batch is written once more when no mark says that
    /// its flush succeeded: after a failed flush the system may hold it in memory as clean without having it on the disk, and
    /// another flush alone would not help.
    /// </summary>
    private static JournalTail Settle(
        DataDirectory directory, JournalIdentity identity, JournalContent content, SegmentAllocator allocator, JournalOptions options)
    {
        var end = content.End;
        var file = directory.Files.Open(directory.PathOf(SegmentFile.NameOf(end.Segment)));
        try
        {
            file.Write(content.UnconfirmedFrame.Span, end.Offset - content.UnconfirmedFrame.Length);
            file.Write(new byte[content.DirtyBytes], end.Offset);
            file.Sync();
            directory.Files.SyncDirectory(directory.DirectoryPath);
            if (directory.Files.ListFiles(directory.DirectoryPath).Contains(SegmentFile.NameOf(end.Segment + 1)))
            {
                allocator.Adopt(end.Segment + 1);
            }

            if (content.DirtyBytes > 0 || content.DirtySegments.Count > 0)
            {
                options.OnWarning?.Invoke($"the journal in {directory.DirectoryPath} ended in a batch that a crash had torn; it was cut at segment {end.Segment}, byte {end.Offset}. Nothing of it was acknowledged.");
            }

            var tail = new JournalTail(identity, allocator, file, end);
            tail.Mark();
            return tail;
        }
        catch
        {
            allocator.Close();
            file.Dispose();
            throw;
        }
    }
}
