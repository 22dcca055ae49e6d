using System.CommandLine;
using Csmr.Composition.Compiling;
using Csmr.Composition.Findings;
using Csmr.Composition.Plans;
using Spectre.Console;

namespace Csmr.Cli.Commands;

/// <summary><c>csmr check FILE</c>: says whether a manifest is good, and everything that is not.</summary>
internal static class CheckCommand
{
    public static Command Create(Screen screen)
    {
        var file = ManifestFiles.Argument();
        var format = new Option<string>("--output") { Description = "How to print findings: table (lines, where not at a terminal) or json.", DefaultValueFactory = static _ => "table" };
        format.AcceptOnlyFromAmong("table", "json");
        var nodes = new Option<string?>("--nodes") { Description = "Names of silos that it is to run on, parted by commas: each must be a node of the manifest." };
        var command = new Command("check", "Checks a manifest. Exit code 1 where it has an error, 2 where it cannot be read.") { file, format, nodes };
        command.SetAction(result =>
        {
            var path = result.GetRequiredValue(file);
            var compiled = ManifestFiles.Compile(path);
            var exitCode = Run(screen, path, compiled, result.GetRequiredValue(format));
            return exitCode == ExitCode.Good ? CheckNodes(screen, path, compiled.Plan!, result.GetValue(nodes)) : exitCode;
        });
        return command;
    }

    /// <summary>The exit code for a manifest.</summary>
    public static int ExitCodeOf(CompilationResult result, string path) => result.Plan is not null
        ? ExitCode.Good
        : result.Findings.Any(finding => finding.Code == FindingCodes.Unreadable && finding.Position.File == path.Replace('\\', '/')
            && finding.Position is { Line: 1, Column: 1 }) ? ExitCode.Usage : ExitCode.Bad;

    private static int CheckNodes(Screen screen, string path, Plan plan, string? nodes)
    {
        string[] missing = [.. (nodes ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Except(plan.Nodes)];
        if (missing.Length == 0)
        {
            return ExitCode.Good;
        }

        screen.Error.Write($"csmr: '{path}' has no node {string.Join(", ", missing)}; it has {string.Join(", ", plan.Nodes)}\n");
        return ExitCode.Bad;
    }

    private static int Run(Screen screen, string path, CompilationResult result, string format)
    {
        var exitCode = ExitCodeOf(result, path);
        if (exitCode == ExitCode.Usage)
        {
            screen.Error.Write($"csmr: the file '{path}' cannot be read\n");
        }
        else if (format == "json")
        {
            screen.Output.Write($"{FindingsJson.Write(result.Findings)}\n");
        }
        else
        {
            Print(screen, path, result);
        }

        return exitCode;
    }

    private static void Print(Screen screen, string path, CompilationResult result)
    {
        if (screen.IsTerminal && result.Findings.Count > 0)
        {
            Draw(screen, result.Findings);
        }
        else
        {
            foreach (var finding in result.Findings)
            {
                screen.Output.Write($"{finding}\n");
            }
        }

        var errors = result.Findings.Count(static finding => finding.Severity == Severity.Error);
        var warnings = result.Findings.Count - errors;
        var counted = string.Join(", ", new[] { Count(errors, "error"), Count(warnings, "warning") }.OfType<string>());
        screen.Output.Write(result.Plan is { } plan
            ? $"{path}: good{(warnings > 0 ? $", {counted}" : "")}: {Count(plan.Operations.Count, "operation")}, {Count(plan.Groups.Count, "group")}\n"
            : $"{path}: {counted}\n");
    }

    private static void Draw(Screen screen, IReadOnlyList<Finding> findings)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(screen.Output) });
        var table = new Table().AddColumns("place", "code", "finding", "what to do").Border(TableBorder.Rounded);
        foreach (var finding in findings)
        {
            var colour = finding.Severity == Severity.Error ? "red" : "yellow";
            table.AddRow(
                Markup.Escape(finding.Position.ToString()),
                $"[{colour}]{finding.Code.Id}[/]",
                Markup.Escape(finding.Message),
                Markup.Escape(finding.Remedy));
        }

        console.Write(table);
    }

    private static string? Count(int count, string noun) => count == 0 ? null : $"{count} {noun}{(count == 1 ? "" : "s")}";
}
