using Csmr.Client;
using Csmr.Composition.Programs;
using Csmr.Grains.Replicas;
using Csmr.Replication.Machine;
using Csmr.Replication.Multicast;
using Microsoft.Extensions.DependencyInjection;

namespace Csmr.Cluster.Tests;

/// <summary>What a gateway with a defect may send to a group: it gets no answers, or a fault, and the group goes on for everybody else.</summary>
public sealed class DefectiveGatewayTests
{
    private static readonly GroupId Kv = new("kv");

    // A count that goes on for ever: neither commands, nor reads, nor ids of requests.
    private static readonly byte[] NoBatch = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];

    [Theory]
    [InlineData(nameof(IPaxosLogGrain.AwaitAsync))]
    [InlineData(nameof(IPaxosLogGrain.ReadAsync))]
    [InlineData(nameof(IPaxosLogGrain.ProposeAsync))]
    public async Task BatchThatIsNone_IsAnsweredWithNothing_AndStopsNoReplica(string door)
    {
        await using var cluster = await SiloCluster.StartAsync(Plans.Store());
        var leader = await LeaderAsync(cluster);
        var reply = await (door switch
        {
            nameof(IPaxosLogGrain.AwaitAsync) => leader.AwaitAsync(NoBatch),
            nameof(IPaxosLogGrain.ReadAsync) => leader.ReadAsync(NoBatch),
            _ => leader.ProposeAsync(NoBatch),
        });

        Assert.Equal(GroupReplyKind.Answered, reply.Kind);
        Assert.True(reply.Replies.AsSpan().TrimEnd((byte)0).IsEmpty, Convert.ToHexString(reply.Replies));
        Assert.Equal(CallStatus.Done, (await cluster.CallAsync("put", """{"key": "a", "value": 1}""")).Status);
        foreach (var node in cluster.Plan.Nodes)
        {
            Assert.Null((await GrainOf(cluster, node).StatusAsync(withDigest: false)).Stopped);
        }
    }

    [Fact]
    public async Task CompositeCallWithAStepOfAGroupThatIsNoDestination_IsRefusedAndHoldsUpNobody()
    {
        await using var cluster = await SiloCluster.StartAsync(Plans.Store());
        var operation = cluster.Plan.Operations.Single(static operation => operation.Name == "record-atomic");
        var good = CompositeCall.Of(operation, [Value.Of("a"), Value.OfJson("1"u8.ToArray())]);
        var outside = good.Destinations.Count;
        var stray = good.Program.Steps[0] with { Id = "stray", Group = outside };
        var bad = new MulticastCall(good.Destinations, new CompositeProgram(outside + 1, [.. good.Program.Steps, stray]).ToBytes());
        var writer = new WireWriter();
        var expiresAtMs = DateTimeOffset.UtcNow.AddMinutes(1).ToUnixTimeMilliseconds();
        CommandBatch.Write([new Command(new RequestId(new SessionId(1, 2), 1), expiresAtMs, 0, IsCallerSession: false, bad.Pack(), IsComposite: true)], writer);

        var answer = await (await LeaderAsync(cluster)).ProposeAsync(writer.ToArray());
        var reply = CommandBatch.ReadReplies(answer.Replies, 1).Single();
        Assert.Equal((CommandReplyKind.Executed, OutcomeKind.Fault), (reply.Kind, reply.Outcome?.Kind));
        Assert.Equal(CallStatus.Done, (await cluster.CallAsync("put", """{"key": "a", "value": 2}""")).Status);
        Assert.Equal(0, (await GrainOf(cluster, await cluster.LeaderAsync("kv")).StatusAsync(withDigest: true)).Pending?.Count);
    }

    private static async Task<IPaxosLogGrain> LeaderAsync(SiloCluster cluster) => GrainOf(cluster, await cluster.LeaderAsync(Kv.Name));

    private static IPaxosLogGrain GrainOf(SiloCluster cluster, string node) =>
        cluster.ServicesOf("gateway").GetRequiredService<IGrainFactory>().GetGrain<IPaxosLogGrain>(ReplicaKey.Of(node, Kv));
}
