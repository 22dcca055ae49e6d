using Csmr.Client;
using Csmr.Grains.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Csmr.Cluster.Tests;

/// <summary>Silos stop, die and come back under load.</summary>
public sealed class FailoverTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Leader_GoesUnderLoad_OthersGoOnAndNothingIsLostOrDoubled(bool isGraceful)
    {
        await using var cluster = await SiloCluster.StartAsync(Plans.Store());
        var load = AppendLoad.Start(cluster);
        await load.UntilMoreAsync(50);

        var leader = await cluster.LeaderAsync("events");
        await (isGraceful ? cluster.StopSiloAsync(leader) : cluster.KillSiloAsync(leader));
        await load.UntilMoreAsync(200);
        await load.StopAsync();

        await load.CheckAsync();
        Assert.NotEqual(leader, await cluster.LeaderAsync("events"));
    }

    [Fact]
    public async Task Leader_Dies_OthersNoticeAndDoNotWaitForTheElectionTime()
    {
        // 25 seconds at least: longer than a call waits.
        await using var cluster = await SiloCluster.StartAsync(Plans.Store(), static silo => silo.Services.Configure<ReplicaOptions>(
            static options => (options.ElectionTicksMin, options.ElectionTicksMax) = (1000, 1040)));
        Assert.Equal(CallStatus.Done, (await cluster.CallAsync("append", """{"entry": "before"}""")).Status);

        await cluster.KillSiloAsync(await cluster.LeaderAsync("events"));
        var append = await cluster.CallAsync("append", """{"entry": "after"}""", timeoutMs: 20_000);

        Assert.Equal(CallStatus.Done, append.Status);
    }

    [Fact]
    public async Task Silo_StopsAndComesBackUnderLoad_CatchesUpToAnEqualState()
    {
        await using var cluster = await SiloCluster.StartAsync(Plans.Store());
        var load = AppendLoad.Start(cluster);
        await load.UntilMoreAsync(50);
        var leader = await cluster.LeaderAsync("events");
        var follower = Plans.Nodes.First(node => node != leader);

        await cluster.StopSiloAsync(follower);
        await load.UntilMoreAsync(100);
        await cluster.StartSiloAsync(follower);
        await load.UntilMoreAsync(100);
        await load.StopAsync();

        await load.CheckAsync();
        await cluster.UntilEqualAsync("events", Plans.Nodes.Length);
    }

    [Fact]
    public async Task AllSilos_StopAndComeBack_EverythingAcknowledgedIsThere()
    {
        await using var cluster = await SiloCluster.StartAsync(Plans.Store());
        var load = AppendLoad.Start(cluster);
        await load.UntilMoreAsync(100);
        await load.StopAsync();

        foreach (var node in Plans.Nodes)
        {
            await cluster.StopSiloAsync(node);
        }

        await Task.WhenAll(Plans.Nodes.Select(cluster.StartSiloAsync));
        await cluster.UntilReadyAsync();

        await load.CheckAsync();
        await cluster.UntilEqualAsync("events", Plans.Nodes.Length);
    }

    [Fact]
    public async Task Majority_IsGone_CallsAreNotDoneOrUnknownAndNeverHang()
    {
        await using var cluster = await SiloCluster.StartAsync(Plans.Store());
        Assert.Equal(CallStatus.Done, (await cluster.CallAsync("put", """{"key": "a", "value": 1}""")).Status);
        await cluster.StopSiloAsync("n1");
        await cluster.StopSiloAsync("n2");
        await Until.TrueAsync(() => !cluster.View.IsReady, "the gateway notices that the groups have no leader");
        await Until.TrueAsync(
            async () => (await cluster.View.GetStatusAsync()).Groups.All(group => group.Leader is null), "the last leader steps down");

        var put = await cluster.CallAsync("put", """{"key": "a", "value": 2}""", timeoutMs: 500);
        var get = await cluster.CallAsync("get", """{"key": "a"}""", timeoutMs: 500);
        Assert.Equal((CallStatus.Unavailable, Certainty.NotDone), (put.Status, put.Certainty));
        Assert.Equal((CallStatus.Unavailable, Certainty.NotDone), (get.Status, get.Certainty));
        Assert.True(put.RetryAfterMs > 0);

        await cluster.StartSiloAsync("n1");
        await cluster.UntilReadyAsync();
        Assert.Equal(CallStatus.Done, (await cluster.CallAsync("put", """{"key": "a", "value": 3}""")).Status);
    }

    [Fact]
    public async Task Witness_VotesButDoesNotExecute_GroupOutlivesTheLossOfAnExecutingReplica()
    {
        await using var cluster = await SiloCluster.StartAsync(Plans.Store(witnesses: 1));
        Assert.Equal(CallStatus.Done, (await cluster.CallAsync("put", """{"key": "a", "value": 1}""")).Status);
        var leader = await cluster.LeaderAsync("kv");
        Assert.NotEqual("n3", leader);

        await cluster.StopSiloAsync(leader);
        Assert.Equal(CallStatus.Done, (await cluster.CallAsync("put", """{"key": "a", "value": 2}""")).Status);

        var witness = (await cluster.View.GetGroupAsync(new GroupId("kv")))!.Replicas[2];
        Assert.True(witness is { IsWitness: true, Status.AppliedUpTo: 0, Status.Digest: null });
        Assert.True(witness.Status!.LastSlot > 0);
    }
}
