using Csmr.Chaos.Audit;
using Csmr.Chaos.Clusters;
using Csmr.Chaos.Processes;
using Csmr.Client;

namespace Csmr.EndToEnd.Tests;

/// <summary>Three replica processes and two gateways on real PostgreSQL membership.</summary>
public sealed class SeveralProcessesTests
{
    [Fact]
    public async Task OrleansClient_ThatLooksInTheDatabase_FindsTheCluster()
    {
        Assert.SkipWhen(PostgresServer.WhyNot is not null, PostgresServer.WhyNot ?? "");
        await using var cluster = await ChaosCluster.StartAsync(new ChaosClusterOptions(), TestContext.Current.CancellationToken);
        await using var client = await CsmrClient.ConnectAsync(
            new CsmrClientOptions
            {
                ClusterId = ChaosManifest.Name,
                Configure = builder => builder.UseAdoNetClustering(options =>
                {
                    options.Invariant = "Npgsql";
                    options.ConnectionString = cluster.Postgres.ConnectionString + ";Search Path=csmr";
                }),
            },
            TestContext.Current.CancellationToken);
        await client.NewSession().InvokeAsync("acquire", new { key = "from-orleans" }, cancellationToken: TestContext.Current.CancellationToken);
        foreach (var gateway in cluster.Gateways)
        {
            Assert.False((await gateway.Process!.Http.CallAsync("acquire", new { key = "from-orleans" })).GetProperty("result").GetBoolean());
        }
    }
}
