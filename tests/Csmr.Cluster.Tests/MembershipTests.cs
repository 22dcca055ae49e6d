using Csmr.Client;
using Csmr.Grains.Hosting;
using Csmr.Grains.Replicas.Membership;
using Csmr.Grains.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Csmr.Cluster.Tests;

/// <summary>Replicas are added, removed and replaced, and leaderships handed over, while clients write.</summary>
public sealed class MembershipTests
{
    private static readonly GroupId Events = new("events");

    [Theory]
    [InlineData(1 << 30)]
    [InlineData(64 << 10)]
    public async Task Replica_IsAddedAndAnotherOneRemovedUnderLoad_NothingIsLostAndTheNewOneCounts(int journalBytes)
    {
        await using var cluster = await StartAsync(journalBytes);
        var load = AppendLoad.Start(cluster);
        await load.UntilMoreAsync(200);
        var leader = await cluster.LeaderAsync("events");
        var follower = Plans.Nodes.First(node => node != leader);

        await DoneAsync(cluster, Add("n4"));
        await UntilVotersAsync(cluster, ["n1", "n2", "n3", "n4"]);
        await DoneAsync(cluster, Remove(await IdOfAsync(cluster, follower)));
        await UntilVotersAsync(cluster, [.. Plans.Nodes.Where(node => node != follower), "n4"]);
        await cluster.StopSiloAsync(follower);
        await load.UntilMoreAsync(50);

        // Without the new one there is no quorum any more.
        await cluster.KillSiloAsync(leader);
        await load.UntilMoreAsync(50);
        await cluster.StartSiloAsync(leader);
        await cluster.StartSiloAsync(follower);
        await load.UntilMoreAsync(50);
        await load.StopAsync();
        await load.CheckAsync();
        await cluster.UntilEqualAsync("events", 3);
    }

    [Fact]
    public async Task Members_OutliveARestartOfAll_AndChangeOn()
    {
        await using var cluster = await StartAsync(64 << 10);
        var load = AppendLoad.Start(cluster);
        await DoneAsync(cluster, Add("n4"));
        await UntilVotersAsync(cluster, ["n1", "n2", "n3", "n4"]);
        await load.UntilMoreAsync(300);
        await load.StopAsync();
        string[] all = [.. Plans.Nodes, "n4"];
        foreach (var node in all)
        {
            await cluster.KillSiloAsync(node);
        }

        await Task.WhenAll(all.Select(cluster.StartSiloAsync));
        await cluster.UntilReadyAsync();
        await UntilVotersAsync(cluster, all);
        await DoneAsync(cluster, Remove(0));
        await UntilVotersAsync(cluster, ["n2", "n3", "n4"]);
        await load.CheckAsync();
        await cluster.UntilEqualAsync("events", 3);
    }

    [Fact]
    public async Task LostDisk_IsReplacedByAReplicaWithANewId()
    {
        await using var cluster = await StartAsync();
        var load = AppendLoad.Start(cluster);
        await load.UntilMoreAsync(50);
        var leader = await cluster.LeaderAsync("events");
        var lost = Plans.Nodes.First(node => node != leader);
        var id = await IdOfAsync(cluster, lost);
        await cluster.StopSiloAsync(lost);
        Directory.Delete(cluster.DirectoryOf(lost), recursive: true);
        await cluster.StartSiloAsync(lost);
        await Until.TrueAsync(async () => (await StatusOfAsync(cluster, lost))?.Role == "outcast", "the replica with the empty disk stays out");

        var refused = await Admin(cluster).ChangeAsync(Events, Add(lost));
        Assert.Equal(ChangeOutcome.Refused, refused.Outcome);
        Assert.Contains($"has replica r{id} of the group already", refused.Reason, StringComparison.Ordinal);
        await DoneAsync(cluster, Remove(id));
        await DoneAsync(cluster, Add(lost));
        await UntilVotersAsync(cluster, Plans.Nodes);
        Assert.Equal(3, await IdOfAsync(cluster, lost));
        await load.UntilMoreAsync(50);
        await load.StopAsync();
        await load.CheckAsync();
        await cluster.UntilEqualAsync("events", 3);
    }

