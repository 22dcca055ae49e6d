using System.ComponentModel;
using System.Diagnostics;

namespace Csmr.Chaos.Processes;

/// <summary>Small programs of the system that do one thing and end.</summary>
public static class Tool
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    /// <summary>Runs one and requires that it succeeds.</summary>
    /// <returns>What it said on its standard output.</returns>
    public static Task<string> RunAsync(params IReadOnlyList<string> command) => RunWithInputAsync("", command);

    /// <summary>Runs one that reads its standard input, and requires that it succeeds.</summary>
    /// <returns>What it said on its standard output.</returns>
    public static async Task<string> RunWithInputAsync(string input, params IReadOnlyList<string> command)
    {
        var (code, output, errors) = await TryAsync(input, command);
        HarnessException.Require(code == 0, () => $"{string.Join(' ', command)} ended with code {code}: {errors}{output}");
        return output;
    }

    /// <summary>Runs one whose failure does not matter: clearing up.</summary>
    public static Task TryAsync(params IReadOnlyList<string> command) => TryAsync("", command);

    /// <summary>Makes a library, to be preloaded into other programs, of a source of the harness.</summary>
    /// <returns>The library.</returns>
    public static async Task<string> CompileAsync(string source, string library)
    {
        await RunAsync("gcc", "-shared", "-fPIC", "-O1", "-o", library, Path.Combine(AppContext.BaseDirectory, source), "-ldl");
        return library;
    }

    /// <summary>The programs of a list that are not installed, for a person; null where all are.</summary>
    public static string? WhyNot(params IReadOnlyList<string> programs)
    {
        string[] directories = [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'), "/usr/sbin", "/sbin"];
        var missing = programs.Where(program => !Array.Exists(directories, directory => File.Exists(Path.Combine(directory, program)))).ToArray();
        return missing.Length == 0 ? null : $"not installed: {string.Join(", ", missing)} (scripts/test installs what it can)";
    }

    private static async Task<(int Code, string Output, string Errors)> TryAsync(string input, IReadOnlyList<string> command)
    {
        ArgumentNullException.ThrowIfNull(command);
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            using var process = Process.Start(start)!;
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, await output, await errors);
        }
        catch (Exception cause) when (cause is Win32Exception or OperationCanceledException)
        {
            return (-1, "", cause.Message);
        }
    }
}
