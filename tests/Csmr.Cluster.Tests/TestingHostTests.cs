using System.Text;
using Csmr.Client;
using Csmr.Composition.Plans;
using Csmr.Grains.Hosting;
using Csmr.Grains.Routing;
using Csmr.Storage;
using Csmr.Storage.Snapshots;
using Microsoft.Extensions.DependencyInjection;
using Orleans.TestingHost;

namespace Csmr.Cluster.Tests;

/// <summary>The grains in a cluster of Orleans' own TestingHost, over its membership and its in-memory transport.</summary>
public sealed class TestingHostTests : IAsyncLifetime
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("csmr-testing-host-");
    private readonly List<SegmentedJournal> _journals = [];
    private readonly List<SnapshotStore> _snapshots = [];
    private InProcessTestCluster _cluster = null!;

    public async ValueTask InitializeAsync()
    {
        var plan = Plans.OnNodes(Plans.Store(), "Silo_0", "Silo_1", "Silo_2");
        var builder = new InProcessTestClusterBuilder(3);
        builder.ConfigureSilo((options, silo) => silo.AddCsmrReplicas(new ReplicaPorts(plan, JournalOf(options.SiloName), SnapshotsOf(options.SiloName))));
        _cluster = builder.Build();
        await _cluster.DeployAsync();
        await UntilReadyAsync(0);
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        foreach (var store in _snapshots)
        {
            await store.DisposeAsync();
        }

        foreach (var journal in _journals)
        {
            await journal.DisposeAsync();
        }

        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task Put_ThroughAnySiloAndTheClient_SeenByAll()
    {
        for (var silo = 0; silo < 3; silo++)
        {
            await UntilReadyAsync(silo);
            Assert.Equal(CallStatus.Done, (await CallAsync(silo, "put", $$"""{"key":"k{{silo}}","value":{{silo}}}""")).Status);
        }

        for (var silo = 0; silo < 3; silo++)
        {
            var reply = await CallAsync(silo, "get", $$"""{"key":"k{{(silo + 1) % 3}}"}""");
            Assert.Contains($"\"result\":{(silo + 1) % 3}", Encoding.UTF8.GetString(reply.Body), StringComparison.Ordinal);
        }

        var proxy = _cluster.Client.GetGrain<IProxyGrain>(0);
        var answer = await proxy.InvokeAsync(new InvocationRequest { Operation = "get", Arguments = """{"key":"k0"}"""u8.ToArray() });
        Assert.Contains("\"result\":0", Encoding.UTF8.GetString(answer.Body), StringComparison.Ordinal);
    }

    [Fact]
    public async Task KillASilo_AnyOfThree_TheOthersGoOnServing()
    {
        Assert.Equal(CallStatus.Done, (await CallAsync(0, "put", """{"key":"before","value":1}""")).Status);
        await _cluster.KillSiloAsync(_cluster.Silos[2]);
        await UntilReadyAsync(0);
        Assert.Equal(CallStatus.Done, (await CallAsync(0, "put", """{"key":"after","value":2}""")).Status);
        foreach (var key in new[] { "before", "after" })
        {
            Assert.Equal(CallStatus.Done, (await CallAsync(1, "get", $$"""{"key":"{{key}}"}""")).Status);
        }
    }

    private Func<GroupPlan, Csmr.Replication.Ports.IJournal> JournalOf(string silo)
    {
        var journal = SegmentedJournal.Open(new JournalOptions
        {
            Directory = Path.Combine(_directory.FullName, silo),
            Cluster = "testing-host",
            Node = silo,
            SegmentBytes = 1 << 20,
        });
        lock (_journals)
        {
            _journals.Add(journal);
        }

        return _ => journal;
    }

    private Func<GroupPlan, Csmr.Replication.Ports.ISnapshotStore> SnapshotsOf(string silo)
    {
        var store = SnapshotStore.Open(new SnapshotStoreOptions { Directory = Path.Combine(_directory.FullName, silo), Cluster = "testing-host" });
        lock (_journals)
        {
            _snapshots.Add(store);
        }

        return _ => store;
    }

    private Task UntilReadyAsync(int silo) =>
        Until.TrueAsync(() => ServicesOf(silo).GetRequiredService<IClusterView>().IsReady, $"silo {silo} reaches a serving leader of every group");

    private IServiceProvider ServicesOf(int silo) => _cluster.GetSiloServiceProvider(_cluster.Silos[silo].SiloAddress);

    private async Task<InvocationReply> CallAsync(int silo, string operation, string arguments) =>
        await ServicesOf(silo).GetRequiredService<IInvoker>().InvokeAsync(new InvocationRequest
        {
            Operation = operation,
            Arguments = Encoding.UTF8.GetBytes(arguments),
            IdempotencyKey = Guid.NewGuid().ToString("N"),
            TimeoutMs = 30_000,
        });
}
