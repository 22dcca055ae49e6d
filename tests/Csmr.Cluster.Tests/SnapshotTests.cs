using Csmr.Client;
using Csmr.Grains.Hosting;
using Csmr.Grains.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Csmr.Cluster.Tests;

/// <summary>Replicas take snapshots under load, start from them, and get them from each other; real files, small bounds.</summary>
public sealed class SnapshotTests
{
    private const int JournalBytes = 64 << 10;

    [Fact]
    public async Task Follower_IsAwayWhileTheOthersTruncate_CatchesUpByASnapshotUnderLoad()
    {
        await using var cluster = await StartAsync();
        var load = AppendLoad.Start(cluster);
        await load.UntilMoreAsync(20);
        var leader = await cluster.LeaderAsync("events");
        var follower = Plans.Nodes.First(node => node != leader);

        await cluster.StopSiloAsync(follower);
        var away = (await ReplicaAsync(cluster, "events", leader)).LastSlot;
        await UntilSnapshotAsync(cluster, "events", away + 1, Plans.Nodes.Where(node => node != follower));
        await cluster.StartSiloAsync(follower);
        await UntilSnapshotAsync(cluster, "events", away + 1, [follower]);
        await load.UntilMoreAsync(100);
        await load.StopAsync();

        await load.CheckAsync();
        await cluster.UntilEqualAsync("events", Plans.Nodes.Length);
    }

    [Fact]
    public async Task AllSilos_AreKilledAndComeBackBehindSnapshots_EverythingAcknowledgedIsThereAndNothingIsDoneTwice()
    {
        await using var cluster = await StartAsync();
        var first = await cluster.CallAsync("append", """{"entry": "once"}""", key: "the-one");
        var load = AppendLoad.Start(cluster);
        await UntilSnapshotAsync(cluster, "events", 2, Plans.Nodes);
        await load.StopAsync();

        foreach (var node in Plans.Nodes)
        {
            await cluster.KillSiloAsync(node);
        }

        await Task.WhenAll(Plans.Nodes.Select(cluster.StartSiloAsync));
        await cluster.UntilReadyAsync();

        Assert.Equal(first.Body, (await cluster.CallAsync("append", """{"entry": "once"}""", key: "the-one")).Body);
        await load.CheckAsync();
        await cluster.UntilEqualAsync("events", Plans.Nodes.Length);
    }

    [Fact]
    public async Task Witness_WhoseJournalGrows_TakesTheSnapshotOfAnother()
    {
        await using var cluster = await StartAsync(witnesses: 1);
        var load = AppendLoad.Start(cluster);
        await UntilSnapshotAsync(cluster, "events", 2, ["n1", "n2", "n3"]);
        await load.StopAsync();

        await cluster.KillSiloAsync("n3");
        await cluster.StartSiloAsync("n3");
        await UntilSnapshotAsync(cluster, "events", 2, ["n3"]);
        await load.CheckAsync();
    }

    [Fact]
    public async Task Replica_WhoseSnapshotsAreDamaged_GetsOneFromTheOthers()
    {
        await using var cluster = await StartAsync();
        var load = AppendLoad.Start(cluster);
        await UntilSnapshotAsync(cluster, "events", 2, Plans.Nodes);
        await load.StopAsync();
        var leader = await cluster.LeaderAsync("events");
        var damaged = Plans.Nodes.First(node => node != leader);

        await cluster.StopSiloAsync(damaged);
        foreach (var path in Directory.GetFiles(Path.Combine(cluster.DirectoryOf(damaged), "snapshots")))
        {
            var bytes = await File.ReadAllBytesAsync(path);
            bytes[bytes.Length / 2] ^= 1;
            await File.WriteAllBytesAsync(path, bytes);
        }

        await cluster.StartSiloAsync(damaged);
        await cluster.UntilReadyAsync();
        await cluster.UntilEqualAsync("events", Plans.Nodes.Length);
        await load.CheckAsync();
    }

    private static Task<SiloCluster> StartAsync(int witnesses = 0) => SiloCluster.StartAsync(
        Plans.Store(witnesses),
        silo => silo.Services.Configure<ReplicaOptions>(static options => (options.SnapshotJournalBytes, options.RetainedLogBytes) = (JournalBytes, 0)));

    private static async Task<ReplicaStatus> ReplicaAsync(SiloCluster cluster, string group, string node)
    {
        var status = await cluster.View.GetGroupAsync(new GroupId(group));
        return status?.Replicas.First(replica => replica.Node == node).Status ?? new ReplicaStatus { Role = "unreachable" };
    }

    private static Task UntilSnapshotAsync(SiloCluster cluster, string group, long slotMin, IEnumerable<string> nodes) => Until.TrueAsync(
        async () =>
        {
            foreach (var node in nodes)
            {
                if ((await ReplicaAsync(cluster, group, node)).SnapshotSlot < slotMin)
                {
                    return false;
                }
            }

            return true;
        },
        $"there are snapshots of {group} at slot {slotMin} or later at {string.Join(", ", nodes)}");
}