    /// <summary>With the log that it has: its data directory, which has other groups too, is not emptied.</summary>
    [Theory]
    [InlineData(1 << 30)]
    [InlineData(64 << 10)]
    public async Task Node_OfARemovedReplica_GetsAnotherOneUnderLoad_AndItCountsAfterARestartOfAll(int journalBytes)
    {
        await using var cluster = await StartAsync(journalBytes);
        var load = AppendLoad.Start(cluster);
        for (var round = 0; round < 2; round++)
        {
            await load.UntilMoreAsync(200);
            var leader = await cluster.LeaderAsync("events");
            var node = Plans.Nodes.First(node => node != leader);
            await DoneAsync(cluster, Remove(await IdOfAsync(cluster, node)));
            await load.UntilMoreAsync(100);
            await DoneAsync(cluster, Add(node));
            await UntilVotersAsync(cluster, Plans.Nodes);
            Assert.Equal(3 + round, await IdOfAsync(cluster, node));
        }

        await load.UntilMoreAsync(50);
        await load.StopAsync();
        foreach (var node in Plans.Nodes)
        {
            await cluster.KillSiloAsync(node);
        }

        await Task.WhenAll(Plans.Nodes.Select(cluster.StartSiloAsync));
        await cluster.UntilReadyAsync();
        await load.CheckAsync();
        await cluster.UntilEqualAsync("events", 3);
    }

    /// <summary>With other nodes in the manifest its rule puts the replicas of a group that is formed long since elsewhere: that counts for nothing.</summary>
    [Fact]
    public async Task Node_OfANewManifest_WhichPutsReplicasThere_GetsOneOfTheFormedGroup()
    {
        await using var cluster = await StartAsync();
        var load = AppendLoad.Start(cluster);
        await load.UntilMoreAsync(50);
        await load.StopAsync();
        cluster.Plan = Plans.OnNodes(cluster.Plan, "n5", "n6", "n1") with { Nodes = ["n6", "n5", .. cluster.Plan.Nodes] };
        await cluster.StopSiloAsync("gateway");
        await Task.WhenAll(new[] { "n5", "n6", "gateway" }.Select(cluster.StartSiloAsync));
        await cluster.UntilReadyAsync();
        await UntilVotersAsync(cluster, Plans.Nodes);

        await DoneAsync(cluster, Add("n5"));
        await UntilVotersAsync(cluster, [.. Plans.Nodes, "n5"]);
        await DoneAsync(cluster, Add("n6"));
        await UntilVotersAsync(cluster, [.. Plans.Nodes, "n5", "n6"]);
        await cluster.KillSiloAsync("n1");
        await cluster.KillSiloAsync("n2");
        load = AppendLoad.Start(cluster);
        await load.UntilMoreAsync(50);
        await load.StopAsync();
        await cluster.UntilEqualAsync("events", 3);
    }

    [Fact]
    public async Task Witness_IsPromoted_AndAnotherReplicaDemoted_OnTheirNodes()
    {
        await using var cluster = await StartAsync(64 << 10, witnesses: 1);
        var load = AppendLoad.Start(cluster);
        await load.UntilMoreAsync(300);
        await DoneAsync(cluster, Remove(2));
        await DoneAsync(cluster, Add("n3"));
        await UntilVotersAsync(cluster, Plans.Nodes);
        await load.UntilMoreAsync(50);
        var leader = await cluster.LeaderAsync("events");
        var demoted = Plans.Nodes.First(node => node != leader);
        await DoneAsync(cluster, Remove(await IdOfAsync(cluster, demoted)));
        await DoneAsync(cluster, new MemberChange(demoted, IsWitness: true, Removed: null));
        await UntilVotersAsync(cluster, Plans.Nodes);
        Assert.True((await cluster.View.GetGroupAsync(Events))!.Replicas.Single(replica => replica.Node == demoted).IsWitness);
        await load.UntilMoreAsync(200);

        // The witness votes: without it there would be no quorum.
        await cluster.KillSiloAsync(Plans.Nodes.Single(node => node != demoted && node != leader));
        await load.UntilMoreAsync(50);
        await load.StopAsync();
        await load.CheckAsync();
    }

    [Fact]
    public async Task Leader_IsRemoved_AnotherOneLeads()
    {
        await using var cluster = await StartAsync();
        await DoneAsync(cluster, Add("n4"));
        await UntilVotersAsync(cluster, ["n1", "n2", "n3", "n4"]);
        var leader = await cluster.LeaderAsync("events");
        await DoneAsync(cluster, Remove(await IdOfAsync(cluster, leader)));
        Assert.NotEqual(leader, await cluster.LeaderAsync("events"));
        Assert.Equal(CallStatus.Done, (await cluster.CallAsync("append", """{"entry": "after"}""")).Status);
    }

