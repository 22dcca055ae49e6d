using System.Text;
using Csmr.Client;

namespace Csmr.Cluster.Tests;

/// <summary>Machines whose wall clocks disagree by days serve all the same: expiry goes by the group's time.</summary>
public sealed class ClockTests
{
    private static readonly TimeSpan TwoDays = TimeSpan.FromDays(2);

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task GatewaysClockIsDaysOff_CallsWithAndWithoutKeyAreExecutedOnce(int sign)
    {
        await using var cluster = await SiloCluster.StartAsync(
            Plans.Store(), clock: name => name == "gateway" ? new WrongClock(TwoDays * sign) : TimeProvider.System);

        var plain = await cluster.CallAsync("put", """{"key": "a", "value": 1}""");
        var first = await cluster.CallAsync("put", """{"key": "b", "value": 2}""", key: "once");
        var again = await cluster.CallAsync("put", """{"key": "b", "value": 2}""", key: "once");
        Assert.Equal(CallStatus.Done, plain.Status);
        Assert.Equal((CallStatus.Done, false), (first.Status, first.IsReplayed));
        Assert.Equal((CallStatus.Done, true), (again.Status, again.IsReplayed));
        Assert.Equal(first.Body, again.Body);
    }

    [Fact]
    public async Task LeaderWithAClockDaysAheadTakesOver_KeysAreStillKnown()
    {
        var wrong = new WrongClock(TimeSpan.Zero);
        await using var cluster = await SiloCluster.StartAsync(Plans.Store(), clock: name => name == "gateway" ? TimeProvider.System : wrong);
        var first = await cluster.CallAsync("append", """{"entry": 1}""", key: "once");
        wrong.Ahead = TwoDays;
        await cluster.StopSiloAsync(await cluster.LeaderAsync("events"));

        var again = await cluster.CallAsync("append", """{"entry": 1}""", key: "once");
        Assert.Equal((CallStatus.Done, true), (again.Status, again.IsReplayed));
        Assert.Equal(first.Body, again.Body);
    }

    [Fact]
    public async Task CallerNamesAnExpiryOfAnotherTime_IsRefusedAndNotExecuted()
    {
        await using var cluster = await SiloCluster.StartAsync(Plans.Store());
        var reply = await cluster.Invoker.InvokeAsync(new InvocationRequest
        {
            Operation = "put",
            Arguments = Encoding.UTF8.GetBytes("""{"key": "a", "value": 1}"""),
            IdempotencyKey = "late",
            ExpiresAtMs = (DateTimeOffset.UtcNow - TwoDays).ToUnixTimeMilliseconds(),
        });
        Assert.Equal(CallStatus.Expired, reply.Status);
        var get = await cluster.CallAsync("get", """{"key": "a"}""");
        Assert.Equal("""{"result":null,"version":null}""", Encoding.UTF8.GetString(get.Body));
    }

    private sealed class WrongClock(TimeSpan ahead) : TimeProvider
    {
        public TimeSpan Ahead { get; set; } = ahead;

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Ahead;
    }
}
