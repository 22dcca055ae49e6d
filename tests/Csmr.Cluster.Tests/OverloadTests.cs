using Csmr.Client;
using Csmr.Grains.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Csmr.Cluster.Tests;

/// <summary>More waits than is taken.</summary>
public sealed class OverloadTests
{
    private const int WaitingMax = 8;

    [Fact]
    public async Task Calls_BeyondTheBound_AreRefusedAtOnceAndNotDone()
    {
        await using var cluster = await SiloCluster.StartAsync(
            Plans.Store(),
            silo => silo.Services.Configure<GatewayOptions>(options => (options.WaitingMax, options.FlightsMax, options.BatchCommandsMax) = (WaitingMax, 1, 1)));
        await cluster.StopSiloAsync("n1");
        await cluster.StopSiloAsync("n2");
        await Until.TrueAsync(
            async () => (await cluster.View.GetStatusAsync()).Groups.All(group => group.Leader is null), "the last leader steps down");

        await Until.TrueAsync(() => !cluster.View.IsReady, "the gateway notices that the groups have no leader");

        // One flies (and finds no leader), as many as the bound wait, the rest is refused.
        var calls = Enumerable.Range(0, 4 * WaitingMax).Select(i => cluster.CallAsync("put", $$"""{"key": "k{{i}}", "value": 1}""", timeoutMs: 3000)).ToArray();
        var replies = await Task.WhenAll(calls);

        var refused = replies.Where(reply => reply.Status == CallStatus.Overloaded).ToArray();
        Assert.True(refused.Length >= (3 * WaitingMax) - 2, $"{refused.Length} calls were refused");
        Assert.All(refused, reply => Assert.True(reply is { Certainty: Certainty.NotDone, RetryAfterMs: > 0 }));
        Assert.All(replies.Except(refused), reply => Assert.Equal((CallStatus.Unavailable, Certainty.NotDone), (reply.Status, reply.Certainty)));
    }
}
