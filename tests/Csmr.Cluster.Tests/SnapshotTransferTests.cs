using System.Buffers;
using Csmr.Grains.Hosting;
using Csmr.Grains.Replicas;
using Csmr.Grains.Replicas.Snapshots;
using Csmr.Replication.Paxos;
using Csmr.Replication.Ports;
using Csmr.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Orleans.Runtime;

namespace Csmr.Cluster.Tests;

/// <summary>Parts of a snapshot that a replica gets.</summary>
public sealed class SnapshotTransferTests
{
    /// <summary>
    /// Found by a restart with 1,000,000 keys: now and then a part was written before the step that had brought it was done, and the next step
    /// was taken in the midst of its effects, which stopped the replica.
    /// </summary>
    [Fact]
    public async Task Part_HoweverFastItIsWritten_IsNotToldWithinTheStepThatBringsIt()
    {
        const int Parts = 200_000;
        var journal = new MemoryJournal();
        var store = new FastStore(Parts);
        var plan = Plans.Store();
        var local = new LocalReplicas(
            new SiloName(), new ReplicaPorts(plan, _ => journal, _ => store), Options.Create(new ReplicaOptions()), TimeProvider.System, NullLogger<LocalReplicas>.Instance);
        var takingThread = 0;
        var toldAtOnce = 0;
        using var told = new SemaphoreSlim(0);

        // Threads that keep all processors busy take turns with the others, in the midst of whatever those are doing.
        using var end = new CancellationTokenSource();
        Thread[] busy = [.. Enumerable.Range(0, 2 * Environment.ProcessorCount).Select(_ => new Thread(() => SpinWait.SpinUntil(() => end.IsCancellationRequested)))];
        Array.ForEach(busy, static thread => thread.Start());
        var transfer = new SnapshotTransfer(plan.Groups[0], local, peers: null!, Step, static _ => { });

        for (var i = 0; i < Parts; i++)
        {
            Volatile.Write(ref takingThread, Environment.CurrentManagedThreadId);
            transfer.Take(new SnapshotPart(new Slot(1), Parts + 1, i, new byte[1]));
            Volatile.Write(ref takingThread, 0);
            await told.WaitAsync(TestContext.Current.CancellationToken);
        }

        await end.CancelAsync();
        Array.ForEach(busy, static thread => thread.Join());
        Assert.Equal(0, toldAtOnce);

        void Step(Action<PaxosNode> step)
        {
            toldAtOnce += Volatile.Read(ref takingThread) == Environment.CurrentManagedThreadId ? 1 : 0;
            told.Release();
        }
    }

    private sealed class SiloName : ILocalSiloDetails
    {
        public string Name => "n1";

        public string ClusterId => "store";

        public string DnsHostName => "";

        public SiloAddress SiloAddress => SiloAddress.Zero;

        public SiloAddress GatewayAddress => SiloAddress.Zero;
    }

    private sealed class FastStore(long totalBytes) : ISnapshotStore, IIncomingSnapshot
    {
        public long TotalBytes { get; } = totalBytes + 1;

        public long Offset { get; private set; }

        public void Append(long offset, ReadOnlySpan<byte> bytes) => Offset = offset + bytes.Length;

        public IIncomingSnapshot Receive(GroupId group, Slot slot, long totalBytes) => this;

        public void Dispose()
        {
        }

        public StoredSnapshot Publish() => throw new NotSupportedException();

        public StoredSnapshot? Find(GroupId group) => null;

        public StoredSnapshot? Find(GroupId group, Slot slot) => null;

        public Task<StoredSnapshot> SaveAsync(GroupId group, Slot slot, Action<IBufferWriter<byte>> write) => throw new NotSupportedException();

        public ReadOnlyMemory<byte> Load(StoredSnapshot snapshot) => throw new NotSupportedException();

        public ReadOnlyMemory<byte> LoadStart(StoredSnapshot snapshot, int bytesMax) => throw new NotSupportedException();

        public ReadOnlyMemory<byte> ReadPart(GroupId group, Slot slot, long offset, int bytesMax) => throw new NotSupportedException();

        public void Forget(GroupId group, Slot below)
        {
        }
    }
}
