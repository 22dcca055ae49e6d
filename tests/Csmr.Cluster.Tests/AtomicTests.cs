using System.Text;
using System.Text.Json;
using Csmr.Client;
using Csmr.Cluster.Tests.Gateway;

namespace Csmr.Cluster.Tests;

/// <summary>Operations over two groups that happen at both or at neither, over real silos.</summary>
public sealed class AtomicTests
{
    [Fact]
    public async Task Record_OverTwoGroups_IsAnsweredOnceWithBothSteps()
    {
        await using var cluster = await SiloCluster.StartAsync(Plans.Store());
        var first = await cluster.CallAsync("record-atomic", """{"key": "a", "value": 1}""", key: "once");
        var again = await cluster.CallAsync("record-atomic", """{"key": "a", "value": 1}""", key: "once");
        var other = await cluster.CallAsync("record-atomic", """{"key": "a", "value": 2}""", key: "once");

        Assert.Equal((CallStatus.Done, Certainty.Done, false), (first.Status, first.Certainty, first.IsReplayed));
        Assert.Equal(["put@kv:done", "event@events:done"], first.Steps.Select(step => $"{step.Step}@{step.Group}:{step.State}"));
        Assert.True((again.Status, again.IsReplayed) == (CallStatus.Done, true), again.Message);
        Assert.Equal(Text(first), Text(again));
        Assert.Equal(first.Steps.Select(step => step.Slot), again.Steps.Select(step => step.Slot));
        Assert.Equal((CallStatus.KeyReused, Certainty.NotDone), (other.Status, other.Certainty));
        Assert.Equal(["1"], await EventsAsync(cluster));
        await UntilNothingIsPendingAsync(cluster);
    }

    [Fact]
    public async Task Leaders_AreKilledUnderLoad_EveryCallHappensOnceInBothGroups()
    {
        await using var cluster = await SiloCluster.StartAsync(Plans.Store());
        using var stop = new CancellationTokenSource();
        var workers = Enumerable.Range(0, 8).Select(worker => Task.Run(() => WorkAsync(cluster, worker, stop.Token))).ToArray();
        foreach (var group in new[] { "events", "kv" })
        {
            var leader = await cluster.LeaderAsync(group);
            await cluster.KillSiloAsync(leader);
            await cluster.StartSiloAsync(leader);
            await cluster.UntilReadyAsync();
        }

        await stop.CancelAsync();
        var done = (await Task.WhenAll(workers)).SelectMany(static values => values).Select(static value => $"{value}").ToArray();
        var events = await EventsAsync(cluster);
        Assert.True(done.Length > 0);
        Assert.Equal(done.Order(StringComparer.Ordinal), events.Order(StringComparer.Ordinal));
        await UntilNothingIsPendingAsync(cluster);
    }

    [Fact]
    public async Task GroupWithoutQuorum_CallsThatNeedItStayOpenAndFinishWhenItReturns()
    {
        var store = Plans.Store();
        var plan = store with
        {
            Nodes = ["n1", "n2", "n3", "n4", "n5"],
            Groups = [.. store.Groups.Select(group => group.Id.Name == "events" ? Plans.OnNodes(store, "n1", "n4", "n5").Group(group.Id)! : group)],
        };
        await using var cluster = await SiloCluster.StartAsync(plan);
        await cluster.StopSiloAsync("n4");
        await cluster.StopSiloAsync("n5");
        await Until.TrueAsync(async () => (await cluster.View.GetGroupAsync(new GroupId("events")))?.Leader is null, "events has no leader");

        var open = await cluster.CallAsync("record-atomic", """{"key": "a", "value": 1}""", key: "open", timeoutMs: 2_000);
        Assert.Equal((CallStatus.OutcomeUnknown, Certainty.Unknown), (open.Status, open.Certainty));
        Assert.Equal(1, await PendingAsync(cluster, "kv"));
        await using (var rest = await RestHost.OverAsync(cluster))
        {
            // Its age goes on though the group has nothing else to do.
            var young = await PendingJsonAsync(rest, "kv");
            var call = Assert.Single(young.GetProperty("calls").EnumerateArray());
            Assert.Equal((open.RequestId, "proposed"), (call.GetProperty("requestId").GetString(), call.GetProperty("state").GetString()));
            Assert.Equal(["events", "kv"], call.GetProperty("groups").EnumerateArray().Select(static group => group.GetString()));
            await Until.TrueAsync(
                async () => (await PendingJsonAsync(rest, "kv")).GetProperty("oldestAgeMs").GetInt64() > young.GetProperty("oldestAgeMs").GetInt64(), "the call gets older");
        }

        // What it does not touch goes on; what it touches waits.
        Assert.Equal(CallStatus.Done, (await cluster.CallAsync("put", """{"key": "b", "value": 2}""")).Status);
        Assert.NotEqual(CallStatus.Done, (await cluster.CallAsync("get", """{"key": "a"}""", timeoutMs: 1_000)).Status);

        await cluster.StartSiloAsync("n4");
        var again = await cluster.CallAsync("record-atomic", """{"key": "a", "value": 1}""", key: "open");
        Assert.True(again.Status == CallStatus.Done, again.Message);
        Assert.Contains("1", Text(await cluster.CallAsync("get", """{"key": "a"}""")), StringComparison.Ordinal);
        Assert.Equal(["1"], await EventsAsync(cluster));
        await UntilNothingIsPendingAsync(cluster);
    }

    private static async Task<List<int>> WorkAsync(SiloCluster cluster, int worker, CancellationToken stop)
    {
        var done = new List<int>();
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            var value = (worker * 1_000_000) + i;
            InvocationReply reply;
            do
            {
                reply = await cluster.CallAsync("record-atomic", $$"""{"key": "k{{value % 3}}", "value": {{value}}}""", key: $"call {value}");
                Assert.True(reply.Certainty != Certainty.NotDone || reply.Status is CallStatus.Unavailable or CallStatus.Overloaded, reply.Message);
            }
            while (reply.Status != CallStatus.Done);
            done.Add(value);
        }

        return done;
    }

    private static async Task<string[]> EventsAsync(SiloCluster cluster)
    {
        var events = new List<string>();
        while (true)
        {
            var reply = await cluster.CallAsync("retrieve", $$"""{"first": {{events.Count + 1}}, "last": {{events.Count + 1000}}}""");
            Assert.True(reply.Status == CallStatus.Done, reply.Message);
            using var json = JsonDocument.Parse(reply.Body);
            var page = json.RootElement.GetProperty("result").EnumerateArray().Select(static entry => entry.GetRawText()).ToArray();
            if (page.Length == 0)
            {
                return [.. events];
            }

            events.AddRange(page);
        }
    }

    private static async Task<int> PendingAsync(SiloCluster cluster, string group)
    {
        var status = await cluster.View.GetGroupAsync(new GroupId(group));
        return status!.Replicas.Where(static replica => replica.Status?.IsServing == true).Select(static replica => replica.Status!.Pending!.Count).FirstOrDefault();
    }

    private static async Task<JsonElement> PendingJsonAsync(RestHost rest, string group)
    {
        using var json = JsonDocument.Parse(await rest.Http.GetStringAsync($"/v1/groups/{group}"));
        return json.RootElement.GetProperty("pending").Clone();
    }

    private static Task UntilNothingIsPendingAsync(SiloCluster cluster) => Until.TrueAsync(
        async () => await PendingAsync(cluster, "kv") == 0 && await PendingAsync(cluster, "events") == 0, "nothing is held any more");

    private static string Text(InvocationReply reply) => Encoding.UTF8.GetString(reply.Body);
}
