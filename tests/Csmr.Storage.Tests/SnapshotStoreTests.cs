using System.Buffers;
using CsCheck;
using Csmr.Replication.Paxos;
using Csmr.Replication.Ports;
using Csmr.Storage.Files;
using Csmr.Storage.Snapshots;
using Csmr.Storage.Tests.Disks;

namespace Csmr.Storage.Tests;

/// <summary>Snapshots that are saved and found: whole, or not at all.</summary>
public sealed class SnapshotStoreTests
{
    private static readonly GroupId Group = new("store.0");

    [Fact]
    public void Save_AnyContentInAnyPieces_IsLoadedAndMakesTheSameFileAtEveryReplica() =>
        Gen.Select(Gen.Byte.Array[0, 6000], Gen.Int[1, 4000].Array[1, 20], Gen.Int[1, 6000]).Sample(
            (content, pieces, hintMax) =>
            {
                var disk = new SimulatedDisk();
                var store = Snapshots.OpenByHand(disk);
                var saved = store.SaveAsync(Group, new Slot(7), output => WriteInPieces(output, content, pieces, hintMax)).Result;
                Assert.True(store.Load(saved).Span.SequenceEqual(content));
                disk.LosePower();
                store = Snapshots.OpenByHand(disk);
                Assert.Equal(saved, store.Find(Group));
                Assert.True(store.Load(saved).Span.SequenceEqual(content));
                var other = Snapshots.OpenByHand(new MemoryFileSystem());
                var same = Snapshots.Save(other, Group, new Slot(7), content);
                Assert.Equal(saved, same);
                Assert.True(store.ReadPart(Group, new Slot(7), 0, int.MaxValue).Span.SequenceEqual(other.ReadPart(Group, new Slot(7), 0, int.MaxValue).Span));
            },
            iter: 300);

    [Fact]
    public void Save_OfFullFrames_IsLoaded()
    {
        var content = new byte[(2 * 1024 * 1024) + 12345];
        new Random(1).NextBytes(content);
        var store = Snapshots.OpenByHand(new MemoryFileSystem(), Snapshots.Small with { FrameBytes = 1024 * 1024 });
        Assert.True(store.Load(Snapshots.Save(store, Group, new Slot(1), content)).Span.SequenceEqual(content));
    }

    [Fact]
    public void Find_IsTheNewest_AndNothingOfAnotherGroup()
    {
        var disk = new SimulatedDisk();
        var store = Snapshots.OpenByHand(disk);
        Assert.Null(store.Find(Group));
        foreach (var slot in (long[])[3, 20, 100, 9])
        {
            Snapshots.Save(store, Group, new Slot(slot));
        }

        Assert.Equal(new Slot(100), store.Find(Group)?.Slot);
        Assert.Equal(new Slot(9), store.Find(Group, new Slot(9))?.Slot);
        Assert.Null(store.Find(Group, new Slot(10)));
        Assert.Null(store.Find(new GroupId("store")));
        Assert.Null(store.Find(new GroupId("store.0@100")));
        Assert.Equal(new Slot(100), Snapshots.OpenByHand(disk).Find(Group)?.Slot);
    }

    [Fact]
    public void GroupsOfAnyName_HaveFilesOfTheirOwn()
    {
        GroupId[] groups = [new("a/b"), new("a%2Fb"), new(".."), new("Ä@3"), new(new string('x', 255)), new(new string('x', 254) + "y"), new(new string('ü', 127))];
        var disk = new SimulatedDisk();
        var store = Snapshots.OpenByHand(disk);
        foreach (var group in groups)
        {
            Snapshots.Save(store, group, new Slot(5), [.. group.Name.Select(static letter => (byte)letter)]);
        }

        Assert.Equal(groups.Length, disk.ReadAll().Count);
        Assert.All(disk.ReadAll().Keys, static name => Assert.InRange(Path.GetFileName(name).Length, 1, 255));
        store = Snapshots.OpenByHand(disk);
        Assert.All(groups, group => Assert.True(store.Load(store.Find(group)!.Value).Span.SequenceEqual(group.Name.Select(static letter => (byte)letter).ToArray())));
    }

    [Fact]
    public async Task Save_AtASlotThatIsThere_WritesNothing_UnlessItIsDamaged()
    {
        var disk = new SimulatedDisk();
        var store = Snapshots.OpenByHand(disk);
        var saved = Snapshots.Save(store, Group, new Slot(4));
        var operationCount = disk.OperationCount;
        Assert.Equal(saved, await store.SaveAsync(Group, new Slot(4), static _ => Assert.Fail("nothing is to be written")));
        Assert.Equal(operationCount, disk.OperationCount);

        var file = disk.Open("/data/" + Snapshots.NameOf(Group, new Slot(4)));
        file.Write([0xEE], 1030);
        Assert.Equal(saved, Snapshots.Save(store, Group, new Slot(4)));
        Snapshots.RequireWhole(store, Group, new Slot(4), "written again");
    }

