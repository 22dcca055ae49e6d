using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Csmr.Storage.Files;

namespace Csmr.Storage.Snapshots;

/// <summary>The names in the directory of snapshots.</summary>
internal sealed class SnapshotDirectory
{
    /// <summary>The end of the name of a snapshot.</summary>
    public const string Published = ".snapshot";

    /// <summary>The end of the name of one that is being received.</summary>
    public const string Part = ".part";

    private const string Unfinished = ".tmp";
    private const string Damaged = ".damaged";
    private const string Name = "snapshots";
    private const int KeyCharactersMax = 160;
    private const int KeyCharactersKept = 100;

    private readonly string _path;

    /// <summary>Opens the directory, makes durable which names are in it, and deletes what was not finished.</summary>
    /// <param name="files">The file system.</param>
    /// <param name="dataDirectory">The silo's data directory.</param>
    public SnapshotDirectory(IFileSystem files, string dataDirectory)
    {
        (Files, _path) = (files, Path.Combine(dataDirectory, Name));
        files.CreateDirectory(_path);
        foreach (var name in files.ListFiles(_path).Where(static name => name.EndsWith(Unfinished, StringComparison.Ordinal)))
        {
            files.Delete(Path.Combine(_path, name));
        }

        files.SyncDirectory(_path);
    }

    /// <summary>The file system that it is on.</summary>
    public IFileSystem Files { get; }

    /// <summary>
    /// A group as it appears in names: percent-encoded, and where that is too long for a file's name, its begin and a hash.
    /// </summary>
    /// <param name="group">The group.</param>
    /// <returns>The text; another one for each group.</returns>
    public static string KeyOf(GroupId group)
    {
        var key = Uri.EscapeDataString(group.Name);
        return key.Length <= KeyCharactersMax
            ? key
            : $"{key[..KeyCharactersKept]}+{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(group.Name)).AsSpan(0, 16))}";
    }

    /// <summary>The full name of a file.</summary>
    /// <param name="group">The group.</param>
    /// <param name="slot">The slot.</param>
    /// <param name="suffix">What it is.</param>
    /// <returns>The name.</returns>
    public string PathOf(GroupId group, Slot slot, string suffix) =>
        Path.Combine(_path, string.Create(CultureInfo.InvariantCulture, $"{KeyOf(group)}@{slot.Number}{suffix}"));

    /// <summary>The full name of a file that is being written.</summary>
    /// <param name="group">The group.</param>
    /// <param name="slot">The slot.</param>
    /// <returns>The name.</returns>
    public string UnfinishedPathOf(GroupId group, Slot slot) => PathOf(group, slot, Published + Unfinished);

    /// <summary>The slots of a group's files of one kind.</summary>
    /// <param name="group">The group.</param>
    /// <param name="suffix">The kind.</param>
    /// <returns>The slots, in no particular order.</returns>
    public IReadOnlyList<Slot> List(GroupId group, string suffix)
    {
        var prefix = KeyOf(group) + "@";
        return [.. Files.ListFiles(_path)
            .Where(name => name.StartsWith(prefix, StringComparison.Ordinal) && name.EndsWith(suffix, StringComparison.Ordinal))
            .Select(name => name[prefix.Length..^suffix.Length])
            .Select(static digits => long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var slot) ? slot : -1)
            .Where(static slot => slot >= 0)
            .Select(static slot => new Slot(slot))];
    }

    /// <summary>Gives a file that is durable its published name, durably.</summary>
    /// <param name="from">Its name so far.</param>
    /// <param name="group">The group.</param>
    /// <param name="slot">The slot.</param>
    public void Publish(string from, GroupId group, Slot slot)
    {
        var path = PathOf(group, slot, Published);
        Files.Rename(from, path);
        try
        {
            Files.SyncDirectory(_path);
        }
        catch
        {
            TryDelete(path);
            throw;
        }
    }

    /// <summary>Keeps a damaged snapshot for examination under another name; one of each group, the newest.</summary>
    /// <param name="group">The group.</param>
    /// <param name="slot">The slot.</param>
    public void MoveAside(GroupId group, Slot slot)
    {
        foreach (var older in List(group, Published + Damaged))
        {
            TryDelete(PathOf(group, older, Published + Damaged));
        }

        Files.Rename(PathOf(group, slot, Published), PathOf(group, slot, Published + Damaged));
        Files.SyncDirectory(_path);
    }

    /// <summary>Deletes a file if that can be done; what stays is deleted by a later attempt or start.</summary>
    /// <param name="path">The file.</param>
    /// <returns>Whether it is gone.</returns>
    public bool TryDelete(string path)
    {
        try
        {
            Files.Delete(path);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
