namespace Csmr.Storage.Files;

/// <summary>
/// What the journal needs of a file system. Every method throws <see cref="IOException"/> (or
/// <see cref="UnauthorizedAccessException"/>) when it cannot do it; none returns before it is done. A simulated disk takes
/// its place in tests.
/// </summary>
internal interface IFileSystem
{
    /// <summary>Creates a directory and its parents where they are missing, durably.</summary>
    /// <param name="path">The directory.</param>
    void CreateDirectory(string path);

    /// <summary>Takes the exclusive lock that a file stands for. The end of the process releases it, whatever ends it.</summary>
    /// <param name="path">The file; created when missing.</param>
    /// <returns>The lock; null when another holder has it.</returns>
    IDisposable? TryLock(string path);

    /// <summary>The names of the files in a directory, without the directory.</summary>
    /// <param name="directory">The directory.</param>
    /// <returns>The names, in no particular order.</returns>
    IReadOnlyList<string> ListFiles(string directory);

    /// <summary>Creates an empty file. An older one of the name is replaced.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The open file.</returns>
    IJournalFile Create(string path);

    /// <summary>Opens a file that exists, for reading and writing.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The open file.</returns>
    IJournalFile Open(string path);

    /// <summary>Gives a file another name; a file that has it is replaced. Durable after <see cref="SyncDirectory"/>.</summary>
    /// <param name="from">The old name.</param>
    /// <param name="to">The new name.</param>
    void Rename(string from, string to);

    /// <summary>Deletes a file. Durable after <see cref="SyncDirectory"/>.</summary>
    /// <param name="path">The file.</param>
    void Delete(string path);

    /// <summary>Makes creations, renames and deletions in a directory durable.</summary>
    /// <param name="path">The directory.</param>
    void SyncDirectory(string path);
}

/// <summary>An open file.</summary>
internal interface IJournalFile : IDisposable
{
    /// <summary>Its size.</summary>
    long LengthBytes { get; }

    /// <summary>Reads until the buffer is full or the file ends.</summary>
    /// <param name="buffer">Where to.</param>
    /// <param name="offset">Where from.</param>
    /// <returns>The number of bytes read.</returns>
    int Read(Span<byte> buffer, long offset);

    /// <summary>Writes all bytes. Durable after <see cref="Sync"/>.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="offset">Where to.</param>
    void Write(ReadOnlySpan<byte> bytes, long offset);

    /// <summary>Makes all that was written durable. When it throws, nobody knows what is; it must not be called again.</summary>
    void Sync();
}
