using CsCheck;
using Csmr.Replication.Ports;
using Csmr.Storage.Files;
using Csmr.Storage.Tests.Disks;

namespace Csmr.Storage.Tests;

/// <summary>Snapshots that come from a peer, in pieces, over crashes.</summary>
public sealed class SnapshotTransferTests
{
    private static readonly GroupId Group = new("store.0");
    private static readonly Slot At = new(6);
    private static readonly byte[] Content = [.. Enumerable.Range(0, 2500).Select(static number => (byte)(number * 7))];

    [Fact]
    public void Transfer_InPiecesOfAnySize_OverAnyRestarts_PublishesTheSameFile() =>
        Gen.Select(Gen.Int[1, 1500].Array[1, 12], Gen.Int[0, 5].Array[1, 12], Gen.Int[0, 1000]).Sample(
            (pieces, ends, seed) =>
            {
                var source = Source();
                var disk = new SimulatedDisk(seed);
                var store = Snapshots.OpenByHand(disk);
                var total = source.Find(Group)!.Value.FileBytes;
                var incoming = store.Receive(Group, At, total);
                for (var i = 0; incoming.Offset < total; i++)
                {
                    incoming.Append(incoming.Offset, source.ReadPart(Group, At, incoming.Offset, pieces[i % pieces.Length]).Span);
                    if (i >= 40 || ends[i % ends.Length] > 1)
                    {
                        continue;
                    }

                    var before = incoming.Offset;
                    if (ends[i % ends.Length] == 0)
                    {
                        disk.LosePower();
                    }
                    else
                    {
                        disk.KillProcess();
                    }

                    store = Snapshots.OpenByHand(disk);
                    incoming = store.Receive(Group, At, total);
                    if (ends[i % ends.Length] == 1)
                    {
                        // What the system had in memory is still there: all but the frame that was not complete.
                        Assert.InRange(incoming.Offset, Math.Max(0, before - 1024), total);
                    }
                }

                RequirePublished(incoming, store);
                disk.LosePower();
                Assert.True(Snapshots.OpenByHand(disk).Load(store.Find(Group)!.Value).Span.SequenceEqual(Content));
            },
            iter: 500);

    [Fact]
    public void Append_AtAnotherOffsetOrBeyondTheEnd_IsRefused()
    {
        var source = Source();
        var total = source.Find(Group)!.Value.FileBytes;
        var store = Snapshots.OpenByHand(new SimulatedDisk());
        using var incoming = store.Receive(Group, At, total);
        incoming.Append(0, source.ReadPart(Group, At, 0, 100).Span);
        Assert.Throws<ArgumentException>(() => incoming.Append(0, source.ReadPart(Group, At, 0, 100).Span));
        Assert.Throws<ArgumentException>(() => incoming.Append(200, source.ReadPart(Group, At, 200, 100).Span));
        Assert.Throws<ArgumentException>(() => incoming.Append(100, new byte[total]));
        Assert.Throws<InvalidOperationException>(() => incoming.Publish());
        Assert.Equal(100, incoming.Offset);
        while (incoming.Offset < total)
        {
            incoming.Append(incoming.Offset, source.ReadPart(Group, At, incoming.Offset, 333).Span);
        }

        RequirePublished(incoming, store);
    }

    [Fact]
    public void AnyFlippedByte_OnTheWay_IsFoundOut_AndTheTransferBeginsAgain()
    {
        var file = Source().ReadPart(Group, At, 0, int.MaxValue).ToArray();
        for (var offset = 0; offset < file.Length; offset++)
        {
            List<string> warnings = [];
            var disk = new SimulatedDisk();
            var store = Snapshots.OpenByHand(disk, Snapshots.Small with { OnWarning = warnings.Add });
            file[offset] ^= 4;
            var incoming = store.Receive(Group, At, file.Length);
            incoming.Append(0, file);
            file[offset] ^= 4;
            Assert.Throws<SnapshotException>(() => incoming.Publish());
            Assert.Contains("at byte", Assert.Single(warnings), StringComparison.Ordinal);
            Assert.Empty(disk.ReadAll());
            Assert.Null(store.Find(Group));
            if (offset % 100 == 0)
            {
                var again = store.Receive(Group, At, file.Length);
                again.Append(0, file);
                RequirePublished(again, store);
            }
        }
    }

    /// <summary>A part is on a disk for a while: what was damaged there is received again, from the last frame that is right.</summary>
    [Fact]
    public void AnyFlippedByte_OfWhatWasReceived_IsReceivedAgain()
    {
        var file = Source().ReadPart(Group, At, 0, int.MaxValue).ToArray();
        var name = Snapshots.NameOf(Group, At, ".part");
        for (var offset = 0; offset < 3000; offset++)
        {
            byte[] part = [.. file[..3000]];
            part[offset] ^= 0x20;
            var store = Snapshots.OpenByHand(new SimulatedDisk(new Dictionary<string, byte[]> { [name] = part }));
            var incoming = store.Receive(Group, At, file.Length);
            Assert.InRange(incoming.Offset, 0, offset);
            incoming.Append(incoming.Offset, file.AsSpan((int)incoming.Offset));
            RequirePublished(incoming, store);
        }
    }

