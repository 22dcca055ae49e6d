using System.Security.Cryptography;
using Csmr.Storage.Files;
using Csmr.Storage.Format;

namespace Csmr.Storage.Recovery;

/// <summary>A silo's data directory: locked for as long as this object lives, and known to be the right one.</summary>
internal sealed class DataDirectory : IDisposable
{
    /// <summary>The end of the names of files that are not finished; they count for nothing.</summary>
    public const string UnfinishedSuffix = ".tmp";

    private const string LockName = "lock";
    private const string IdentityName = "identity";
    private const int ReadOnlyFileSystem = 30;

    private readonly IDisposable _lock;

    private DataDirectory(IFileSystem files, string path, IDisposable held) => (Files, DirectoryPath, _lock) = (files, path, held);

    /// <summary>The file system that it is on.</summary>
    public IFileSystem Files { get; }

    /// <summary>The directory.</summary>
    public string DirectoryPath { get; }

    /// <summary>Takes the directory before anything in it is looked at.</summary>
    /// <param name="files">The file system.</param>
    /// <param name="path">The directory; created when missing.</param>
    /// <returns>The directory, locked.</returns>
    /// <exception cref="DataDirectoryException">It cannot be used.</exception>
    public static DataDirectory Take(IFileSystem files, string path)
    {
        try
        {
            files.CreateDirectory(path);
            return files.TryLock(Path.Combine(path, LockName)) is { } held
                ? new DataDirectory(files, path, held)
                : throw new DataDirectoryException(
                    DataDirectoryProblem.InUse, path, "another process uses it; stop that process, or give this silo a directory of its own");
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or IOException)
        {
            throw NotWritable(path, exception);
        }
    }

    /// <summary>The full name of a file.</summary>
    /// <param name="name">Its name in the directory.</param>
    /// <returns>The full name.</returns>
    public string PathOf(string name) => Path.Combine(DirectoryPath, name);

    /// <summary>Reads whose data this is and requires that it is ours.</summary>
    /// <param name="options">Who we are.</param>
    /// <returns>The identity; null in a directory that has none yet.</returns>
    /// <exception cref="DataDirectoryException">It is not ours, or cannot be told.</exception>
    public JournalIdentity? ReadIdentity(JournalOptions options)
    {
        if (!Files.ListFiles(DirectoryPath).Contains(IdentityName))
        {
            return null;
        }

        using var file = Files.Open(PathOf(IdentityName));
        var bytes = new byte[Math.Min(file.LengthBytes, SegmentHeader.Bytes)];
        file.Read(bytes, 0);
        if (JournalIdentity.VersionOf(bytes) > JournalIdentity.FormatVersion)
        {
            throw Problem(DataDirectoryProblem.FormatTooNew, "a newer version wrote it; start that version, or a newer one");
        }

        var identity = JournalIdentity.TryDecode(bytes) ?? throw Problem(
            DataDirectoryProblem.IdentityDamaged,
            $"the file {IdentityName} is damaged; keep the directory for examination, start with an empty one and let the replicas be replaced");
        return Require(identity, options);
    }

    /// <summary>Gives a new directory its identity. The last step of its making: a directory without identity holds nothing.</summary>
    /// <param name="identity">The identity.</param>
    public void WriteIdentity(JournalIdentity identity)
    {
        var unfinished = PathOf(IdentityName + UnfinishedSuffix);
        using (var file = Files.Create(unfinished))
        {
            file.Write(identity.Encode(), 0);
            file.Sync();
        }

        Files.Rename(unfinished, PathOf(IdentityName));
        Files.SyncDirectory(DirectoryPath);
    }

    /// <summary>Makes an identity that no other journal has.</summary>
    /// <param name="options">Who we are.</param>
    /// <returns>The identity.</returns>
    public static JournalIdentity NewIdentity(JournalOptions options)
    {
        Span<byte> random = stackalloc byte[16];
        RandomNumberGenerator.Fill(random);
        return new JournalIdentity(options.Cluster, options.Node, System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(random));
    }

    /// <summary>Deletes files that a crash left unfinished.</summary>
    public void DeleteUnfinished()
    {
        foreach (var name in Files.ListFiles(DirectoryPath).Where(name => name.EndsWith(UnfinishedSuffix, StringComparison.Ordinal)))
        {
            Files.Delete(PathOf(name));
        }
    }

    /// <summary>A problem of this directory.</summary>
    /// <param name="problem">The problem.</param>
    /// <param name="advice">What is the matter and what to do.</param>
    /// <returns>The exception to throw.</returns>
    public DataDirectoryException Problem(DataDirectoryProblem problem, string advice) => new(problem, DirectoryPath, advice);

    /// <summary>Releases the directory.</summary>
    public void Dispose() => _lock.Dispose();

    private JournalIdentity Require(JournalIdentity identity, JournalOptions options)
    {
        if (!string.Equals(identity.Cluster, options.Cluster, StringComparison.Ordinal))
        {
            throw Problem(
                DataDirectoryProblem.OtherCluster,
                $"it belongs to cluster '{identity.Cluster}', not '{options.Cluster}'; correct the cluster's name or the directory");
        }

        return string.Equals(identity.Node, options.Node, StringComparison.Ordinal)
            ? identity
            : throw Problem(
                DataDirectoryProblem.OtherNode,
                $"it belongs to node '{identity.Node}', not '{options.Node}'; correct the node's name or the directory");
    }

    private static DataDirectoryException NotWritable(string path, Exception cause) => new(
        DataDirectoryProblem.NotWritable,
        path,
        cause.HResult == ReadOnlyFileSystem
            ? "the file system is read-only; mount it writable"
            : $"it cannot be written ({cause.Message}); give this process the right to write there",
        cause);
}
