using System.Collections.Concurrent;
using System.Text.Json;
using Csmr.Client;
using Csmr.Cluster.Tests.Gateway;
using Csmr.Composition.Plans;
using Csmr.Grains.Checkpoints;
using Csmr.Grains.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Csmr.Cluster.Tests.Checkpoints;

/// <summary>Checkpoints of a running cluster (R1), and their restoring (R2), over real silos and disks.</summary>
public sealed class CheckpointTests
{
    /// <summary>
    /// While atomic calls put a key and append it to the log, checkpoints are made, the leaders killed meanwhile. In each of them every call
    /// is in both services or in neither, and all that was answered before it was begun.
    /// </summary>
    [Fact]
    public async Task Checkpoint_UnderAtomicCalls_HasEachInBothServicesOrInNeither()
    {
        await using var cluster = await SiloCluster.StartAsync(Plans.Store());
        using var stop = new CancellationTokenSource();
        var answered = new ConcurrentQueue<string>();
        var workers = Enumerable.Range(0, 8).Select(worker => Task.Run(() => RecordAsync(cluster, $"w{worker}", answered, stop.Token))).ToArray();
        var before = new Dictionary<string, string[]>(StringComparer.Ordinal);
        for (var i = 0; i < 4; i++)
        {
            var soFar = answered.Count;
            await Until.TrueAsync(() => answered.Count > soFar + 20, "calls are answered");
            before.Add($"c{i}", [.. answered]);
            var job = Checkpoints(cluster).Create($"c{i}", services: null);
            if (i is 1 or 2)
            {
                var leader = await cluster.LeaderAsync(i == 1 ? "events" : "kv");
                await cluster.KillSiloAsync(leader);
                await cluster.StartSiloAsync(leader);
            }

            await DoneAsync(cluster, job);
        }

        await stop.CancelAsync();
        await Task.WhenAll(workers);
        foreach (var (id, keys) in before)
        {
            await DoneAsync(cluster, Checkpoints(cluster).Restore(id, services: null, key: null));
            var restored = await KeysAsync(cluster);
            Assert.Equal(restored, await EventsAsync(cluster));
            Assert.Subset(restored.ToHashSet(StringComparer.Ordinal), keys.ToHashSet(StringComparer.Ordinal));
            await cluster.UntilEqualAsync("kv", 3);
            await cluster.UntilEqualAsync("events", 3);
        }

        Assert.Equal(CallStatus.Done, (await cluster.CallAsync("record-atomic", """{"key": "after", "value": "after"}""")).Status);
    }

    [Fact]
    public async Task Restore_OfOneService_LeavesTheOther_AndIsThereAfterARestartOfAll()
    {
        await using var cluster = await SiloCluster.StartAsync(Plans.Store());
        await PutAsync(cluster, "a");
        await DoneAsync(cluster, Checkpoints(cluster).Create("before", ["kv"]));
        await PutAsync(cluster, "b");
        await DoneAsync(cluster, Checkpoints(cluster).Restore("before", services: null, key: null));
        Assert.Equal(["a"], await KeysAsync(cluster));
        Assert.Equal(["a", "b"], await EventsAsync(cluster));

        // Versions go on from where they were: nobody is given one again.
        var put = await cluster.CallAsync("put", """{"key": "c", "value": 1}""");
        Assert.Equal(3, JsonDocument.Parse(put.Body).RootElement.GetProperty("version").GetInt64());
        foreach (var node in Plans.Nodes)
        {
            await cluster.KillSiloAsync(node);
        }

        await Task.WhenAll(Plans.Nodes.Select(cluster.StartSiloAsync));
        await cluster.UntilReadyAsync();
        Assert.Equal(["a", "c"], await KeysAsync(cluster));
        await cluster.UntilEqualAsync("kv", 3);
    }