    [Fact]
    public async Task Leadership_IsHandedToTheNodeThatIsNamed_OrKept()
    {
        await using var cluster = await StartAsync();
        var leader = await cluster.LeaderAsync("events");
        var next = Plans.Nodes.First(node => node != leader);
        var reply = await Admin(cluster).HandOverAsync(Events, next);
        Assert.Equal((ChangeOutcome.Done, next), (reply.Outcome, reply.Leader));
        Assert.Equal(next, await cluster.LeaderAsync("events"));

        // A node without a replica of the group cannot lead it.
        Assert.Equal(ChangeOutcome.Refused, (await Admin(cluster).HandOverAsync(Events, "n4")).Outcome);
        Assert.Equal(CallStatus.Done, (await cluster.CallAsync("append", """{"entry": "after"}""")).Status);
    }

    [Fact]
    public async Task Changes_ThatWouldCostTheQuorum_OrMakeNoSense_AreRefused()
    {
        await using var cluster = await StartAsync();
        var leader = await cluster.LeaderAsync("events");
        var down = Plans.Nodes.First(node => node != leader);
        var other = Plans.Nodes.First(node => node != leader && node != down);
        await cluster.StopSiloAsync(down);
        var id = await IdOfAsync(cluster, other);
        await RefusedAsync(cluster, Remove(id), "lose its quorum");
        await RefusedAsync(cluster, Remove(17), "has no replica r17");
        await RefusedAsync(cluster, Add(leader), "already");
        await RefusedAsync(cluster, Add("nowhere"), "is no node of the composition");
        await RefusedAsync(cluster, Add(down), "already");
    }

    private static MemberChange Add(string node) => new(node, IsWitness: false, Removed: null);

    private static MemberChange Remove(int id) => new(Node: null, IsWitness: false, id);

    private static Task<SiloCluster> StartAsync(int journalBytes = 1 << 30, int witnesses = 0) => SiloCluster.StartAsync(
        Plans.Store(witnesses) with { Nodes = [.. Plans.Nodes, "n4"] },
        silo => silo.Services.Configure<ReplicaOptions>(options => (options.SnapshotJournalBytes, options.RetainedLogBytes) = (journalBytes, 0)));

    private static IClusterAdmin Admin(SiloCluster cluster) => cluster.ServicesOf("gateway").GetRequiredService<IClusterAdmin>();

    // A change that finds another one under way, or a leader that has just begun, is asked for again: as people do.
    private static async Task DoneAsync(SiloCluster cluster, MemberChange change)
    {
        var last = new ChangeReply(ChangeOutcome.NotLeader);
        await Until.TrueAsync(
            async () => (last = await Admin(cluster).ChangeAsync(Events, change)).Outcome == ChangeOutcome.Done
                || (last.Reason?.Contains("try again", StringComparison.Ordinal) != true && last.Outcome == ChangeOutcome.Refused),
            $"{change} is done");
        Assert.Equal((ChangeOutcome.Done, null), (last.Outcome, last.Reason));
    }

    private static async Task RefusedAsync(SiloCluster cluster, MemberChange change, string reason)
    {
        var reply = await Admin(cluster).ChangeAsync(Events, change);
        Assert.Equal(ChangeOutcome.Refused, reply.Outcome);
        Assert.Contains(reason, reply.Reason, StringComparison.Ordinal);
    }

    private static async Task<int> IdOfAsync(SiloCluster cluster, string node) =>
        (await cluster.View.GetGroupAsync(Events))!.Replicas.First(replica => replica.Node == node).Id.Ordinal;

    private static async Task<ReplicaStatus?> StatusOfAsync(SiloCluster cluster, string node) =>
        (await cluster.View.GetGroupAsync(Events))!.Replicas.FirstOrDefault(replica => replica.Node == node)?.Status;

    private static Task UntilVotersAsync(SiloCluster cluster, IReadOnlyCollection<string> nodes) => Until.TrueAsync(
        async () =>
        {
            var replicas = (await cluster.View.GetGroupAsync(Events))!.Replicas;
            return replicas.Select(static replica => replica.Node).Order().SequenceEqual(nodes.Order())
                && replicas.All(static replica => replica.Status is { Role: "leader" or "follower" });
        },
        $"{string.Join(", ", nodes)} vote");
}
