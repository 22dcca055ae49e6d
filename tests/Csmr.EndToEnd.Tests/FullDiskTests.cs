using System.Net.Http.Json;
using Csmr.Chaos.Clusters;
using Csmr.Chaos.Processes;

namespace Csmr.EndToEnd.Tests;

/// <summary>A replica's small file system becomes full while the group serves, and gets space again later.</summary>
public sealed class FullDiskTests(ITestOutputHelper output)
{
    private const int Writers = 4;
    private const int PutsMax = 4_000;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);
    private static readonly string Value = new('v', 200_000);

    [Fact]
    public async Task Replica_WhoseDiskIsFull_EndsClearlyWhileTheGroupGoesOn_AndIsBackByItselfWhenThereIsSpace()
    {
        Assert.SkipWhen(PostgresServer.WhyNot is not null, PostgresServer.WhyNot ?? "");
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "mounting needs root");
        using var directory = new TemporaryDirectory();
        await Tool.RunAsync("mount", "-t", "tmpfs", "-o", "size=80m", "csmr", directory.Path);
        try
        {
            var options = new ChaosClusterOptions { Gateways = 1, SnapshotJournalMib = 1024, Log = output.WriteLine };
            options.Change("n3", place => place with { DataDirectory = directory.Path });
            await using var cluster = await ChaosCluster.StartAsync(options, TestContext.Current.CancellationToken);
            var http = cluster.Gateways[0].Process!.Http;
            var full = cluster["n3"].Process!;

            var puts = await PutAsync(http, () => full.HasExited);
            Assert.Equal(1, await full.WaitForExitAsync(Limit));
            RequireAdvice(full.Output, directory.Path);
            output.WriteLine($"full after {puts} puts");

            // The others serve. The supervisor starts it again, and it ends again.
            var more = 0;
            await PutAsync(http, () => Interlocked.Increment(ref more) > 40);
            Assert.True(await Wait.UntilAsync(Limit, () => Task.FromResult(cluster["n3"].UnaskedExits > 1)), "it does not stay while the disk is full");

            await Tool.RunAsync("mount", "-o", "remount,size=1g", directory.Path);
            await cluster.WaitWholeAsync(Limit, TestContext.Current.CancellationToken);
            Assert.True(await Wait.UntilAsync(Limit, async () => IsEqual(await cluster.GroupAsync("early"))), "all replicas have the same state");
            output.WriteLine($"{cluster["n3"].UnaskedExits} exits until there was space");
        }
        finally
        {
            await Tool.RunAsync("umount", "--lazy", directory.Path);
        }
    }

    private static void RequireAdvice(string said, string directory)
    {
        var last = said.Split('\n').Last(static line => line.Contains("csmr: ", StringComparison.Ordinal));
        Assert.Contains(directory, last, StringComparison.Ordinal);
        Assert.Contains("No space left on device", last, StringComparison.Ordinal);
        Assert.Contains("restart the process when the disk is in order", last, StringComparison.Ordinal);
    }

    private static bool IsEqual(GroupView group) =>
        group.Replicas.All(static replica => replica.Digest is not null) && group.Replicas.Select(static replica => (replica.AppliedUpTo, replica.Digest)).Distinct().Count() == 1;

    /// <summary>Every put is acknowledged, whatever becomes of the one replica.</summary>
    private static async Task<int> PutAsync(HttpClient http, Func<bool> isEnough)
    {
        var count = 0;
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            while (!isEnough())
            {
                Assert.True(Interlocked.Increment(ref count) < PutsMax, "the disk does not become full");
                var isDone = await Wait.UntilAsync(Limit, () => TryPutAsync(http, $"a-{writer}"));
                Assert.True(isDone, "the group goes on");
            }
        })));
        return count;
    }

    private static async Task<bool> TryPutAsync(HttpClient http, string key)
    {
        using var answer = await http.PostAsJsonAsync(new Uri("/v1/put", UriKind.Relative), new { key, value = Value });
        return answer.IsSuccessStatusCode;
    }
}
