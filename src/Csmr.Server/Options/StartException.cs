namespace Csmr.Server.Options;

/// <summary>The process cannot start (or go on): one message for a person, and the exit code.</summary>
/// <param name="exitCode">2 for what the caller has to change, 1 for trouble outside.</param>
/// <param name="message">What is the matter and what to do.</param>
/// <param name="inner">The cause.</param>
internal sealed class StartException(int exitCode, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The exit code for wrong flags, manifests and directories.</summary>
    public const int Usage = 2;

    /// <summary>The exit code for everything else.</summary>
    public const int Trouble = 1;

    /// <summary>The exit code.</summary>
    public int ExitCode { get; } = exitCode;
}