    /// <summary>From three partitions into two of another cluster, by the file; the counter, which has no items, is as it was.</summary>
    [Fact]
    public async Task File_OfAnotherCluster_IsRestoredIntoAnotherNumberOfPartitions()
    {
        using var file = new MemoryStream();
        var keys = Enumerable.Range(0, 60).Select(static i => $"key-{i}").ToArray();
        await using (var source = await SiloCluster.StartAsync(Spread(3)))
        {
            foreach (var key in keys)
            {
                await PutAsync(source, key, "put");
            }

            await source.CallAsync("add", """{"amount": 41}""");
            await DoneAsync(source, Checkpoints(source).Create("moved", services: null));
            await using var content = Checkpoints(source).Store!.OpenRead("moved");
            await content.CopyToAsync(file, TestContext.Current.CancellationToken);
        }

        await using var target = await SiloCluster.StartAsync(Spread(2));
        file.Position = 0;
        await Checkpoints(target).Store!.ImportAsync("moved", file, TestContext.Current.CancellationToken);
        await PutAsync(target, "gone", "put");
        await DoneAsync(target, Checkpoints(target).Verify("moved"));
        await DoneAsync(target, Checkpoints(target).Restore("moved", services: null, key: null));
        foreach (var key in keys)
        {
            var got = await target.CallAsync("get", $$"""{"key": "{{key}}"}""");
            Assert.Equal(key, JsonDocument.Parse(got.Body).RootElement.GetProperty("result").GetString());
        }

        Assert.Equal(JsonValueKind.Null, JsonDocument.Parse((await target.CallAsync("get", """{"key": "gone"}""")).Body).RootElement.GetProperty("result").ValueKind);
        Assert.Equal(42, JsonDocument.Parse((await target.CallAsync("add", "{}")).Body).RootElement.GetProperty("result").GetInt64());
    }

    [Fact]
    public async Task Restore_WithTheSameKeyAgain_IsNotDoneTwice()
    {
        await using var cluster = await SiloCluster.StartAsync(Plans.Store());
        await PutAsync(cluster, "a");
        await DoneAsync(cluster, Checkpoints(cluster).Create("one", services: null));
        await DoneAsync(cluster, Checkpoints(cluster).Restore("one", services: null, key: "k"));
        await PutAsync(cluster, "b");
        await DoneAsync(cluster, Checkpoints(cluster).Restore("one", services: null, key: "k"));
        Assert.Equal(["a", "b"], await KeysAsync(cluster));
        await DoneAsync(cluster, Checkpoints(cluster).Restore("one", services: null, key: "another"));
        Assert.Equal(["a"], await KeysAsync(cluster));
    }

    /// <summary>Whichever of two restores comes through, and whether one fails for the other: the state is one of the two, in both services.</summary>
    [Fact]
    public async Task Restores_AtOneTime_EndAsOneOfThem()
    {
        await using var cluster = await SiloCluster.StartAsync(Plans.Store());
        await PutAsync(cluster, "a");
        await DoneAsync(cluster, Checkpoints(cluster).Create("one", services: null));
        await PutAsync(cluster, "b");
        await DoneAsync(cluster, Checkpoints(cluster).Create("two", services: null));
        var ends = new List<JobStatus>();
        for (var i = 0; i < 10; i++)
        {
            JobStatus[] jobs = [Checkpoints(cluster).Restore("one", services: null, key: null), Checkpoints(cluster).Restore("two", services: null, key: null)];
            ends.AddRange(await Task.WhenAll(jobs.Select(job => EndAsync(cluster, job))));
            var keys = await KeysAsync(cluster);
            Assert.Equal(keys, await EventsAsync(cluster));
            Assert.InRange(keys.Length, 1, 2);
        }

        Assert.All(ends, static job => Assert.True(job.State == JobState.Done || job.Error!.Contains("Restore again", StringComparison.Ordinal), $"{job}"));
    }

