using System.Globalization;
using Csmr.Storage.Files;
using Csmr.Storage.Format;
using Csmr.Storage.Recovery;

namespace Csmr.Storage.Writing;

/// <summary>The name of a segment: its number, counted from 1 without gaps.</summary>
/// <param name="Number">The number.</param>
internal readonly record struct SegmentFile(long Number)
{
    private const string Prefix = "journal-";
    private const string Suffix = ".segment";

    /// <summary>The name of its file.</summary>
    public string Name => NameOf(Number);

    /// <summary>The name of a segment's file.</summary>
    /// <param name="number">The segment's number.</param>
    /// <returns>The name.</returns>
    public static string NameOf(long number) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{number:d16}{Suffix}");

    /// <summary>The segments in a directory.</summary>
    /// <param name="directory">The directory.</param>
    /// <returns>The segments in their order.</returns>
    public static IReadOnlyList<SegmentFile> List(DataDirectory directory) =>
        [.. directory.Files.ListFiles(directory.DirectoryPath).Select(TryParse).OfType<SegmentFile>().OrderBy(segment => segment.Number)];

    /// <summary>
    /// Creates a segment full of zeros. They are really written and flushed, with the file's size and name: later flushes
    /// then have no metadata to write.
    /// </summary>
    /// <param name="directory">Where.</param>
    /// <param name="identity">The journal.</param>
    /// <param name="number">The segment's number.</param>
    /// <param name="segmentBytes">Its size.</param>
    /// <returns>The open file.</returns>
    public static IJournalFile Create(DataDirectory directory, JournalIdentity identity, long number, int segmentBytes)
    {
        const int ChunkBytes = 1024 * 1024;
        const int SyncEveryBytes = 8 * ChunkBytes;
        var unfinished = directory.PathOf(NameOf(number) + DataDirectory.UnfinishedSuffix);
        var file = directory.Files.Create(unfinished);
        try
        {
            file.Write(SegmentHeader.Encode(identity, number, segmentBytes), 0);
            var zeros = new byte[Math.Min(ChunkBytes, segmentBytes)];
            for (var offset = SegmentHeader.Bytes; offset < segmentBytes; offset += ChunkBytes)
            {
                file.Write(zeros.AsSpan(0, Math.Min(ChunkBytes, segmentBytes - offset)), offset);
                if (offset % SyncEveryBytes + ChunkBytes > SyncEveryBytes)
                {
                    // In portions, so that a flush of the journal that runs meanwhile does not wait for all of it.
                    file.Sync();
                }
            }

            file.Sync();
            directory.Files.Rename(unfinished, directory.PathOf(NameOf(number)));
            directory.Files.SyncDirectory(directory.DirectoryPath);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static SegmentFile? TryParse(string name)
    {
        if (!name.StartsWith(Prefix, StringComparison.Ordinal) || !name.EndsWith(Suffix, StringComparison.Ordinal))
        {
            return null;
        }

        var digits = name.AsSpan(Prefix.Length, name.Length - Prefix.Length - Suffix.Length);
        return long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && string.Equals(NameOf(number), name, StringComparison.Ordinal)
            ? new SegmentFile(number)
            : null;
    }
}
