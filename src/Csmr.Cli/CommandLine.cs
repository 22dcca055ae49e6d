using System.CommandLine;
using Csmr.Cli.Commands;

namespace Csmr.Cli;

/// <summary>The command <c>csmr</c>.</summary>
public static class CommandLine
{
    /// <summary>Runs one command.</summary>
    /// <param name="arguments">The arguments of the process.</param>
    /// <param name="output">Takes what was asked for.</param>
    /// <param name="error">Takes what went wrong.</param>
    /// <param name="isTerminal">Whether a person looks at the output: then tables are drawn.</param>
    /// <returns>The exit code, one of <see cref="ExitCode"/>.</returns>
    public static int Run(string[] arguments, TextWriter output, TextWriter error, bool isTerminal = false)
    {
        var screen = new Screen(output, error, isTerminal);
        var root = new RootCommand("Checks and explains manifests of composed replicated services, and administers a running cluster.")
        {
            CheckCommand.Create(screen),
            ExplainCommand.Create(screen),
            GroupCommands.Show(screen),
            GroupCommands.Add(screen),
            GroupCommands.Remove(screen),
            GroupCommands.Move(screen),
            ReadyCommand.Create(screen),
            NewKeyCommand.Create(screen),
            CheckpointCommands.Create(screen),
        };
        var result = root.Parse(arguments);
        var exitCode = result.Invoke(new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false });
        return result.Errors.Count > 0 ? ExitCode.Usage : exitCode;
    }
}

/// <summary>How the process ends.</summary>
public static class ExitCode
{
    /// <summary>All is well.</summary>
    public const int Good = 0;

    /// <summary>What was looked at has errors, or what was asked for is refused: nothing is changed.</summary>
    public const int Bad = 1;

    /// <summary>The command was not understood, or a file cannot be read, or no gateway reached: nothing is changed.</summary>
    public const int Usage = 2;

    /// <summary>Whether what was asked for is done is not known.</summary>
    public const int Unknown = 3;
}

/// <summary>Where a command writes.</summary>
/// <param name="Output">Takes what was asked for.</param>
/// <param name="Error">Takes what went wrong.</param>
/// <param name="IsTerminal">Whether a person looks at the output.</param>
internal sealed record Screen(TextWriter Output, TextWriter Error, bool IsTerminal);
