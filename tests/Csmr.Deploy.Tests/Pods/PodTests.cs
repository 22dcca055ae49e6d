using System.Net;
using Csmr.Chaos.Processes;
using Csmr.Deploy.Tests.Helm;

namespace Csmr.Deploy.Tests.Pods;

/// <summary>
/// The rendered pods started for real, with TLS and an access file: init steps, probes, stops and the test of the chart. What happens to pods in a cluster is
/// played under load, and what the clients saw is judged. Takes some minutes, so it is run on request: <c>CSMR_PODS=1</c>.
/// </summary>
public sealed class PodTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly string[] Groups = ["store", "locks"];

    [Fact]
    public async Task Pods_OfTheChart_Serve_AndLetInOnlyWhoHasAKey()
    {
        Require();
        await using var pods = await PodCluster.InstallAsync();
        await pods.TestAsync();
        using var stranger = (pods.Access with { Key = null }).Connect();
        using var known = pods.Access.Connect();
        foreach (var path in new[] { "/metrics", "/v1/cluster" })
        {
            using var refused = await stranger.GetAsync(new Uri(pods.UrlOf("gateway-0"), path), TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
            using var answered = await known.GetAsync(new Uri(pods.UrlOf("gateway-0"), path), TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, answered.StatusCode);
        }
    }

    [Fact]
    public async Task Pods_UpdatedOneAfterTheOther_AndAHostLost_LoseNothing()
    {
        Require();
        await using var pods = await PodCluster.InstallAsync();
        await using var load = new PodLoad([pods.UrlOf("gateway-0"), pods.UrlOf("gateway-1")], pods.Access);

        // One more gateway, as by autoscaling, and the update of a Deployment: the new pod comes before the old one goes.
        await pods.StartAsync("gateway-1");
        await pods.ReadyAsync("gateway-1");
        await load.GoesOnAsync(Patience);
        await pods.StopAsync("gateway-0");
        await load.GoesOnAsync(Patience);
        await pods.StartAsync("gateway-0");
        await pods.ReadyAsync("gateway-0");

        // The update of a StatefulSet: the highest ordinal first, each back with the volume of the old one before the next goes.
        for (var ordinal = 2; ordinal >= 0; ordinal--)
        {
            var name = PodCluster.NameOf(ordinal);
            await pods.StopAsync(name);
            await pods.StartAsync(name);
            await pods.ReadyAsync(name);
        }

        // A host is lost, and a gateway with it; the volume is not.
        await pods.KillAsync("csmr-replica-0");
        await pods.KillAsync("gateway-1");
        await load.GoesOnAsync(Patience);
        await pods.StartAsync("csmr-replica-0");
        await pods.ReadyAsync("csmr-replica-0");
        await load.GoesOnAsync(Patience);
        await load.JudgeAsync();
    }

    [Fact]
    public async Task Volume_Lost_IsReplacedAsTheOperatorsGuideSays_AndLosesNothing()
    {
        Require();
        await using var pods = await PodCluster.InstallAsync();
        await using var load = new PodLoad([pods.UrlOf("gateway-0")], pods.Access);
        await load.GoesOnAsync(Patience);
        await pods.KillAsync("csmr-replica-2");
        pods.DeleteClaim("csmr-replica-2");
        await pods.StartAsync("csmr-replica-2");
        foreach (var group in Groups)
        {
            var lost = await OutcastAsync(pods, group);
            Assert.Contains("csmr-replica-2", lost, StringComparison.Ordinal);
            await pods.OperateAsync("remove-replica", group, lost.Trim().Split('@')[0]);
            await pods.OperateAsync("add-replica", group, "--node", "csmr-replica-2");
        }

        await pods.ReadyAsync("csmr-replica-2");

        // The new replicas carry the groups, with another one gone.
        await pods.KillAsync("csmr-replica-0");
        await load.GoesOnAsync(Patience);
        await load.JudgeAsync();
    }

    [Fact]
    public async Task Replicas_ScaledFromThreeToFive_CarryTheGroups()
    {
        Require();
        await using var pods = await PodCluster.InstallAsync();
        await using var load = new PodLoad([pods.UrlOf("gateway-0")], pods.Access);
        await load.GoesOnAsync(Patience);

        // The new pods are made, then the old ones get the list with the new nodes.
        await pods.UpgradeAsync("replica.count=5");
        foreach (var ordinal in new[] { 3, 4 })
        {
            await pods.StartAsync(PodCluster.NameOf(ordinal));
            await pods.ReadyAsync(PodCluster.NameOf(ordinal));
        }

        foreach (var name in new[] { "csmr-replica-2", "csmr-replica-1", "csmr-replica-0", "gateway-0" })
        {
            await pods.StopAsync(name);
            await pods.StartAsync(name);
            await pods.ReadyAsync(name);
        }

        foreach (var group in Groups)
        {
            await pods.OperateAsync("add-replica", group, "--node", "csmr-replica-3");
            await pods.OperateAsync("add-replica", group, "--node", "csmr-replica-4");
            var votes = await Wait.UntilAsync(Patience, async () => Voters(await pods.OperateAsync("groups", group)) == 5);
            Assert.True(votes, group);
        }

        // Two may be lost now.
        await pods.KillAsync("csmr-replica-0");
        await pods.KillAsync("csmr-replica-1");
        await load.GoesOnAsync(Patience);
        await load.JudgeAsync();
    }

    /// <summary>The line of the replica that has lost its disk.</summary>
    private static async Task<string> OutcastAsync(PodCluster pods, string group)
    {
        string? line = null;
        await Wait.UntilAsync(Patience, async () =>
        {
            line = (await pods.OperateAsync("groups", group)).Split('\n').FirstOrDefault(static replica => replica.Contains("outcast", StringComparison.Ordinal));
            return line is not null;
        });
        return line ?? "";
    }

    private static int Voters(string group) => group.Split('\n').Count(static replica => replica.Contains("leader", StringComparison.Ordinal) || replica.Contains("follower", StringComparison.Ordinal));

    private static void Require()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("CSMR_PODS") == "1", "Takes some minutes: run with CSMR_PODS=1.");
        Assert.SkipWhen(HelmTool.WhyNot is not null, HelmTool.WhyNot ?? "");
        Assert.SkipWhen(PostgresServer.WhyNot is not null, PostgresServer.WhyNot ?? "");
    }
}