    [Fact]
    public void Part_ThatFitsNoTransfer_IsNotUsed()
    {
        var file = Source().ReadPart(Group, At, 0, int.MaxValue).ToArray();
        foreach (var stale in (byte[][])[new byte[500], [.. file, 1], [.. file, .. file], Snapshots.FileOf(Group, new Slot(5)), []])
        {
            var disk = new SimulatedDisk(new Dictionary<string, byte[]> { [Snapshots.NameOf(Group, At, ".part")] = stale });
            var store = Snapshots.OpenByHand(disk);
            var incoming = store.Receive(Group, At, file.Length);
            Assert.Equal(0, incoming.Offset);
            incoming.Append(0, file);
            RequirePublished(incoming, store);
        }
    }

    [Fact]
    public void WholePart_OfALifeThatEndedBeforeItsPublication_IsPublished()
    {
        var file = Source().ReadPart(Group, At, 0, int.MaxValue).ToArray();
        var store = Snapshots.OpenByHand(new SimulatedDisk(new Dictionary<string, byte[]> { [Snapshots.NameOf(Group, At, ".part")] = file }));
        var incoming = store.Receive(Group, At, file.Length);
        Assert.Equal(file.Length, incoming.Offset);
        RequirePublished(incoming, store);
    }

    [Fact]
    public void Receive_OfAnotherSlot_EndsTheFirst_AndForgetDeletesWhatIsOld()
    {
        var disk = new SimulatedDisk();
        var store = Snapshots.OpenByHand(disk);
        var first = store.Receive(Group, At, 4000);
        first.Append(0, new byte[10]);
        var second = store.Receive(Group, new Slot(8), 4000);
        Assert.Throws<ObjectDisposedException>(() => first.Append(10, new byte[10]));
        Assert.Equal([Snapshots.NameOf(Group, new Slot(8), ".part")], disk.ReadAll().Keys);
        Snapshots.Save(store, Group, new Slot(9));
        store.Forget(Group, new Slot(9));
        Assert.Equal(2, disk.ReadAll().Count);
        second.Dispose();
        store.Forget(Group, new Slot(9));
        Assert.Equal([Snapshots.NameOf(Group, new Slot(9))], disk.ReadAll().Keys);
        Assert.Throws<SnapshotException>(() => store.Receive(Group, At, 12));
    }

    /// <summary>After a flush that failed, what is read from the part may not be on the disk, and no later flush writes it.</summary>
    [Fact]
    public void FailedSync_OfAPublication_ThenKill_ThenResumption_ThenPowerLoss_KeepsWhatWasPublished()
    {
        var file = Source().ReadPart(Group, At, 0, int.MaxValue).ToArray();
        var resumed = 0;
        for (var seed = 0; seed < 100; seed++)
        {
            var disk = new SimulatedDisk(seed);
            var store = Snapshots.OpenByHand(disk);
            var incoming = store.Receive(Group, At, file.Length);
            incoming.Append(0, file);
            disk.FailSyncAt = disk.SyncCount + 1;

            // So early that not even the part could be deleted.
            disk.PowerLossAt = disk.OperationCount + 2;
            Assert.Throws<SnapshotException>(() => incoming.Publish());
            disk.KillProcess();
            store = Snapshots.OpenByHand(disk);
            incoming = store.Receive(Group, At, file.Length);
            resumed += incoming.Offset > 0 ? 1 : 0;
            incoming.Append(incoming.Offset, file.AsSpan((int)incoming.Offset));
            RequirePublished(incoming, store);
            disk.LosePower();
            store = Snapshots.OpenByHand(disk);
            var found = store.Find(Group);
            Assert.True(found is not null, "what was published is not whole any more");
            Assert.True(store.Load(found.Value).Span.SequenceEqual(Content));
        }

        Assert.Equal(100, resumed);
    }

    [Fact]
    public void FullDisk_EndsTheTransfer_WhichBeginsAgainWhenThereIsSpace()
    {
        List<string> warnings = [];
        var file = Source().ReadPart(Group, At, 0, int.MaxValue).ToArray();
        var disk = new SimulatedDisk { CapacityBytes = 2000 };
        var store = Snapshots.OpenByHand(disk, Snapshots.Small with { OnWarning = warnings.Add });
        var incoming = store.Receive(Group, At, file.Length);
        incoming.Append(0, file.AsSpan(0, 1500));
        Assert.Throws<SnapshotException>(() => incoming.Append(1500, file.AsSpan(1500, 1000)));
        Assert.Contains("No space left on device", Assert.Single(warnings), StringComparison.Ordinal);
        Assert.Empty(disk.ReadAll());
        disk.CapacityBytes = long.MaxValue;
        incoming = store.Receive(Group, At, file.Length);
        incoming.Append(0, file);
        RequirePublished(incoming, store);
    }

    private static void RequirePublished(IIncomingSnapshot incoming, ISnapshotStore store)
    {
        var published = incoming.Publish();
        Assert.Equal(published, store.Find(Group));
        Assert.True(store.Load(published).Span.SequenceEqual(Content));
    }

    private static ISnapshotStore Source()
    {
        var source = Snapshots.OpenByHand(new MemoryFileSystem());
        Snapshots.Save(source, Group, At, Content);
        return source;
    }
}
