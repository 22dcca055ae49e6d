using Csmr.Client;
using Csmr.Replication.Ports;
using Csmr.Server.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

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

    [Fact]
    public async Task Silo_DoesNotStop_TheProcessEndsAllTheSame()
    {
        await using var cluster = await SiloCluster.StartAsync(Plans.Store());
        var stuck = new StuckService();
        var settings = cluster.SettingsOf("another") with { Further = silo => silo.Services.AddSingleton<IHostedService>(stuck) };
        var set = new SiloSet([settings]) { StopLimit = TimeSpan.FromMilliseconds(200) };
        await set.StartAsync(CancellationToken.None);

        var stopping = set.DisposeAsync().AsTask();
        await stuck.IsStopping.WaitAsync(TimeSpan.FromMinutes(1));
        await stopping.WaitAsync(TimeSpan.FromMinutes(1));
        stuck.Release();
    }

    private sealed class StuckService : IHostedService
    {
        private readonly TaskCompletionSource _stopping = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task IsStopping => _stopping.Task;

        public void Release() => _released.SetResult();

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken)
        {
            _stopping.TrySetResult();
            return _released.Task;
        }
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
