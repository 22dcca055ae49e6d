using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Csmr.EndToEnd.Tests.Harness;

/// <summary>A real server process: started from the built assembly, killed with the test at the latest.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2);
    private static readonly ConcurrentDictionary<int, Process> Living = new();
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = [];

    // A test run that is cut short (SIGTERM) leaves no server behind.
    static ServerProcess() => AppDomain.CurrentDomain.ProcessExit += static (_, _) =>
    {
        foreach (var id in Living.Keys)
        {
            _ = Kill(id, 9);
        }
    };

    private ServerProcess(Process process, Uri? url)
    {
        _process = process;
        Http = new HttpClient { BaseAddress = url, Timeout = TimeSpan.FromSeconds(30) };
        process.OutputDataReceived += (_, line) => Keep("", line.Data);
        process.ErrorDataReceived += (_, line) => Keep("stderr: ", line.Data);
    }

    public HttpClient Http { get; }

    public int Id => _process.Id;

    public int ExitCode => _process.ExitCode;

    public string Output => string.Join('\n', _lines);

    /// <summary>The repository's root: where the solution is.</summary>
    public static string Root { get; } = FindRoot();

    public static string Manifest(string name) => Path.Combine(Root, "samples", "compositions", name);

    public static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    /// <summary>Starts a server with arguments as a user would type them.</summary>
    public static ServerProcess Start(Uri? url, params IEnumerable<string> arguments) =>
        Start("Csmr.Server", "Csmr.Server.dll", url, arguments);

    public static ServerProcess StartCli(params IEnumerable<string> arguments) => Start("Csmr.Cli", "csmr.dll", null, arguments);

    /// <summary>Starts a server with HTTP and waits until it is ready.</summary>
    public static async Task<ServerProcess> StartReadyAsync(params string[] arguments)
    {
        var url = new Uri($"http://127.0.0.1:{FreePort()}");
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

    public async Task WaitReadyAsync()
    {
        var what = await WaitAsync(
            StartLimit,
            async () =>
            {
                Assert.False(_process.HasExited, $"the server ended with code {(_process.HasExited ? _process.ExitCode : 0)}:\n{Output}");
                using var answer = await Http.GetAsync(new Uri("/health/ready", UriKind.Relative));
                return answer.StatusCode == HttpStatusCode.OK;
            });
        Assert.True(what, $"the server was not ready within {StartLimit}:\n{Output}");
    }

    /// <summary>Waits for a condition; connection errors count as "not yet".</summary>
    public static async Task<bool> WaitAsync(TimeSpan limit, Func<Task<bool>> condition)
    {
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < limit)
        {
            try
            {
                if (await condition())
                {
                    return true;
                }
            }
            catch (Exception error) when (error is HttpRequestException or TaskCanceledException or IOException)
            {
                // Not yet.
            }

            await Task.Delay(100); // pause: between two looks at a condition
        }

        return false;
    }

    public async Task<int> WaitForExitAsync(TimeSpan limit)
    {
        using var timeout = new CancellationTokenSource(limit);
        try
        {
            await _process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"the process did not end within {limit}:\n{Output}");
        }

        return _process.ExitCode;
    }

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
        {
            Signal(9);
        }

        await WaitForExitAsync(TimeSpan.FromSeconds(30));
    }

    /// <summary>SIGINT, as Ctrl-C.</summary>
    public Task<int> InterruptAsync()
    {
        Signal(2);
        return WaitForExitAsync(TimeSpan.FromMinutes(1));
    }

    /// <summary>SIGTERM.</summary>
    public Task<int> TerminateAsync()
    {
        Signal(15);
        return WaitForExitAsync(TimeSpan.FromMinutes(1));
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        Living.TryRemove(_process.Id, out _);
        Http.Dispose();
        _process.Dispose();
    }

    private static ServerProcess Start(string project, string assembly, Uri? url, IEnumerable<string> arguments)
    {
        var configuration = AppContext.BaseDirectory.TrimEnd('/').EndsWith("release", StringComparison.Ordinal) ? "release" : "debug";
        var start = new ProcessStartInfo("dotnet")
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = Root,
        };
        start.ArgumentList.Add(Path.Combine(Root, "artifacts", "bin", project, configuration, assembly));
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        var process = new Process { StartInfo = start };
        var server = new ServerProcess(process, url);
        process.Start();
        Living[process.Id] = process;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return server;
    }

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "CsmrOrleans.sln")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? throw new InvalidOperationException("The tests do not run inside the repository.");
    }

    private void Keep(string prefix, string? line)
    {
        if (line is not null)
        {
            _lines.Enqueue(prefix + line);
        }
    }

    public void Signal(int signal) => _ = Kill(_process.Id, signal);

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);
}
