using System.Diagnostics;
using Csmr.Client;
using Csmr.Grains.Replicas;
using Csmr.Grains.Replicas.Pinning;
using Csmr.Grains.Routing;
using Csmr.Server.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Csmr.Cluster.Tests;

/// <summary>Who is where, and who may call whom.</summary>
public sealed class AddressingTests(HealthyCluster healthy) : IClassFixture<HealthyCluster>
{
    private readonly SiloCluster _cluster = healthy.Cluster;

    private IGrainFactory Grains => _cluster.ServicesOf("gateway").GetRequiredService<IGrainFactory>();

    [Fact]
    public async Task Replicas_Activated_AreOnTheSiloOfTheirKey()
    {
        var management = Grains.GetGrain<IManagementGrain>(0);
        foreach (var node in Plans.Nodes)
        {
            var address = _cluster.ServicesOf(node).GetRequiredService<ILocalSiloDetails>().SiloAddress;
            Assert.Equal(address, await management.GetActivationAddress(Grains.GetGrain<IPaxosLogGrain>($"{node}/kv")));
            Assert.Equal(address, await management.GetActivationAddress(Grains.GetGrain<IReplicaGrain>($"{node}/kv")));
        }
    }

    [Fact]
    public async Task Replica_OfAnUnknownSilo_IsRefusedAtOnce()
    {
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < 5; i++)
        {
            await Assert.ThrowsAsync<ReplicaUnavailableException>(() => Grains.GetGrain<IPaxosLogGrain>($"nobody-{i}/kv").StatusAsync(withDigest: false));
        }

        // Orleans' own retries would take half a second each.
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(2), $"five refusals took {watch.Elapsed}");
    }

    [Theory]
    [InlineData("gateway/kv")]
    [InlineData("n1/nothing")]
    public async Task Replica_ThatThePlanDoesNotHave_IsNotActivated(string key) =>
        await Assert.ThrowsAnyAsync<Exception>(() => Grains.GetGrain<IPaxosLogGrain>(key).StatusAsync(withDigest: false));

    [Fact]
    public async Task Client_CallsTheProxyGrain_AndIsRefusedByInternalGrains()
    {
        using var host = Host.CreateApplicationBuilder().UseClient(_cluster).Build();
        await host.StartAsync();
        var client = host.Services.GetRequiredService<IClusterClient>();

        var reply = await client.GetGrain<IProxyGrain>(0).InvokeAsync(new InvocationRequest
        {
            Operation = "put",
            Arguments = """{"key": "from-a-client", "value": true}"""u8.ToArray(),
        });
        Assert.Equal(CallStatus.Done, reply.Status);
        Assert.NotEmpty(await client.GetGrain<IProxyGrain>(0).DescribeAsync());
        await Assert.ThrowsAsync<UnauthorizedAccessException>(() => client.GetGrain<IPaxosLogGrain>("n1/kv").StatusAsync(withDigest: false));
        await Assert.ThrowsAsync<UnauthorizedAccessException>(() => client.GetGrain<IReplicaGrain>("n1/kv").CaptureAsync());
        await host.StopAsync();
    }
}

/// <summary>Two silos of one name.</summary>
public sealed class NamesakeTests
{
    [Fact]
    public async Task Silo_ThatIsJoinedByANewerNamesake_StopsItself()
    {
        await using var cluster = await SiloCluster.StartAsync(Plans.Store());
        var older = cluster.NodeOf("gateway");
        var lifetime = older.Host.Services.GetRequiredService<IHostApplicationLifetime>();
        var generation = older.Host.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress.Generation;

        // Generations are seconds: the newer one must not start in the same one.
        await Until.TrueAsync(() => SiloAddress.AllocateNewGeneration() > generation, "the next second begins");

        // The older one has the directory for checkpoints yet.
        await using var newer = SiloNode.Open(cluster.SettingsOf("gateway") with { CheckpointDirectory = null });
        await newer.StartAsync(TestContext.Current.CancellationToken);

        await Until.TrueAsync(() => lifetime.ApplicationStopping.IsCancellationRequested, "the older silo stops itself");
        var request = new InvocationRequest { Operation = "put", Arguments = """{"key": "a", "value": 1}"""u8.ToArray() };
        var reply = await newer.Host.Services.GetRequiredService<IInvoker>().InvokeAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(CallStatus.Done, reply.Status);
    }
}

internal static class ClientSetup
{
    public static HostApplicationBuilder UseClient(this HostApplicationBuilder builder, SiloCluster cluster)
    {
        builder.Logging.ClearProviders();
        builder.UseOrleansClient(client =>
        {
            cluster.Membership.Use(client);
            client.Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = (cluster.Plan.Name, cluster.Plan.Name));
        });
        return builder;
    }
}
