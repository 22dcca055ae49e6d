namespace Csmr.Replication.Ports;

/// <summary>What a checkpoint says of itself before its content.</summary>
public sealed record CheckpointHead
{
    /// <summary>Its name, unique in a store: lower-case letters, digits and hyphens, at most <see cref="IdCharsMax"/>.</summary>
    public required string Id { get; init; }

    /// <summary>The composition that it was made of.</summary>
    public required string Composition { get; init; }

    /// <summary>The version of that composition's manifest.</summary>
    public required long ManifestVersion { get; init; }

    /// <summary>When it was begun, in milliseconds since 1970-01-01 UTC.</summary>
    public required long CreatedAtMs { get; init; }

    /// <summary>The groups, by service, then in the order of the service's partitions.</summary>
    public required IReadOnlyList<CheckpointGroup> Groups { get; init; }

    /// <summary>The most characters of an id.</summary>
    public const int IdCharsMax = 100;

    /// <summary>Whether a text is an id: a letter or digit first, so that no file's name is special.</summary>
    /// <param name="text">The text.</param>
    /// <returns>Whether it is.</returns>
    public static bool IsId(string text) =>
        text.Length is > 0 and <= IdCharsMax && text[0] != '-' && text.All(static letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter == '-');
}

/// <summary>A group of a checkpoint.</summary>
/// <param name="Group">Its name.</param>
/// <param name="Service">The service that it was, or was a partition of.</param>
/// <param name="Machine">The type of its state machine.</param>
/// <param name="IsItemized">Whether its content are items, which may be spread anew; else a snapshot as it is.</param>
/// <param name="Slot">The slot of its log at which it was cut.</param>
public sealed record CheckpointGroup(string Group, string Service, string Machine, bool IsItemized, Slot Slot);

/// <summary>How much there is of a group.</summary>
/// <param name="Parts">The number of parts.</param>
/// <param name="Bytes">Their bytes.</param>
public readonly record struct CheckpointTotal(long Parts, long Bytes);

/// <summary>A part of the content.</summary>
/// <param name="Group">The position of its group in <see cref="CheckpointHead.Groups"/>.</param>
/// <param name="Bytes">The bytes.</param>
public readonly record struct CheckpointPart(int Group, ReadOnlyMemory<byte> Bytes);

/// <summary>A checkpoint that is kept.</summary>
public sealed record StoredCheckpoint
{
    /// <summary>Its name.</summary>
    public required string Id { get; init; }

    /// <summary>The size of its file.</summary>
    public required long FileBytes { get; init; }

    /// <summary>What it says of itself; null where that cannot be read.</summary>
    public CheckpointHead? Head { get; init; }

    /// <summary>How much there is of each group.</summary>
    public IReadOnlyList<CheckpointTotal> Totals { get; init; } = [];

    /// <summary>The SHA-256 of everything before the closing frame, as its writer reckoned it: 64 hexadecimal digits.</summary>
    public string Sha256 { get; init; } = "";

    /// <summary>What is wrong with it, as far as was looked; null where nothing is. Only reading all of it tells for sure.</summary>
    public string? Damage { get; init; }
}

/// <summary>Keeps checkpoints, whole or not at all. Safe for concurrent use. Reads and writes files before it returns.</summary>
public interface ICheckpointStore
{
    /// <summary>All checkpoints, the newest first; those that cannot be read say so, and come last.</summary>
    /// <returns>Them.</returns>
    IReadOnlyList<StoredCheckpoint> List();

    /// <summary>Looks one up.</summary>
    /// <param name="id">Its name.</param>
    /// <returns>The checkpoint; null where there is none.</returns>
    StoredCheckpoint? Find(string id);

    /// <summary>Begins to write one. Nobody sees it before it is published.</summary>
    /// <param name="head">What it says of itself.</param>
    /// <returns>The writer; to be disposed, which deletes what was not published.</returns>
    /// <exception cref="CheckpointException">There is one of the name, or the disk is full or fails.</exception>
    ICheckpointWriter Create(CheckpointHead head);

    /// <summary>Reads the whole content, and verifies it on the way: who has come to the end without an exception has read what was written.</summary>
    /// <param name="id">The checkpoint.</param>
    /// <returns>The parts, each group's in their order.</returns>
    /// <exception cref="CheckpointException">There is none, it cannot be read, or it is damaged: file, place and what to do.</exception>
    IEnumerable<CheckpointPart> Read(string id);

    /// <summary>Opens the file as it is, to be given away.</summary>
    /// <param name="id">The checkpoint.</param>
    /// <returns>Its bytes.</returns>
    /// <exception cref="CheckpointException">There is none, or it cannot be opened.</exception>
    Stream OpenRead(string id);

    /// <summary>Takes the file of a checkpoint in, verifies it and publishes it.</summary>
    /// <param name="id">Its name, which must be the one that it gives itself.</param>
    /// <param name="file">The bytes.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    /// <returns>The checkpoint.</returns>
    /// <exception cref="CheckpointException">It is none, is damaged, there is one of the name, or the disk is full or fails. Nothing is kept.</exception>
    Task<StoredCheckpoint> ImportAsync(string id, Stream file, CancellationToken cancellationToken = default);

    /// <summary>Deletes one.</summary>
    /// <param name="id">The checkpoint.</param>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="CheckpointException">It cannot be deleted.</exception>
    bool Delete(string id);
}

/// <summary>A checkpoint that is being written. Used by one thread at a time.</summary>
public interface ICheckpointWriter : IDisposable
{
    /// <summary>Adds a part.</summary>
    /// <param name="group">The position of its group.</param>
    /// <param name="bytes">The bytes.</param>
    /// <exception cref="CheckpointException">The disk is full or fails.</exception>
    void Write(int group, ReadOnlySpan<byte> bytes);

    /// <summary>Closes the file, makes it durable, reads it back and gives it its name.</summary>
    /// <returns>The checkpoint.</returns>
    /// <exception cref="CheckpointException">The disk is full or fails, or what was read back is not what was written.</exception>
    StoredCheckpoint Publish();
}

/// <summary>A checkpoint cannot be written, read or deleted. Whatever else is kept stays as it is.</summary>
public sealed class CheckpointException : Exception
{
    /// <summary>Makes one.</summary>
    /// <param name="message">Which file, at which byte, what is wrong, and what to do.</param>
    /// <param name="inner">The cause.</param>
    public CheckpointException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
