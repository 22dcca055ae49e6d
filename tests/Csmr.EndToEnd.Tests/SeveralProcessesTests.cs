using System.Text.Json;
using Csmr.Chaos.Audit;
using Csmr.Chaos.Processes;
using Csmr.Client;

namespace Csmr.EndToEnd.Tests;

/// <summary>Three replica processes and a gateway on real PostgreSQL membership.</summary>
public sealed class SeveralProcessesTests
{
    [Fact]
    public async Task Replicas_KilledOneAfterTheOtherUnderLoad_NothingLostNothingDoubled()
    {
        Assert.SkipWhen(PostgresServer.WhyNot is not null, PostgresServer.WhyNot ?? "");
        await using var postgres = await PostgresServer.StartAsync();
        using var data = new TemporaryDirectory();
        var replicas = new Dictionary<string, ServerProcess>(StringComparer.Ordinal);
        foreach (var name in new[] { "n1", "n2", "n3" })
        {
            replicas[name] = StartReplica(name, postgres, data);
        }

        await using var gateway = await ServerProcess.StartReadyAsync("--role", "gateway", "--name", "gw1", "--clustering", "postgres", "--postgres", postgres.ConnectionString);
        await using var load = new Load(() => gateway.Http);
        load.Start(writers: 8);
        await load.WaitForAsync(200, TimeSpan.FromMinutes(2));
        foreach (var name in new[] { "n1", "n2", "n3" })
        {
            await replicas[name].KillAsync();
            await load.WaitForAsync(200, TimeSpan.FromMinutes(2));
            await replicas[name].DisposeAsync();
            replicas[name] = StartReplica(name, postgres, data);
            await WaitForDigestsAsync(gateway, running: 3, isQuiet: false);
        }

        // The database is asked for membership only: calls go on while it is away.
        await postgres.StopAsync();
        await load.WaitForAsync(200, TimeSpan.FromMinutes(2));
        await postgres.StartAgainAsync();
        await load.StopAsync();
        await AssertClientFindsTheClusterAsync(postgres, gateway);
        await AuditedStore.CheckNothingLostNothingDoubledAsync(gateway.Http, load);
        await WaitForDigestsAsync(gateway, running: 3, isQuiet: true);
        foreach (var replica in replicas.Values)
        {
            Assert.Equal(0, await replica.TerminateAsync());
            await replica.DisposeAsync();
        }
    }

    private static ServerProcess StartReplica(string name, PostgresServer postgres, TemporaryDirectory data) => ServerProcess.Start(
        null, "--role", "replica", "--name", name, "--data", data.Path, "--clustering", "postgres", "--postgres", postgres.ConnectionString);

    /// <summary>An Orleans client that finds its gateways in the database.</summary>
    private static async Task AssertClientFindsTheClusterAsync(PostgresServer postgres, ServerProcess gateway)
    {
        await using var client = await CsmrClient.ConnectAsync(new CsmrClientOptions
        {
            ClusterId = "audited-store",
            Configure = builder => builder.UseAdoNetClustering(options =>
            {
                options.Invariant = "Npgsql";
                options.ConnectionString = postgres.ConnectionString + ";Search Path=csmr";
            }),
        });
        var session = client.NewSession();
        await session.InvokeAsync("acquire", new { key = "from-orleans" });
        Assert.False((await gateway.Http.CallAsync("acquire", new { key = "from-orleans" })).GetProperty("result").GetBoolean());
    }

    /// <summary>Waits until every replica runs (one that is starting has no digest) and, when nothing is written any more, all have the same state.</summary>
    private static async Task WaitForDigestsAsync(ServerProcess gateway, int running, bool isQuiet)
    {
        var last = "";
        var done = await Wait.UntilAsync(TimeSpan.FromMinutes(2), async () =>
        {
            var groups = await gateway.Http.GetStringAsync(new Uri("/v1/groups", UriKind.Relative));
            using var listed = JsonDocument.Parse(groups);
            foreach (var group in listed.RootElement.GetProperty("groups").EnumerateArray())
            {
                var name = group.GetProperty("group").GetString();
                last = await gateway.Http.GetStringAsync(new Uri($"/v1/groups/{name}", UriKind.Relative));
                using var status = JsonDocument.Parse(last);
                var replicas = status.RootElement.GetProperty("replicas").EnumerateArray().ToArray();
                var up = replicas.Where(static replica => replica.TryGetProperty("digest", out _)).ToArray();
                var digests = up.Select(static replica => $"{replica.GetProperty("appliedUpTo")}:{replica.GetProperty("digest")}").Distinct().Count();
                if (up.Length < running || (isQuiet && digests != 1))
                {
                    return false;
                }
            }

            return true;
        });
        Assert.True(done, $"the replicas did not come together; the last group seen: {last}");
    }
}
