using System.Collections.Concurrent;
using Csmr.Chaos.Clusters;
using Csmr.Chaos.Composite;
using Csmr.Chaos.Histories;
using Csmr.Chaos.Processes;
using Csmr.Client;
using Csmr.Grains.Hosting;
using Csmr.Grains.Routing;

namespace Csmr.Chaos.Loads;

/// <summary>How a load is made up.</summary>
public sealed record LoadOptions
{
    /// <summary>Clients over REST.</summary>
    public int RestClients { get; init; } = 8;

    /// <summary>Clients by the typed services of the Orleans client.</summary>
    public int TypedClients { get; init; } = 2;

    /// <summary>Clients by sessions of the Orleans client.</summary>
    public int SessionClients { get; init; } = 2;

    /// <summary>Clients over REST of atomic operations.</summary>
    public int AtomicClients { get; init; } = 4;

    /// <summary>The mean pause of a client between two calls.</summary>
    public int PauseMs { get; init; } = 40;

    /// <summary>The pause before a call is tried again.</summary>
    public int RetryPauseMs { get; init; } = 20;

    /// <summary>The time that one try has.</summary>
    public TimeSpan TryTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>The time after which a call is not tried again.</summary>
    public TimeSpan GiveUpAfter { get; init; } = TimeSpan.FromSeconds(20);
}

/// <summary>Clients of all kinds at work, and their history.</summary>
public sealed class MixedLoad : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<ICaller> _callers = [];
    private readonly ConcurrentQueue<string> _surprises = [];
    private readonly CsmrClient? _orleans;
    private readonly List<Task> _clients = [];

    private MixedLoad(CsmrClient? orleans) => _orleans = orleans;

    /// <summary>The calls of the single services, and of the operation that is not atomic.</summary>
    public History History { get; } = new();

    /// <summary>The calls of atomic operations.</summary>
    public History Atomic { get; } = new();

    /// <summary>Answers that a right server does not give.</summary>
    public IReadOnlyCollection<string> Surprises => _surprises;

    /// <summary>Starts the clients.</summary>
    public static async Task<MixedLoad> StartAsync(ChaosCluster cluster, LoadOptions options, int seed)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        ArgumentNullException.ThrowIfNull(options);
        var orleans = options.TypedClients + options.SessionClients > 0 ? await ConnectAsync(cluster) : null;
        var load = new MixedLoad(orleans);
        for (var i = 0; i < options.RestClients; i++)
        {
            load.Add($"rest{i}", new RestCaller([.. cluster.Gateways.Select(static gateway => gateway.Url!)], i, options.TryTimeout), options, seed);
        }

        for (var i = 0; i < options.TypedClients; i++)
        {
            load.Add($"typed{i}", new TypedCaller(orleans!, options.TryTimeout), options, seed);
        }

        for (var i = 0; i < options.SessionClients; i++)
        {
            load.Add($"session{i}", new SessionCaller(orleans!, options.GiveUpAfter), options, seed);
        }

        await load.StartAtomicAsync(cluster, options, seed);
        return load;
    }

    /// <summary>Ends the load: every client brings its last call to an end.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_clients);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        foreach (var caller in _callers)
        {
            await caller.DisposeAsync();
        }

        if (_orleans is not null)
        {
            await _orleans.DisposeAsync();
        }

        _stop.Dispose();
    }

    /// <summary>Connects an Orleans client to the gateways' silos.</summary>
    public static async Task<CsmrClient> ConnectAsync(ChaosCluster cluster)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        return await CsmrClient.ConnectAsync(
            new CsmrClientOptions { ClusterId = ChaosManifest.Name, Gateways = [.. cluster.Gateways.Select(static gateway => gateway.OrleansGateway)] },
            limit.Token);
    }

    private async Task StartAtomicAsync(ChaosCluster cluster, LoadOptions options, int seed)
    {
        var gateways = cluster.Gateways.Select(static gateway => gateway.Url!).ToArray();
        await using var bank = new RestCaller(gateways, 0, options.TryTimeout);
        await BankWorkload.OpenAccountsAsync(new LoadClient("bank", bank, new BankWorkload("bank", new Random(seed)), Atomic, options, _surprises.Enqueue));
        for (var i = 0; i < options.AtomicClients; i++)
        {
            var name = $"atomic{i}";
            var caller = new RestCaller(gateways, i, options.TryTimeout);
            _callers.Add(caller);
            var client = new LoadClient(name, caller, new BankWorkload(name, new Random((seed * 1_000) + 500 + i)), Atomic, options, _surprises.Enqueue);
            _clients.Add(Task.Run(() => client.RunAsync(_stop.Token)));
        }
    }

    private void Add(string name, ICaller caller, LoadOptions options, int seed)
    {
        _callers.Add(caller);
        var client = new LoadClient(name, caller, new Workload(name, new Random((seed * 1_000) + _callers.Count)), History, options, _surprises.Enqueue);
        _clients.Add(Task.Run(() => client.RunAsync(_stop.Token)));
    }
}

/// <summary>The ids by which the groups' logs know calls.</summary>
public static class RequestIds
{
    /// <summary>The id of a call with an idempotency key.</summary>
    public static string OfKey(string key)
    {
        var request = new InvocationRequest { Operation = "", Arguments = [], IdempotencyKey = key };
        var flaw = CallIdentity.TryMake(request, new GatewayOptions(), out var identity);
        HarnessException.Require(flaw is null, () => $"the key '{key}' is no good: {flaw}");
        return identity.Text;
    }
}
