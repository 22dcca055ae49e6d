using Csmr.Composition.Plans;
using Csmr.Gateway.Hosting;
using Csmr.Grains.Hosting;
using Csmr.Replication.Ports;
using Csmr.Server.Options;
using Csmr.Storage;
using Csmr.Storage.Checkpoints;
using Csmr.Storage.Snapshots;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;

namespace Csmr.Server.Hosting;

/// <summary>
/// One silo of this process with what belongs to it: its journal (opened, and its directory locked, before the silo joins)
/// and its REST interface.
/// </summary>
internal sealed class SiloNode : IAsyncDisposable
{
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(20);

    private readonly SegmentedJournal? _journal;
    private readonly SnapshotStore? _snapshots;
    private readonly MemoryJournal _memory = new();
    private readonly SnapshotStore _memorySnapshots;
    private readonly CheckpointStore? _checkpoints;
    private readonly TaskCompletionSource<Exception> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private SiloNode(SiloSettings settings)
    {
        Settings = settings;
        _memorySnapshots = SnapshotStore.InMemory(settings.Cluster);
        _checkpoints = settings.CheckpointDirectory is { } kept ? CheckpointStore.Open(kept) : null;
        Host = Build();
        try
        {
            if (settings.Directory is { } directory)
            {
                _journal = OpenJournal(settings, directory);
                _snapshots = SnapshotStore.Open(new SnapshotStoreOptions { Directory = directory, Cluster = settings.Cluster, OnWarning = Warn });
            }
        }
        catch
        {
            Host.Dispose();
            _checkpoints?.Dispose();
            throw;
        }
    }

    /// <summary>Who and where it is.</summary>
    public SiloSettings Settings { get; }

    /// <summary>The silo's host.</summary>
    public IHost Host { get; }

    /// <summary>Completes, with the cause, when the silo cannot go on: its disk has failed.</summary>
    public Task<Exception> Failed => _failed.Task;

    /// <summary>Opens the journal and builds the host. Nothing runs yet.</summary>
    /// <param name="settings">Who and where it is.</param>
    /// <returns>The silo.</returns>
    public static SiloNode Open(SiloSettings settings) => new(settings);

    /// <summary>Starts the silo: joins the cluster and activates its replicas.</summary>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>Completes when it takes calls.</returns>
    public Task StartAsync(CancellationToken cancellationToken = default) => Host.StartAsync(cancellationToken);

    /// <summary>Hands leaderships over, leaves the cluster and closes the journal.</summary>
    /// <returns>Completes when nothing runs any more.</returns>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await Host.StopAsync(CancellationToken.None);
        }
        catch (Exception cause) when (cause is OperationCanceledException or InvalidOperationException)
        {
            // It took too long, or Orleans will not stop a silo that is still starting: what matters is on disk already.
        }

        await DisposeHostAsync();
    }

    /// <summary>Ends the silo without any farewell, as far as one can within a process.</summary>
    /// <returns>Completes when nothing runs any more.</returns>
    public async Task KillAsync()
    {
        try
        {
            await Host.StopAsync(new CancellationToken(canceled: true));
        }
        catch (OperationCanceledException)
        {
            // As asked for.
        }

        await DisposeHostAsync();
    }

    private static SegmentedJournal OpenJournal(SiloSettings settings, string directory)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new StartException(StartException.Usage, "the server runs on Linux only: its journal relies on Linux's way of flushing files");
        }

        return SegmentedJournal.Open(new JournalOptions
        {
            Directory = directory,
            Cluster = settings.Cluster,
            Node = settings.Name,
            OnWarning = Warn,
        });
    }

    private static void Warn(string warning) => Console.Error.WriteLine(warning);

    private async Task DisposeHostAsync()
    {
        if (Host is IAsyncDisposable disposable)
        {
            await disposable.DisposeAsync();
        }
        else
        {
            Host.Dispose();
        }

        _checkpoints?.Dispose();
        await _memorySnapshots.DisposeAsync();
        if (_snapshots is not null)
        {
            await _snapshots.DisposeAsync();
        }

        if (_journal is not null)
        {
            await _journal.DisposeAsync();
        }
    }

    private IHost Build()
    {
        if (Settings.Urls is not { } urls)
        {
            var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
            Configure(builder);
            return builder.Build();
        }

        // Slim: no configuration files or environment of the directory it happens to be started in.
        var web = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = [] });
        web.WebHost.UseUrls(urls.Split(';', StringSplitOptions.RemoveEmptyEntries));
        if (Settings.TlsDirectory is { } directory)
        {
            RestTls.Use(web.WebHost, directory);
        }

        Configure(web);
        Telemetry.Add(web.Services);
        web.Services.AddCsmrRest(Settings.Plan, Settings.Rest);
        var application = web.Build();
        application.MapCsmrRest();
        Telemetry.Map(application);
        return application;
    }

    private void Configure(IHostApplicationBuilder builder)
    {
        Settings.Logging(builder.Logging);
        builder.Services.AddSingleton<IHostLifetime, SilentLifetime>();
        builder.Services.Configure<HostOptions>(static options => options.ShutdownTimeout = ShutdownTimeout);
        if (_checkpoints is not null)
        {
            builder.Services.AddSingleton<ICheckpointStore>(_checkpoints);
            builder.Services.Configure(Settings.Retention);
        }

        Settings.Traces?.Invoke(builder.Services);
        builder.UseOrleans(Configure);
    }

    private void Configure(ISiloBuilder silo)
    {
        silo.Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = (Settings.Cluster, Settings.Cluster));
        silo.Configure<SiloOptions>(options => options.SiloName = Settings.Name);
        silo.ConfigureEndpoints(
            Settings.Advertised, Settings.SiloPort, Settings.GatewayPort, listenOnAnyHostAddress: !System.Net.IPAddress.IsLoopback(Settings.Advertised));
        Settings.Clustering(silo);
        if (Settings.SiloTlsDirectory is { } directory)
        {
            SiloTls.Use(silo, directory, Settings.Cluster);
        }

        if (Settings.Directory is null)
        {
            silo.AddCsmrGateway(Settings.Plan);
        }
        else
        {
            silo.AddCsmrReplicas(
                new ReplicaPorts(Settings.Plan, JournalOf, SnapshotsOf) { OnReplicaStopped = OnReplicaStopped },
                options => (options.Cluster, options.SnapshotJournalBytes) = (Settings.Cluster, Settings.SnapshotJournalBytes));
        }

        Settings.Further?.Invoke(silo);
    }

    private IJournal JournalOf(GroupPlan group) =>
        Settings.Journal(group.Durability == Durability.Memory ? _memory : _journal!);

    private ISnapshotStore SnapshotsOf(GroupPlan group) => group.Durability == Durability.Memory ? _memorySnapshots : _snapshots!;

    // A failed disk ends the process; a broken invariant ends one replica, and the status says so.
    private void OnReplicaStopped(GroupId group, Exception cause)
    {
        if (cause is JournalFailedException)
        {
            _failed.TrySetResult(cause);
        }
    }

    /// <summary>Signals are the process's business, not each silo's.</summary>
    private sealed class SilentLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
