using System.Net;

namespace Csmr.Chaos.Processes;

/// <summary>A real server process, started from the built assembly.</summary>
public sealed class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2);
    private readonly OwnedProcess _process;

    private ServerProcess(OwnedProcess process, Uri? url)
    {
        _process = process;
        Http = new HttpClient { BaseAddress = url, Timeout = TimeSpan.FromSeconds(30) };
    }

    public HttpClient Http { get; }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    public string Output => _process.Output;

    public string Tail => _process.Tail;

    /// <summary>The repository's root: where the solution is.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The configuration that this harness, and so the server, was built in.</summary>
    public static string Configuration { get; } =
        AppContext.BaseDirectory.TrimEnd('/').EndsWith("release", StringComparison.Ordinal) ? "release" : "debug";

    public static string Manifest(string name) => Path.Combine(Root, "samples", "compositions", name);

    /// <summary>The command that runs a built program of the repository.</summary>
    public static IReadOnlyList<string> Command(string project, string assembly, params IEnumerable<string> arguments) =>
        ["dotnet", Path.Combine(Root, "artifacts", "bin", project, Configuration, assembly), .. arguments];

    /// <summary>Starts a server with arguments as a user would type them.</summary>
    public static ServerProcess Start(Uri? url, params IEnumerable<string> arguments) => Start(url, null, null, arguments);

    /// <summary>Starts a server in surroundings of its own.</summary>
    public static ServerProcess Start(Uri? url, Place? place, string? logFile, params IEnumerable<string> arguments) =>
        new(OwnedProcess.Start(Command("Csmr.Server", "Csmr.Server.dll", arguments), place, Root, logFile), url);

    public static ServerProcess StartCli(params IEnumerable<string> arguments) =>
        new(OwnedProcess.Start(Command("Csmr.Cli", "csmr.dll", arguments), workingDirectory: Root), null);

    /// <summary>Starts a server with HTTP and waits until it is ready.</summary>
    public static async Task<ServerProcess> StartReadyAsync(params string[] arguments)
    {
        var url = new Uri($"http://127.0.0.1:{FreePorts.Next()}");
        var server = Start(url, [.. arguments, "--urls", url.OriginalString]);
        try
        {
            await server.WaitReadyAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public async Task WaitReadyAsync(CancellationToken cancellationToken = default)
    {
        var isReady = await Wait.UntilAsync(
            StartLimit,
            async () =>
            {
                HarnessException.Require(!HasExited, () => $"the server ended with code {ExitCode}:\n{Output}");
                return await IsReadyAsync(cancellationToken);
            },
            cancellationToken);
        HarnessException.Require(isReady, () => $"the server was not ready within {StartLimit}:\n{Output}");
    }

    /// <summary>Whether every group has a leader that this server reaches.</summary>
    public async Task<bool> IsReadyAsync(CancellationToken cancellationToken = default)
    {
        using var answer = await Http.GetAsync(new Uri("/health/ready", UriKind.Relative), cancellationToken);
        return answer.StatusCode == HttpStatusCode.OK;
    }

    public Task<int> WaitForExitAsync(TimeSpan limit) => _process.WaitForExitAsync(limit);

    public void Signal(int signal) => _process.Signal(signal);

    /// <inheritdoc cref="OwnedProcess.StopAsync"/>
    public Task StopAsync() => _process.StopAsync();

    /// <summary>SIGKILL.</summary>
    public Task KillAsync() => _process.KillAsync();

    /// <summary>SIGINT, as Ctrl-C.</summary>
    public Task<int> InterruptAsync()
    {
        Signal(OwnedProcess.SignalInterrupt);
        return WaitForExitAsync(TimeSpan.FromMinutes(1));
    }

    /// <summary>SIGTERM.</summary>
    public Task<int> TerminateAsync()
    {
        Signal(OwnedProcess.SignalTerminate);
        return WaitForExitAsync(TimeSpan.FromMinutes(1));
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        Http.Dispose();
    }

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "CsmrOrleans.sln")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? throw new InvalidOperationException("The harness does not run inside the repository.");
    }
}
