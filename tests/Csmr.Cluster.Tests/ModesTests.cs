using System.Text;
using System.Text.Json;
using Csmr.Client;
using Csmr.Composition.Plans;
using Csmr.Grains.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Csmr.Cluster.Tests;

/// <summary>What <c>atomic</c> and <c>independent</c> promise where a call stops after its first step: the table in <c>docs/manifest.md</c>.</summary>
public sealed class ModesTests
{
    private static readonly GroupId Kv = new("kv");

    [Fact]
    public async Task Independent_GatewayDiesAfterTheFirstStep_TheRestIsDoneWhenTheCallIsRepeated()
    {
        await using var cluster = await StartWithoutEventsAsync();
        var call = StartAsync(cluster, "record");
        await Until.TrueAsync(async () => await ValueAsync(cluster) == "1", "the first step is done, and a reader sees it");
        await KillGatewayAsync(cluster, call);
        await EventsReturnAsync(cluster);

        Assert.Empty(await EventsAsync(cluster));
        var version = await VersionAsync(cluster);
        var again = await AtN1Async(cluster, "record", """{"key": "a", "value": 1}""", key: "call");
        Assert.True(again.Status == CallStatus.Done, again.Message);
        Assert.Equal(["1"], await EventsAsync(cluster));
        Assert.Equal(version, await VersionAsync(cluster));
    }

    [Fact]
    public async Task Atomic_GatewayDiesAfterTheFirstMessage_TheGroupsFinishTheCall()
    {
        await using var cluster = await StartWithoutEventsAsync();
        var call = StartAsync(cluster, "record-atomic");
        await Until.TrueAsync(async () => await PendingAsync(cluster) == 1, "one group has the call");
        Assert.NotEqual(CallStatus.Done, (await AtN1Async(cluster, "get", """{"key": "a"}""", timeoutMs: 1_000)).Status);
        await KillGatewayAsync(cluster, call);
        await EventsReturnAsync(cluster);

        // Nobody asks for it any more: it happens all the same.
        await Until.TrueAsync(async () => await PendingAsync(cluster) == 0, "the call is finished");
        Assert.Equal("1", await ValueAsync(cluster));
        Assert.Equal(["1"], await EventsAsync(cluster));
        var again = await AtN1Async(cluster, "record-atomic", """{"key": "a", "value": 1}""", key: "call");
        Assert.True((again.Status, again.IsReplayed) == (CallStatus.Done, true), again.Message);
        Assert.Equal(["1"], await EventsAsync(cluster));
    }

    [Fact]
    public async Task Independent_GroupWithoutQuorum_TheAnswerSaysWhichStepsAreDone()
    {
        await using var cluster = await StartWithoutEventsAsync();
        var broken = await cluster.CallAsync("record", """{"key": "a", "value": 1}""", key: "call", timeoutMs: 2_000);
        Assert.Equal((CallStatus.OutcomeUnknown, Certainty.Unknown), (broken.Status, broken.Certainty));
        Assert.Equal(("put", "done"), (broken.Steps[0].Step, broken.Steps[0].State));
        Assert.True(broken.Steps[1].State is "not-done" or "unknown", broken.Steps[1].State);
        Assert.Equal("1", await ValueAsync(cluster));
        await EventsReturnAsync(cluster);
        var again = await cluster.CallAsync("record", """{"key": "a", "value": 1}""", key: "call");
        Assert.True(again.Status == CallStatus.Done, again.Message);
        Assert.Equal(["1"], await EventsAsync(cluster));
    }

    /// <summary>The store has a quorum, the events have none.</summary>
    private static async Task<SiloCluster> StartWithoutEventsAsync()
    {
        var store = Plans.Store();
        var plan = store with
        {
            Nodes = ["n1", "n2", "n3", "n4", "n5"],
            Groups = [.. store.Groups.Select(group => group.Id != Kv ? Plans.OnNodes(store, "n1", "n4", "n5").Group(group.Id)! : group)],
        };
        var cluster = await SiloCluster.StartAsync(plan);
        await cluster.StopSiloAsync("n4");
        await cluster.StopSiloAsync("n5");
        await Until.TrueAsync(async () => (await cluster.View.GetGroupAsync(new GroupId("events")))?.Leader is null, "events has no leader");
        return cluster;
    }

    private static Task<InvocationReply> StartAsync(SiloCluster cluster, string operation) =>
        cluster.CallAsync(operation, """{"key": "a", "value": 1}""", key: "call", timeoutMs: 50_000);

    private static async Task KillGatewayAsync(SiloCluster cluster, Task<InvocationReply> call)
    {
        await cluster.KillSiloAsync("gateway");
        _ = call.ContinueWith(static lost => _ = lost.Exception, TaskScheduler.Default);
    }

    private static async Task EventsReturnAsync(SiloCluster cluster)
    {
        await cluster.StartSiloAsync("n4");
        await Until.TrueAsync(async () => (await AtN1Async(cluster, "bounds", "{}", timeoutMs: 2_000)).Status == CallStatus.Done, "events serves");
    }

    private static async Task<InvocationReply> AtN1Async(SiloCluster cluster, string operation, string arguments, string? key = null, int timeoutMs = 20_000) =>
        await cluster.ServicesOf("n1").GetRequiredService<IInvoker>().InvokeAsync(new InvocationRequest
        {
            Operation = operation,
            Arguments = Encoding.UTF8.GetBytes(arguments),
            IdempotencyKey = key,
            TimeoutMs = timeoutMs,
        });

    private static async Task<int> PendingAsync(SiloCluster cluster)
    {
        var status = await cluster.ServicesOf("n1").GetRequiredService<IClusterView>().GetGroupAsync(Kv);
        return status!.Replicas.FirstOrDefault(static replica => replica.Status?.IsServing == true)?.Status!.Pending!.Count ?? -1;
    }

    private static async Task<string> ValueAsync(SiloCluster cluster) => (await ReadAsync(cluster, "get", """{"key": "a"}""")).GetProperty("result").GetRawText();

    private static async Task<long> VersionAsync(SiloCluster cluster) => (await ReadAsync(cluster, "get", """{"key": "a"}""")).GetProperty("version").GetInt64();

    private static async Task<string[]> EventsAsync(SiloCluster cluster) =>
        [.. (await ReadAsync(cluster, "retrieve", """{"first": 1, "last": 100}""")).GetProperty("result").EnumerateArray().Select(static entry => entry.GetRawText())];

    private static async Task<JsonElement> ReadAsync(SiloCluster cluster, string operation, string arguments)
    {
        var reply = await AtN1Async(cluster, operation, arguments);
        Assert.True(reply.Status == CallStatus.Done, reply.Message);
        using var json = JsonDocument.Parse(reply.Body);
        return json.RootElement.Clone();
    }
}