    [Fact]
    public void Save_ThatThrows_LeavesNothing()
    {
        var disk = new SimulatedDisk();
        var store = Snapshots.OpenByHand(disk);
        var saved = store.SaveAsync(Group, new Slot(4), static output =>
        {
            output.Write(new byte[2000]);
            throw new NotSupportedException("the machine has a defect");
        });
        Assert.IsType<NotSupportedException>(saved.Exception?.InnerException);
        Assert.Null(store.Find(Group));
        Assert.Empty(disk.ReadAll());
        Snapshots.Save(store, Group, new Slot(4));
    }

    [Fact]
    public async Task Saves_ManyAtOnce_AreWrittenOneAtATime()
    {
        var store = SnapshotStore.InMemory("demo");
        var (running, most) = (0, 0);
        var saved = await Task.WhenAll(Enumerable.Range(0, 20).Select(number => store.SaveAsync(new GroupId($"g{number}"), new Slot(1), output =>
        {
            most = Math.Max(most, Interlocked.Increment(ref running));
            output.Write(new byte[100_000]);
            Interlocked.Decrement(ref running);
        })));
        Assert.Equal(1, most);
        Assert.All(saved, snapshot => Assert.Equal(100_000, store.Load(snapshot).Length));
    }

    [Fact]
    public async Task Close_WaitsForTheSnapshotThatIsWritten_AndGivesUpThoseThatWait()
    {
        var store = SnapshotStore.InMemory("demo");
        using var isWriting = new ManualResetEventSlim();
        using var mayWrite = new ManualResetEventSlim();
        var first = store.SaveAsync(Group, new Slot(1), _ =>
        {
            isWriting.Set();
            mayWrite.Wait(TimeSpan.FromSeconds(60), CancellationToken.None);
        });
        var second = store.SaveAsync(Group, new Slot(2), static _ => Assert.Fail("it was given up"));
        Assert.True(isWriting.Wait(TimeSpan.FromSeconds(30), CancellationToken.None));
        var closed = store.DisposeAsync().AsTask();
        Assert.False(closed.IsCompleted);
        mayWrite.Set();
        await closed;
        Assert.True(first.IsCompletedSuccessfully);
        await Assert.ThrowsAsync<SnapshotException>(() => second);
        await Assert.ThrowsAsync<SnapshotException>(() => store.SaveAsync(Group, new Slot(3), static _ => Assert.Fail("it is closed")));
    }

    /// <summary>S3, and the one before stays until it is forgotten: an older snapshot is better than none.</summary>
    [Fact]
    public void AnyFlippedByte_OfASnapshot_IsReported_AndTheOneBeforeIsFound()
    {
        var disk = new SimulatedDisk();
        var store = Snapshots.OpenByHand(disk);
        Snapshots.Save(store, Group, new Slot(5));
        Snapshots.Save(store, Group, new Slot(6), [.. Enumerable.Range(0, 2500).Select(static number => (byte)number)]);
        var files = disk.ReadAll();
        var name = Snapshots.NameOf(Group, new Slot(6));
        for (var offset = 0; offset < files[name].Length; offset++)
        {
            var flip = (byte)(offset % 3 == 0 ? 0xFF : 1 << (offset % 8));
            files[name][offset] ^= flip;
            RequireDamaged(files, name, new Slot(5));
            files[name][offset] ^= flip;
        }
    }

    [Fact]
    public void SnapshotOfAnotherLengthGroupSlotClusterOrMixed_IsReported()
    {
        var disk = new SimulatedDisk();
        var store = Snapshots.OpenByHand(disk);
        Snapshots.Save(store, Group, new Slot(5));
        Snapshots.Save(store, Group, new Slot(6), new byte[2500]);
        var files = disk.ReadAll();
        var name = Snapshots.NameOf(Group, new Slot(6));
        var whole = files[name];
        foreach (var other in (byte[][])
            [.. Enumerable.Range(0, whole.Length).Where(static length => length % 13 == 0 || length > 3400).Select(length => whole[..length]),
            [.. whole, 0],
            [.. whole, .. whole[1024..]],
            Snapshots.FileOf(new GroupId("store.1"), new Slot(6)),
            Snapshots.FileOf(Group, new Slot(7)),
            OfAnotherCluster(),
            [.. whole[..(1024 + 708)], .. OfSlot6(new byte[2500].Select(static _ => (byte)1).ToArray())[(1024 + 708)..]],
            OfANewerVersion(whole)])
        {
            files[name] = other;
            RequireDamaged(files, name, new Slot(5));
        }

        files[name] = whole;
        Assert.Equal(new Slot(6), Snapshots.OpenByHand(new SimulatedDisk(files)).Find(Group)?.Slot);
    }

