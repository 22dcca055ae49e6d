using Csmr.Chaos.Loads;
using Csmr.Chaos.Processes;
using Csmr.Chaos.Runs;

namespace Csmr.EndToEnd.Tests;

/// <summary>
/// Real replica and gateway processes on PostgreSQL membership, under load and faults one after the other; judged by their disks and
/// by a search (docs/reliability.md). The long run is <c>tests/Csmr.Chaos</c>'s command.
/// </summary>
public sealed class ChaosTests(ITestOutputHelper output)
{
    /// <summary>Enough to meet every fault with calls under way, and little enough that the processes soon come back on two cores.</summary>
    internal static readonly LoadOptions Light = new() { PauseMs = 150 };

    [Theory]
    [InlineData(101, 3, "kill-leader,lost-disk,kill-gateways")]
    [InlineData(102, 3, "kill-all,double-name,pause-leader-long,stop-postgres")]
    public async Task Cluster_UnderLoadAndFaults_KeepsItsPromises(int seed, int replicas, string faults)
    {
        Assert.SkipWhen(PostgresServer.WhyNot is not null, PostgresServer.WhyNot ?? "");
        var report = await ChaosRun.RunAsync(
            new RunOptions
            {
                Duration = TimeSpan.FromHours(1),
                IsScripted = true,
                Seed = seed,
                Replicas = replicas,
                Faults = faults.Split(','),
                Log = output.WriteLine,
                Load = Light,
            },
            TestContext.Current.CancellationToken);
        output.WriteLine(report.ToString());
        Assert.True(report.IsGood, report.ToString());
        Assert.Equal(faults.Split(',').Length, report.Faults.Count);
    }
}
