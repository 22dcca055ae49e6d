using Csmr.Client;
using Csmr.Replication.Ports;

namespace Csmr.Cluster.Tests;

/// <summary>Replicas that stop for good.</summary>
public sealed class StopTests
{
    [Fact]
    public async Task Journal_Fails_ReplicaStopsForGoodAndTheOthersGoOn()
    {
        var disk = new FailingDisk();
        await using var cluster = await SiloCluster.StartAsync(Plans.Store(), journal: (silo, own) => silo == "n2" ? new FailingJournal(disk, own) : own);
        Assert.Equal(CallStatus.Done, (await cluster.CallAsync("put", """{"key": "a", "value": 1}""")).Status);

        disk.IsFailed = true;
        for (var i = 0; i < 10; i++)
        {
            var reply = await cluster.CallAsync("put", $$"""{"key": "b", "value": {{i}}}""", key: $"put-{i}");
            Assert.Equal(CallStatus.Done, reply.Status);
        }

        var cause = await cluster.NodeOf("n2").Failed.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.IsType<JournalFailedException>(cause);
        var stopped = (await cluster.View.GetGroupAsync(new GroupId("kv")))!.Replicas[1].Status!;
        Assert.Equal(("stopped", "the disk is broken"), (stopped.Role, stopped.Stopped));
        Assert.Equal(CallStatus.Done, (await cluster.CallAsync("get", """{"key": "b"}""")).Status);
    }

    private sealed class FailingDisk
    {
        public volatile bool IsFailed;
    }

    private sealed class FailingJournal(FailingDisk disk, IJournal own) : IJournal
    {
        public IReadOnlyList<JournalRecord> Recover(GroupId group) => own.Recover(group);

        public Task AppendAsync(GroupId group, IReadOnlyList<JournalRecord> records) =>
            disk.IsFailed ? Task.FromException(new JournalFailedException("the disk is broken")) : own.AppendAsync(group, records);

        public long HeldBytes(GroupId group) => own.HeldBytes(group);
    }
}