    [Fact]
    public void Snapshot_DamagedAfterItWasFound_IsNotLoaded()
    {
        List<string> warnings = [];
        var disk = new SimulatedDisk();
        var store = Snapshots.OpenByHand(disk, Snapshots.Small with { OnWarning = warnings.Add });
        Snapshots.Save(store, Group, new Slot(5));
        var saved = Snapshots.Save(store, Group, new Slot(6), new byte[2500]);
        disk.Open("/data/" + Snapshots.NameOf(Group, new Slot(6))).Write([0xEE], 2000);
        var exception = Assert.Throws<SnapshotException>(() => store.Load(saved));
        Assert.Equal(warnings, [exception.Message]);
        Assert.Equal(new Slot(5), store.Find(Group)?.Slot);
    }

    [Fact]
    public void Snapshot_Missing_IsNotFound_AndItsPartsAreEmpty()
    {
        var disk = new SimulatedDisk();
        var store = Snapshots.OpenByHand(disk);
        var saved = Snapshots.Save(store, Group, new Slot(5));
        disk.Delete("/data/" + Snapshots.NameOf(Group, new Slot(5)));
        Assert.Equal(0, store.ReadPart(Group, new Slot(5), 0, 100).Length);
        Assert.Throws<SnapshotException>(() => store.Load(saved));
        Assert.Null(store.Find(Group));
        Assert.Null(Snapshots.OpenByHand(disk).Find(Group));
    }

