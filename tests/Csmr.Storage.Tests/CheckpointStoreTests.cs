using Csmr.Replication.Ports;
using Csmr.Storage.Checkpoints;
using Csmr.Storage.Tests.Disks;

namespace Csmr.Storage.Tests;

/// <summary>Checkpoints that are written, read, copied and deleted: whole, or not at all, and nothing damaged is ever taken for one.</summary>
public sealed class CheckpointStoreTests
{
    private static readonly string Directory = Journals.Small.Directory;

    private static readonly byte[][] Parts = [.. Enumerable.Range(0, 7).Select(static i => Content(i, i * 97))];

    [Fact]
    public void Checkpoint_ThatWasPublished_IsFoundAndReadAfterAPowerLoss()
    {
        var disk = new SimulatedDisk();
        StoredCheckpoint stored;
        using (var store = CheckpointStore.Open(disk, Directory))
        {
            stored = Write(store, "first");
            Assert.Equal(3, stored.Totals[0].Parts);
            Assert.Equal(64, stored.Sha256.Length);
        }

        disk.LosePower();
        using var again = CheckpointStore.Open(disk, Directory);
        AssertSame(stored, again.Find("first"));
        AssertSame(stored, Assert.Single(again.List()));
        RequireWhole(again, "first", "after a power loss");
        Assert.True(again.Delete("first"));
        Assert.False(again.Delete("first"));
        Assert.Empty(again.List());
        Assert.Contains("there is no checkpoint 'first'", Assert.Throws<CheckpointException>(() => again.Read("first").ToArray()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Checkpoint_ThatIsNotPublished_IsNeverSeen()
    {
        var disk = new SimulatedDisk();
        using var store = CheckpointStore.Open(disk, Directory);
        using (var writer = store.Create(Head("first")))
        {
            writer.Write(0, Parts[1]);
            Assert.Null(store.Find("first"));
            Assert.Empty(store.List());
            Assert.Contains("by somebody else", Assert.Throws<CheckpointException>(() => store.Create(Head("first"))).Message, StringComparison.Ordinal);
        }

        Assert.DoesNotContain(disk.ReadAll().Keys, static name => name.Contains("first", StringComparison.Ordinal));
        Write(store, "first");
        Assert.Contains("is there already", Assert.Throws<CheckpointException>(() => store.Create(Head("first"))).Message, StringComparison.Ordinal);
        RequireWhole(store, "first", "beside another attempt");
    }

    [Theory]
    [InlineData("")]
    [InlineData("-a")]
    [InlineData("A")]
    [InlineData("../x")]
    [InlineData("a.b")]
    [InlineData("a/b")]
    public void Names_ThatAreNone_AreRefusedAndFindNothing(string id)
    {
        using var store = CheckpointStore.Open(new SimulatedDisk(), Directory);
        Assert.Throws<CheckpointException>(() => store.Create(Head(id)));
        Assert.Null(store.Find(id));
        Assert.False(store.Delete(id));
    }

    /// <summary>Every byte of a file is flipped, one after the other: no reading comes to its end.</summary>
    [Fact]
    public void Read_WithAnyByteFlipped_NeverComesToItsEnd()
    {
        var whole = FileOf("first");
        for (var at = 0; at < whole.Length; at++)
        {
            var damaged = whole.ToArray();
            damaged[at] ^= 0x10;
            RequireDamaged(damaged, $"byte {at} of {whole.Length} is flipped");
        }
    }

    [Fact]
    public void Read_OfAnyBeginningOfAFile_AndOfMore_NeverComesToItsEnd()
    {
        var whole = FileOf("first");
        for (var length = 0; length < whole.Length; length++)
        {
            RequireDamaged(whole[..length], $"only {length} of {whole.Length} bytes are there");
        }

        RequireDamaged([.. whole, 0], "a byte more is there");
        RequireDamaged([.. whole, .. whole], "it is there twice");
    }

    [Fact]
    public void Read_OfAFileWithAnothersName_IsRefused()
    {
        using var store = CheckpointStore.Open(new SimulatedDisk(new Dictionary<string, byte[]>(StringComparer.Ordinal) { ["other.checkpoint"] = FileOf("first") }), Directory);
        Assert.Contains("calls itself 'first'", store.Find("other")!.Damage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_OfAnExportedFile_IsTheSameCheckpoint()
    {
        using var source = CheckpointStore.Open(new SimulatedDisk(), Directory);
        var stored = Write(source, "first");
        using var target = CheckpointStore.Open(new SimulatedDisk(), Directory);
        await using (var file = source.OpenRead("first"))
        {
            AssertSame(stored, await target.ImportAsync("first", file, TestContext.Current.CancellationToken));
        }

        RequireWhole(target, "first", "imported");
        await using var second = source.OpenRead("first");
        Assert.Contains("is there already", (await Assert.ThrowsAsync<CheckpointException>(() => target.ImportAsync("first", second))).Message, StringComparison.Ordinal);
        RequireWhole(target, "first", "imported twice");
        await using var third = source.OpenRead("first");
        Assert.Contains("calls itself 'first'", (await Assert.ThrowsAsync<CheckpointException>(() => target.ImportAsync("other", third))).Message, StringComparison.Ordinal);
        Assert.Single(target.List());
    }

    [Fact]
    public async Task Import_OfADamagedFile_KeepsNothing()
    {
        var whole = FileOf("first");
        foreach (var damaged in (byte[][])[[], whole[..^1], [.. whole.Select(static (value, at) => at == 200 ? (byte)(value ^ 1) : value)]])
        {
            var disk = new SimulatedDisk();
            using var store = CheckpointStore.Open(disk, Directory);
            await Assert.ThrowsAsync<CheckpointException>(() => store.ImportAsync("first", new MemoryStream(damaged)));
            Assert.Empty(store.List());
            Assert.DoesNotContain(disk.ReadAll().Keys, static name => name.EndsWith(".checkpoint", StringComparison.Ordinal) || name.EndsWith(".tmp", StringComparison.Ordinal));
        }
    }

    /// <summary>
    /// The power goes off in every changing call of writing two checkpoints: what was published is there and whole; what is
    /// there is whole.
    /// </summary>
    [Fact]
    public void Crash_InAnyCall_LeavesWhatWasPublished_AndNothingHalf()
    {
        var calls = Count(static disk => Lives(disk));
        for (var at = 0; at < calls; at++)
        {
            for (var seed = 0; seed < 8; seed++)
            {
                var disk = new SimulatedDisk(seed) { PowerLossAt = at };
                var published = Lives(disk);
                disk.LosePower();
                using var store = CheckpointStore.Open(disk, Directory);
                Assert.All(store.List(), checkpoint => RequireWhole(store, checkpoint.Id, $"crash at {at}, seed {seed}"));
                Assert.All(published, id => Assert.True(store.Find(id) is { Damage: null }, $"crash at {at}, seed {seed}: {id} was published and is gone"));
                Assert.DoesNotContain(disk.ReadAll().Keys, static name => name.EndsWith(".tmp", StringComparison.Ordinal));
            }
        }
    }

    [Fact]
    public void FailingFlushesAndWrites_EndOneCheckpoint_AndTheNextOneIsWritten()
    {
        Fails(static (disk, at) => disk.FailSyncAt = at, static disk => disk.SyncCount);
        Fails(static (disk, at) => disk.FailDirectorySyncAt = at, static disk => disk.DirectorySyncCount);
        Fails(static (disk, at) => disk.FailWriteAt = at, static disk => disk.OperationCount);
    }

    [Fact]
    public void FullDisk_EndsTheCheckpointWithAClearMessage_AndTakesNoRoom()
    {
        var disk = new SimulatedDisk();
        using var store = CheckpointStore.Open(disk, Directory);
        Write(store, "first");
        var before = disk.ReadAll().Values.Sum(static file => file.Length);
        disk.CapacityBytes = before + 300;
        var error = Assert.Throws<CheckpointException>(() => Write(store, "second"));
        Assert.Contains("make room", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, disk.ReadAll().Values.Sum(static file => file.Length));
        disk.CapacityBytes = long.MaxValue;
        Write(store, "second");
        RequireWhole(store, "first", "beside a full disk");
        RequireWhole(store, "second", "when there is room again");
    }

    [Fact]
    public void Directory_ThatAnotherProcessUses_IsRefused()
    {
        var disk = new SimulatedDisk();
        using var store = CheckpointStore.Open(disk, Directory);
        Assert.Equal(DataDirectoryProblem.InUse, Assert.Throws<DataDirectoryException>(() => CheckpointStore.Open(disk, Directory)).Problem);
    }

    private static void Fails(Action<SimulatedDisk, int> arm, Func<SimulatedDisk, int> count)
    {
        var probe = new SimulatedDisk();
        int begin;
        using (var store = CheckpointStore.Open(probe, Directory))
        {
            begin = count(probe);
            Write(store, "first");
        }

        for (var at = begin; at < count(probe); at++)
        {
            var disk = new SimulatedDisk(at);
            using var store = CheckpointStore.Open(disk, Directory);
            arm(disk, at);
            try
            {
                Write(store, "first");
                RequireWhole(store, "first", $"published though call {at} was to fail");
            }
            catch (CheckpointException)
            {
                Assert.Null(store.Find("first"));
            }

            arm(disk, int.MaxValue);
            Write(store, "second");
            RequireWhole(store, "second", $"after call {at} failed");
        }
    }

    private static int Count(Action<SimulatedDisk> run)
    {
        var disk = new SimulatedDisk();
        run(disk);
        return disk.OperationCount;
    }

    private static List<string> Lives(SimulatedDisk disk)
    {
        var published = new List<string>();
        try
        {
            using var store = CheckpointStore.Open(disk, Directory);
            published.Add(Write(store, "first").Id);
            published.Add(Write(store, "second").Id);
        }
        catch (Exception cause) when (cause is PowerLostException or DataDirectoryException or CheckpointException)
        {
            // That is what is tried.
        }

        return published;
    }

    private static byte[] FileOf(string id)
    {
        using var store = CheckpointStore.Open(new SimulatedDisk(), Directory);
        Write(store, id);
        using var copy = new MemoryStream();
        using var file = store.OpenRead(id);
        file.CopyTo(copy);
        return copy.ToArray();
    }

    private static void RequireDamaged(byte[] file, string what)
    {
        using var store = CheckpointStore.Open(new SimulatedDisk(new Dictionary<string, byte[]>(StringComparer.Ordinal) { ["first.checkpoint"] = file }), Directory);
        Assert.NotNull(store.Find("first"));
        var message = Record.Exception(() => store.Read("first").ToArray()) is CheckpointException error ? error.Message : null;
        Assert.True(message?.Contains("checkpoint first is damaged at byte", StringComparison.Ordinal) == true, $"{what}: {message ?? "read to its end"}");
    }

    private static void RequireWhole(CheckpointStore store, string id, string where)
    {
        var parts = store.Read(id).ToArray();
        Assert.True(parts.Length == Parts.Length, $"{where}: {id} has {parts.Length} parts");
        for (var i = 0; i < parts.Length; i++)
        {
            Assert.True(parts[i].Group == i % 3 && parts[i].Bytes.Span.SequenceEqual(Parts[i]), $"{where}: part {i} of {id} is another");
        }
    }

    private static StoredCheckpoint Write(CheckpointStore store, string id)
    {
        using var writer = store.Create(Head(id));
        for (var i = 0; i < Parts.Length; i++)
        {
            writer.Write(i % 3, Parts[i]);
        }

        return writer.Publish();
    }

    private static CheckpointHead Head(string id) => new()
    {
        Id = id,
        Composition = "orders",
        ManifestVersion = 7,
        CreatedAtMs = 1_700_000_000_000,
        Groups =
        [
            new CheckpointGroup("store.0", "store", "kv", IsItemized: true, new Slot(12)),
            new CheckpointGroup("store.1", "store", "kv", IsItemized: true, new Slot(13)),
            new CheckpointGroup("hits", "hits", "counter", IsItemized: false, new Slot(14)),
        ],
    };

    private static byte[] Content(int seed, int length)
    {
        var content = new byte[length];
        new Random(seed).NextBytes(content);
        return content;
    }

    private static void AssertSame(StoredCheckpoint expected, StoredCheckpoint? found)
    {
        Assert.NotNull(found?.Head);
        Assert.Null(found.Damage);
        Assert.Equal((expected.Id, expected.FileBytes, expected.Sha256), (found.Id, found.FileBytes, found.Sha256));
        Assert.Equal(expected.Totals, found.Totals);
        Assert.Equal(expected.Head!.Groups, found.Head.Groups);
    }
}
