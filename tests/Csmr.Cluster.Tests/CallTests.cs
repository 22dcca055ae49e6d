using System.Text;
using Csmr.Client;

namespace Csmr.Cluster.Tests;

/// <summary>Calls through the gateway silo of a healthy cluster.</summary>
public sealed class CallTests(HealthyCluster healthy) : IClassFixture<HealthyCluster>
{
    private readonly SiloCluster _cluster = healthy.Cluster;

    [Fact]
    public async Task Put_ThenGet_AnswersWhatWasPut()
    {
        var put = await _cluster.CallAsync("put", """{"key": "a", "value": "one"}""");
        Assert.Equal((CallStatus.Done, Certainty.Done), (put.Status, put.Certainty));
        Assert.True(Assert.Single(put.Steps).Slot > 0);

        var get = await _cluster.CallAsync("get", """{"key": "a"}""");
        Assert.Equal(CallStatus.Done, get.Status);
        Assert.Contains("\"one\"", Text(get), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Record_OverTwoGroups_DoesBothStepsAndSaysWhere()
    {
        var reply = await _cluster.CallAsync("record", """{"key": "r", "value": {"n": 1}}""");

        Assert.Equal(CallStatus.Done, reply.Status);
        Assert.Equal(["put@kv:done", "event@events:done"], reply.Steps.Select(step => $"{step.Step}@{step.Group}:{step.State}"));
    }

    [Fact]
    public async Task Append_RepeatedWithItsKey_IsAnsweredAgainAndNotDoneAgain()
    {
        var first = await _cluster.CallAsync("append", """{"entry": "once"}""", key: "key-1");
        var second = await _cluster.CallAsync("append", """{"entry": "once"}""", key: "key-1");

        Assert.False(first.IsReplayed);
        Assert.True(second.IsReplayed);
        Assert.Equal(Text(first), Text(second));
        Assert.Equal(first.Steps[0].Slot, second.Steps[0].Slot);
    }

    [Fact]
    public async Task Append_OtherArgumentsWithAUsedKey_IsRefused()
    {
        await _cluster.CallAsync("append", """{"entry": "first use"}""", key: "key-2");
        var reply = await _cluster.CallAsync("append", """{"entry": "another use"}""", key: "key-2");

        Assert.Equal((CallStatus.KeyReused, Certainty.NotDone), (reply.Status, reply.Certainty));
    }

    [Fact]
    public async Task Append_InASessionOfTheCallers_IsExactlyOnceAndSupersededWhenAcknowledged()
    {
        var session = new SessionId(7, 7).ToString();
        var first = await CallAsync(1, 0);
        var again = await CallAsync(1, 0);
        var next = await CallAsync(2, 2);
        var late = await CallAsync(1, 0);

        Assert.Equal((CallStatus.Done, Text(first), true), (again.Status, Text(again), again.IsReplayed));
        Assert.Equal(CallStatus.Done, next.Status);
        Assert.Equal(CallStatus.Expired, late.Status);

        async Task<InvocationReply> CallAsync(long sequence, long acknowledgedBelow) => await _cluster.Invoker.InvokeAsync(new InvocationRequest
        {
            Operation = "append",
            Arguments = """{"entry": "in a session"}"""u8.ToArray(),
            Session = session,
            Sequence = sequence,
            AcknowledgedBelow = acknowledgedBelow,
        });
    }

    [Theory]
    [InlineData("nothing", "{}", CallStatus.UnknownOperation, null)]
    [InlineData("wipe", "{}", CallStatus.RemovedOperation, null)]
    [InlineData("put", """{"key": "a"}""", CallStatus.InvalidArgument, "value")]
    [InlineData("put", """{"key": 1, "value": 2}""", CallStatus.InvalidArgument, "key")]
    [InlineData("put", "no JSON", CallStatus.InvalidArgument, null)]
    public async Task Call_ThatCannotBeExecuted_SaysWhyAndIsNotDone(string operation, string arguments, CallStatus status, string? argument)
    {
        var reply = await _cluster.CallAsync(operation, arguments);

        Assert.Equal((status, Certainty.NotDone, argument), (reply.Status, reply.Certainty, reply.Argument));
        Assert.NotEmpty(reply.Message);
    }

    [Fact]
    public async Task Call_OfAServiceThatDoesNotOfferTheOperation_IsUnknown()
    {
        var reply = await _cluster.Invoker.InvokeAsync(new InvocationRequest { Operation = "put", Service = "events", Arguments = [] });

        Assert.Equal(CallStatus.UnknownOperation, reply.Status);
    }

    [Fact]
    public async Task Calls_ManyAtOnce_AreAllDone()
    {
        var replies = await Task.WhenAll(Enumerable.Range(0, 2000).Select(i => _cluster.CallAsync("put", $$"""{"key": "many-{{i % 50}}", "value": {{i}}}""")));

        Assert.All(replies, reply => Assert.Equal(CallStatus.Done, reply.Status));
    }

    [Fact]
    public async Task Status_OfAHealthyCluster_HasOneServingLeaderForEachGroup()
    {
        var status = await _cluster.View.GetStatusAsync();

        Assert.True(status.IsReady);
        Assert.Equal(["gateway", "n1", "n2", "n3"], status.Silos.Select(silo => silo.Name));
        Assert.All(status.Groups, group =>
        {
            Assert.NotNull(group.Leader);
            Assert.All(group.Replicas, replica => Assert.True(replica.IsReachable, $"{replica.Node} of {group.Id} did not answer"));
            Assert.Single(group.Replicas, replica => replica.Status!.IsServing);
        });
    }

    private static string Text(InvocationReply reply) => Encoding.UTF8.GetString(reply.Body);
}

/// <summary>One cluster for all tests that leave it healthy.</summary>
public sealed class HealthyCluster : IAsyncLifetime
{
    internal SiloCluster Cluster { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Cluster = await SiloCluster.StartAsync(Plans.Store());

    public async ValueTask DisposeAsync() => await Cluster.DisposeAsync();
}