    [Fact]
    public void Start_DeletesWhatWasNotFinished_AndLeavesWhatItDoesNotKnow()
    {
        var disk = new SimulatedDisk(new Dictionary<string, byte[]>
        {
            [Snapshots.NameOf(Group, new Slot(5), ".snapshot.tmp")] = new byte[100],
            ["snapshots/notes.txt"] = new byte[5],
            ["snapshots/store.0@x.snapshot"] = new byte[5],
        });
        Assert.Null(Snapshots.OpenByHand(disk).Find(Group));
        Assert.Equal(["snapshots/notes.txt", "snapshots/store.0@x.snapshot"], disk.ReadAll().Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void FullDisk_EndsOneSnapshot_AndTheJournalGoesOn()
    {
        RequireOnlyTheSnapshotFails(static disk => disk.CapacityBytes = disk.ReadAll().Values.Sum(static file => (long)file.Length) + 1500, "No space left on device");
    }

    [Fact]
    public void FailedSync_EndsOneSnapshot_AndTheJournalGoesOn() =>
        RequireOnlyTheSnapshotFails(static disk => disk.FailSyncAt = disk.SyncCount + 1, "Input/output error");

    [Fact]
    public void FailedSyncOfTheDirectory_EndsOneSnapshot_AndTheJournalGoesOn() =>
        RequireOnlyTheSnapshotFails(static disk => disk.FailDirectorySyncAt = disk.DirectorySyncCount + 1, "Input/output error");

    [Fact]
    public void FailedWrite_EndsOneSnapshot_AndTheJournalGoesOn() =>
        RequireOnlyTheSnapshotFails(static disk => disk.FailWriteAt = disk.OperationCount + 4, "Input/output error");

    [Fact]
    public void Forget_DeletesTheOlder_ButWhatAPeerReads_AndNeverTheNewest()
    {
        var clock = new SteppedClock();
        var disk = new SimulatedDisk();
        var store = Snapshots.OpenByHand(disk, Snapshots.Small with { Clock = clock });
        foreach (var slot in (long[])[1, 2, 3, 4])
        {
            Snapshots.Save(store, Group, new Slot(slot));
        }

        Assert.NotEqual(0, store.ReadPart(Group, new Slot(2), 0, 100).Length);
        store.Forget(Group, new Slot(3));
        Assert.Equal([2, 3, 4], SlotsOf(disk));
        clock.Step(TimeSpan.FromSeconds(45));
        Assert.NotEqual(0, store.ReadPart(Group, new Slot(2), 100, 100).Length);
        clock.Step(TimeSpan.FromSeconds(45));
        store.Forget(Group, new Slot(3));
        Assert.Equal([2, 3, 4], SlotsOf(disk));
        clock.Step(TimeSpan.FromSeconds(61));
        Snapshots.Save(store, new GroupId("other"), new Slot(1));
        Assert.Equal([3, 4], SlotsOf(disk));
        store.Forget(Group, new Slot(99));
        Assert.Equal([4], SlotsOf(disk));
        Assert.Equal(0, store.ReadPart(Group, new Slot(2), 0, 100).Length);
    }

    [Fact]
    public async Task RealFiles_AreSavedAndFoundAgain()
    {
        var root = Directory.CreateTempSubdirectory("csmr-storage-").FullName;
        try
        {
            var options = new SnapshotStoreOptions { Directory = root, Cluster = "demo" };
            var store = SnapshotStore.Open(options);
            var saved = await store.SaveAsync(Group, new Slot(9), static output => output.Write(new byte[3_000_000]));
            Assert.Equal(saved, SnapshotStore.Open(options).Find(Group));
            Assert.Equal(3_000_000, store.Load(saved).Length);
            Assert.Equal(["store.0@9.snapshot"], Directory.GetFiles(Path.Combine(root, "snapshots")).Select(Path.GetFileName));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static void RequireOnlyTheSnapshotFails(Action<SimulatedDisk> makeFail, string cause)
    {
        List<string> warnings = [];
        var disk = new SimulatedDisk();
        var journal = Journals.OpenByHand(disk);
        journal.Recover(Group);
        var store = Snapshots.OpenByHand(disk, Snapshots.Small with { OnWarning = warnings.Add });
        Snapshots.Save(store, Group, new Slot(3));
        var filesBefore = disk.ReadAll().Keys;
        makeFail(disk);
        var exception = Assert.Throws<SnapshotException>(() => Snapshots.Save(store, Group, new Slot(4), new byte[2500]));
        Assert.Contains(cause, exception.Message, StringComparison.Ordinal);
        Assert.Contains("store.0@4.snapshot", exception.Message, StringComparison.Ordinal);
        Assert.Equal([exception.Message], warnings);
        Assert.Equal(filesBefore.Order(), disk.ReadAll().Keys.Order());
        Assert.Equal(new Slot(3), store.Find(Group)?.Slot);

        var durable = journal.AppendAsync(Group, [new JournalRecord(JournalRecordKind.Accepted, new Ballot(1, new ReplicaId(1)), new Slot(5), new byte[100])]);
        Assert.True(journal.WriteQueued() && durable.IsCompletedSuccessfully && !journal.Failure.IsCompleted);
        disk.CapacityBytes = long.MaxValue;
        Snapshots.Save(store, Group, new Slot(4));
        disk.LosePower();
        Snapshots.RequireWhole(Snapshots.OpenByHand(disk), Group, new Slot(4), "tried again");
    }

    private static void RequireDamaged(Dictionary<string, byte[]> files, string name, Slot older)
    {
        List<string> warnings = [];
        var disk = new SimulatedDisk(files);
        var store = Snapshots.OpenByHand(disk, Snapshots.Small with { OnWarning = warnings.Add });
        Assert.Equal(older, store.Find(Group)?.Slot);
        Assert.Contains(name, Assert.Single(warnings), StringComparison.Ordinal);
        Assert.Contains("at byte", warnings[0], StringComparison.Ordinal);
        Assert.True(disk.ReadAll()[name + ".damaged"].AsSpan().SequenceEqual(files[name]), "what is damaged is kept for examination");
        Assert.Equal(older, Snapshots.OpenByHand(disk).Find(Group)?.Slot);
    }

    private static void WriteInPieces(IBufferWriter<byte> output, byte[] content, int[] pieces, int hintMax)
    {
        var rest = content.AsSpan();
        for (var i = 0; rest.Length > 0; i++)
        {
            var size = Math.Min(rest.Length, pieces[i % pieces.Length]);
            var room = i % 2 == 0 ? output.GetSpan(Math.Max(size, hintMax)) : output.GetMemory(size).Span;
            rest[..size].CopyTo(room);
            output.Advance(size);
            rest = rest[size..];
        }
    }

    private static byte[] OfSlot6(byte[] content)
    {
        var store = Snapshots.OpenByHand(new MemoryFileSystem());
        Snapshots.Save(store, Group, new Slot(6), content);
        return store.ReadPart(Group, new Slot(6), 0, int.MaxValue).ToArray();
    }

    private static byte[] OfAnotherCluster()
    {
        var store = Snapshots.OpenByHand(new MemoryFileSystem(), Snapshots.Small with { Cluster = "other" });
        Snapshots.Save(store, Group, new Slot(6));
        return store.ReadPart(Group, new Slot(6), 0, int.MaxValue).ToArray();
    }

    private static byte[] OfANewerVersion(byte[] whole)
    {
        byte[] newer = [.. whole];
        newer[8]++;
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(newer.AsSpan(1020), Format.Crc32C.Of(newer.AsSpan(0, 1020)));
        return newer;
    }

    private static IEnumerable<long> SlotsOf(SimulatedDisk disk) => disk.ReadAll().Keys
        .Where(static name => name.StartsWith("snapshots/store.0@", StringComparison.Ordinal))
        .Select(static name => long.Parse(name["snapshots/store.0@".Length..^".snapshot".Length]))
        .Order();

    private sealed class SteppedClock : TimeProvider
    {
        private long _ticks = 1;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Step(TimeSpan time) => _ticks += time.Ticks;
    }
}
