using System.Net;
using Csmr.Client;
using Microsoft.Extensions.DependencyInjection;

namespace Csmr.Cluster.Tests.Client;

/// <summary>The client over real silos: from outside through a gateway port, and within a silo.</summary>
public sealed class ConnectedClientTests(HealthyCluster healthy) : IClassFixture<HealthyCluster>
{
    private readonly SiloCluster _cluster = healthy.Cluster;

    [Fact]
    public async Task Connect_ThroughAGatewayPort_CallsTypedAndUntyped()
    {
        await using var client = await ConnectAsync();
        var store = client.Service<IKeyValueStore>();
        var version = await store.PutAsync("from-outside", new { colour = "red" });
        var found = await client.NewSession().Service<IKeyValueStore>().GetAsync("from-outside");
        Assert.Equal((version, "red"), (found!.Version, found.Value.GetProperty("colour").GetString()));

        var described = await client.DescribeAsync();
        Assert.Equal(_cluster.Plan.Name, described.GetProperty("composition").GetString());
        var unknown = await Assert.ThrowsAsync<CsmrInvalidCallException>(() => client.InvokeAsync("nosuch"));
        Assert.Equal((CallStatus.UnknownOperation, Certainty.NotDone), (unknown.Status, unknown.Certainty));
        var wrong = await Assert.ThrowsAsync<CsmrInvalidCallException>(() => client.InvokeAsync("put", new { key = 1, value = 2 }));
        Assert.Equal("key", wrong.Argument);
    }

    [Fact]
    public async Task Key_UsedAgain_IsAnsweredFromWhatWasKept()
    {
        await using var client = await ConnectAsync();
        var options = new CallOptions { IdempotencyKey = "client-key-1" };
        var first = await client.InvokeAsync("append", new { entry = "once" }, options);
        var second = await client.InvokeAsync("append", new { entry = "once" }, options);
        Assert.Equal(first.ToString(), second.ToString());
        Assert.Equal((false, true), (first.IsReplayed, second.IsReplayed));
        await Assert.ThrowsAsync<CsmrInvalidCallException>(() => client.InvokeAsync("append", new { entry = "another" }, options));
    }

    [Fact]
    public async Task WithinASilo_TheSilosOwnClusterClient_Serves()
    {
        await using var client = new CsmrClient(_cluster.ServicesOf("gateway").GetRequiredService<IClusterClient>());
        var session = client.NewSession();
        var log = session.Service<IRecordLog>();
        var indexes = await Task.WhenAll(Enumerable.Range(0, 20).Select(entry => log.AppendAsync(entry)));
        Assert.Equal(20, indexes.Distinct().Count());
    }

    private Task<CsmrClient> ConnectAsync() => CsmrClient.ConnectAsync(new CsmrClientOptions
    {
        ClusterId = _cluster.Plan.Name,
        Gateways = [new IPEndPoint(IPAddress.Loopback, _cluster.NodeOf("gateway").Settings.GatewayPort)],
    });
}
