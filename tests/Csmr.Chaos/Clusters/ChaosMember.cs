using System.Globalization;
using System.Net;
using Csmr.Chaos.Processes;

namespace Csmr.Chaos.Clusters;

/// <summary>
/// One replica or gateway of the cluster over all its processes, one after the other. It has a supervisor: a process that ends
/// without having been asked to is started again.
/// </summary>
public sealed class ChaosMember : IAsyncDisposable
{
    private static readonly TimeSpan RestartPause = TimeSpan.FromSeconds(1);

    private readonly ChaosCluster _cluster;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly CancellationTokenSource _end = new();
    private Task _supervisor = Task.CompletedTask;

    internal ChaosMember(ChaosCluster cluster, string name, bool isReplica, Place place)
    {
        (_cluster, Name, IsReplica, Place) = (cluster, name, isReplica, place);
        Directory = Path.Combine(place.DataDirectory ?? cluster.Sub("data"), name);
        Url = isReplica ? null : new Uri($"http://{place.Address}:{FreePorts.Next()}");
        OrleansGateway = new IPEndPoint(IPAddress.Parse(place.Address), FreePorts.Next());
        SiloPort = FreePorts.Next();
    }

    public string Name { get; }

    public bool IsReplica { get; }

    public Place Place { get; set; }

    /// <summary>Where a replica keeps its data.</summary>
    public string Directory { get; }

    /// <summary>Where a gateway serves REST.</summary>
    public Uri? Url { get; }

    /// <summary>Where Orleans clients reach it.</summary>
    public IPEndPoint OrleansGateway { get; }

    public int SiloPort { get; }

    /// <summary>The process that runs, or the last one that did; null before the first.</summary>
    public ServerProcess? Process { get; private set; }

    public bool IsRunning => Process is { HasExited: false };

    /// <summary>Whether the supervisor keeps a process running.</summary>
    public bool IsWanted { get; private set; }

    /// <summary>How often its process ended without having been asked to.</summary>
    public int UnaskedExits { get; private set; }

    /// <summary>Starts a process unless one runs, and keeps one running from now on.</summary>
    public Task StartAsync() => InTurnAsync(async () =>
    {
        IsWanted = true;
        await StartProcessAsync();
        if (_supervisor.IsCompleted)
        {
            _supervisor = Task.Run(SuperviseAsync);
        }
    });

    /// <summary>SIGKILL. No new process is started until somebody asks for one.</summary>
    public Task KillAsync() => InTurnAsync(async () =>
    {
        IsWanted = false;
        if (Process is { } process)
        {
            await process.KillAsync();
        }
    });

    /// <summary>SIGTERM, and waits for the end.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> TerminateAsync()
    {
        var code = 0;
        await InTurnAsync(async () =>
        {
            IsWanted = false;
            code = Process is { } process ? await process.TerminateAsync() : 0;
        });
        return code;
    }

    /// <summary>SIGSTOP: it stands still, with all its connections open.</summary>
    public Task PauseAsync() => Process?.StopAsync() ?? Task.CompletedTask;

    /// <summary>SIGCONT.</summary>
    public void Continue() => Process?.Signal(OwnedProcess.SignalContinue);

    /// <summary>Starts one more process with the same name: with ports of its own, and the same data directory or another one.</summary>
    /// <param name="dataParent">The directory above its data directory; this member's where null.</param>
    public ServerProcess StartDouble(string? dataParent = null)
    {
        var url = IsReplica ? null : new Uri($"http://{Place.Address}:{FreePorts.Next()}");
        return ServerProcess.Start(
            url, Place, _cluster.Sub($"{Name}-double.log"), Arguments(dataParent, url, FreePorts.Next(), FreePorts.Next()));
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await KillAsync();
        await _supervisor;
        if (Process is { } process)
        {
            await process.DisposeAsync();
        }

        _turn.Dispose();
        _end.Dispose();
    }

    private async Task InTurnAsync(Func<Task> action)
    {
        await _turn.WaitAsync();
        try
        {
            await action();
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task StartProcessAsync()
    {
        if (IsRunning)
        {
            return;
        }

        if (Process is { } old)
        {
            await old.DisposeAsync();
        }

        Process = ServerProcess.Start(Url, Place, _cluster.Sub($"{Name}.log"), Arguments(null, Url, SiloPort, OrleansGateway.Port));
    }

    private async Task SuperviseAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            await Task.Delay(RestartPause, _end.Token).ContinueWith(static _ => { }, TaskScheduler.Default); // pause: a supervisor's own pace
            await InTurnAsync(async () =>
            {
                if (!IsWanted || IsRunning || _end.IsCancellationRequested)
                {
                    return;
                }

                UnaskedExits++;
                _cluster.Options.Log($"{Name} ended by itself with code {Process!.ExitCode} and is started again; its last lines:\n{Process.Tail}");
                await StartProcessAsync();
            });
        }
    }

    private List<string> Arguments(string? dataParent, Uri? url, int siloPort, int gatewayPort)
    {
        var culture = CultureInfo.InvariantCulture;
        List<string> arguments =
        [
            "--role", IsReplica ? "replica" : "gateway", "--name", Name, "--manifest", _cluster.ManifestFile,
            "--clustering", "postgres", "--postgres", _cluster.Postgres.ConnectionString, "--advertise", Place.Address,
            "--silo-port", siloPort.ToString(culture), "--gateway-port", gatewayPort.ToString(culture),
        ];
        if (IsReplica)
        {
            arguments.AddRange(["--data", dataParent ?? Path.GetDirectoryName(Directory)!, "--snapshot-journal-mib", _cluster.Options.SnapshotJournalMib.ToString(culture)]);
        }

        if (url is not null)
        {
            arguments.AddRange(["--urls", url.OriginalString]);
        }

        return arguments;
    }
}