    [Fact]
    public async Task WhatDoesNotFit_IsRefusedBeforeAnythingIsChanged()
    {
        await using var cluster = await SiloCluster.StartAsync(Plans.Store(), silo => silo.Services.Configure<CheckpointOptions>(static kept => kept.KeptMax = 2));
        var checkpoints = Checkpoints(cluster);
        Refused(CheckpointRefusal.Invalid, "has no service 'other'; it has events, kv", () => checkpoints.Create(null, ["other"]));
        Refused(CheckpointRefusal.Invalid, "no name of a checkpoint", () => checkpoints.Create("../x", null));
        Refused(CheckpointRefusal.Unknown, "no checkpoint 'none'", () => checkpoints.Restore("none", null, null));
        Refused(CheckpointRefusal.Unknown, "no checkpoint 'none'", () => checkpoints.Verify("none"));
        await DoneAsync(cluster, checkpoints.Create("one", services: null));
        Refused(CheckpointRefusal.Conflict, "is there already", () => checkpoints.Create("one", null));
        Refused(CheckpointRefusal.Conflict, "is a kv, 'events' is a log", () => checkpoints.Restore("one", new Dictionary<string, string>(StringComparer.Ordinal) { ["kv"] = "events" }, null));
        Refused(CheckpointRefusal.Invalid, "the checkpoint has no service 'x'", () => checkpoints.Restore("one", new Dictionary<string, string>(StringComparer.Ordinal) { ["x"] = "kv" }, null));
        Refused(CheckpointRefusal.Invalid, "the composition has no service 'x'", () => checkpoints.Restore("one", new Dictionary<string, string>(StringComparer.Ordinal) { ["kv"] = "x" }, null));

        // Of three made, the newest two are kept.
        await DoneAsync(cluster, checkpoints.Create("two", services: null));
        await DoneAsync(cluster, checkpoints.Create("three", services: null));
        Assert.Equal(["three", "two"], checkpoints.Store!.List().Select(static kept => kept.Id));

        // A silo without a place for them says so.
        Refused(CheckpointRefusal.NotHere, "--checkpoints", () => cluster.ServicesOf("n1").GetRequiredService<ICheckpoints>().Create(null, null));
    }

    private static void Refused(CheckpointRefusal reason, string message, Func<JobStatus> ask)
    {
        var error = Assert.Throws<CheckpointRefusedException>(ask);
        Assert.Equal(reason, error.Reason);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    private static Plan Spread(int groups) => SamplePlan.OfText($$$"""
        apiVersion: csmr/v1
        kind: Composition
        metadata: {name: spread}
        services:
          store: {machine: kv, partitions: {by: {get: key, put: key}, hash: {buckets: 64, groups: {{{groups}}} } } }
          hits: {machine: counter}
        compose:
          counting: {add: [{from: hits, only: [add]}]}
        expose: [store, counting]
        """);

    private static ICheckpoints Checkpoints(SiloCluster cluster) => cluster.ServicesOf("gateway").GetRequiredService<ICheckpoints>();

    private static async Task DoneAsync(SiloCluster cluster, JobStatus begun)
    {
        var job = await EndAsync(cluster, begun);
        Assert.True(job.State == JobState.Done, $"{job}");
    }

    private static async Task<JobStatus> EndAsync(SiloCluster cluster, JobStatus begun)
    {
        var job = begun;
        await Until.TrueAsync(() => (job = Checkpoints(cluster).Jobs.Single(other => other.Id == begun.Id)).State != JobState.Running, $"job {begun} ends");
        return job;
    }

    private static async Task RecordAsync(SiloCluster cluster, string worker, ConcurrentQueue<string> answered, CancellationToken stop)
    {
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            var key = $"{worker}-{i}";
            if ((await cluster.CallAsync("record-atomic", $$"""{"key": "{{key}}", "value": "{{key}}"}""", key, timeoutMs: 60_000)).Status == CallStatus.Done)
            {
                answered.Enqueue(key);
            }
        }
    }

    private static async Task PutAsync(SiloCluster cluster, string key, string operation = "record-atomic") =>
        Assert.Equal(CallStatus.Done, (await cluster.CallAsync(operation, $$"""{"key": "{{key}}", "value": "{{key}}"}""")).Status);

    private static async Task<string[]> KeysAsync(SiloCluster cluster)
    {
        var keys = new List<string>();
        for (string? from = ""; from is not null;)
        {
            var page = JsonDocument.Parse((await cluster.CallAsync("range", $$"""{"from": "{{from}}"}""")).Body).RootElement;
            keys.AddRange(page.GetProperty("result").EnumerateArray().Select(static entry => entry.GetProperty("key").GetString()!));
            from = page.GetProperty("next").GetString();
        }

        return [.. keys.Order(StringComparer.Ordinal)];
    }

    private static async Task<string[]> EventsAsync(SiloCluster cluster)
    {
        var events = new List<string>();
        for (long? first = 1; first is not null;)
        {
            var page = JsonDocument.Parse((await cluster.CallAsync("retrieve", $$"""{"first": {{first}}, "last": 1000000}""")).Body).RootElement;
            events.AddRange(page.GetProperty("result").EnumerateArray().Select(static entry => entry.GetString()!));
            first = page.GetProperty("next").ValueKind == JsonValueKind.Null ? null : page.GetProperty("next").GetInt64();
        }

        return [.. events.Order(StringComparer.Ordinal)];
    }
}
