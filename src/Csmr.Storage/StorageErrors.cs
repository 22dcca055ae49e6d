namespace Csmr.Storage;

/// <summary>Why a data directory cannot be used.</summary>
public enum DataDirectoryProblem
{
    /// <summary>Another process has it.</summary>
    InUse,

    /// <summary>It holds the data of another cluster.</summary>
    OtherCluster,

    /// <summary>It holds the data of another node of the cluster.</summary>
    OtherNode,

    /// <summary>This process may not write there, or the file system is read-only.</summary>
    NotWritable,

    /// <summary>The path is something else than a directory.</summary>
    NotADirectory,

    /// <summary>A newer version of the program wrote it.</summary>
    FormatTooNew,

    /// <summary>The identity file cannot be read.</summary>
    IdentityDamaged,

    /// <summary>There are records but no identity file.</summary>
    IdentityMissing,
}

/// <summary>A data directory cannot be used. Nothing in it was changed. The message is one line that says what to do.</summary>
public sealed class DataDirectoryException : Exception
{
    /// <summary>Makes one.</summary>
    /// <param name="problem">The problem.</param>
    /// <param name="directory">The directory.</param>
    /// <param name="advice">What is the matter and what to do.</param>
    /// <param name="inner">The cause.</param>
    public DataDirectoryException(DataDirectoryProblem problem, string directory, string advice, Exception? inner = null)
        : base($"data directory {directory}: {advice}", inner) => Problem = problem;

    /// <summary>The problem.</summary>
    public DataDirectoryProblem Problem { get; }
}

/// <summary>
/// The journal is damaged where no crash can have damaged it: something that was acknowledged may be missing or wrong, so
/// nothing of it may be used to vote. Nothing was changed.
/// </summary>
public sealed class JournalCorruptException : Exception
{
    /// <summary>Makes one.</summary>
    /// <param name="file">The file.</param>
    /// <param name="offset">Where in the file.</param>
    /// <param name="reason">What is wrong there.</param>
    public JournalCorruptException(string file, long offset, string reason)
        : base($"journal corrupt: {file} at byte {offset}: {reason}. Keep the directory for examination, start with an empty one and let the replicas be replaced as new ones from their peers.")
        => (File, Offset) = (file, offset);

    /// <summary>The file.</summary>
    public string File { get; }

    /// <summary>Where in the file.</summary>
    public long Offset { get; }
}
