using Csmr.Replication.Paxos;
using Csmr.Replication.Ports;
using Csmr.Storage.Tests.Disks;
using Csmr.Storage.Writing;

namespace Csmr.Storage.Tests;

/// <summary>Bases: what they make obsolete, which segments go for them, and what of the journal each group holds.</summary>
public sealed class TruncationTests : IDisposable
{
    private static readonly GroupId Busy = new("events");
    private static readonly GroupId Idle = new("store.0");

    private readonly string _root = Directory.CreateTempSubdirectory("csmr-storage-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Recover_WithBases_IsTheLastOneThenOlderAcceptedEntriesAboveItsSlotThenWhatIsNewer()
    {
        var disk = new SimulatedDisk();
        var journal = Open(disk);
        JournalRecord[] obsolete = [Of(JournalRecordKind.Identity), Of(JournalRecordKind.Formed), Accepted(1), Accepted(2), Of(JournalRecordKind.Chosen, 2), Of(JournalRecordKind.Base, 1), Accepted(3), Of(JournalRecordKind.Promised), Of(JournalRecordKind.Chosen, 5)];
        JournalRecord[] above = [Accepted(5), Accepted(4), Accepted(5, round: 2)];
        JournalRecord[] newer = [Of(JournalRecordKind.Base, 3), Of(JournalRecordKind.Promised), Accepted(6), Of(JournalRecordKind.Chosen, 4)];
        JournalRecord[] others = [Accepted(1), Of(JournalRecordKind.Promised)];
        Write(journal, Busy, [.. obsolete[..4], above[0], .. obsolete[4..], .. above[1..]]);
        Write(journal, Idle, others);
        Write(journal, Busy, newer);
        disk.LosePower();
        var reopened = Journals.OpenByHand(disk);
        Journals.RequireEqual(reopened.Recover(Busy), [newer[0], .. above, .. newer[1..]]);
        Journals.RequireEqual(reopened.Recover(Idle), others);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Base_WhoseSlotGoesDown_IsRefused(bool isRestarted)
    {
        var disk = new SimulatedDisk();
        var journal = Open(disk);
        Write(journal, Busy, Of(JournalRecordKind.Base, 5));
        if (isRestarted)
        {
            disk.KillProcess();
            journal = Open(disk);
        }

        Write(journal, Busy, Of(JournalRecordKind.Base, 5));
        Assert.Throws<InvariantBrokenException>(() =>
        {
            _ = journal.AppendAsync(Busy, [Of(JournalRecordKind.Base, 4)]);
        });
    }

    [Fact]
    public void IdleGroup_HoldsSegments_UntilItHasANewBase()
    {
        var disk = new SimulatedDisk();
        var journal = Open(disk);
        Assert.Equal(0, journal.HeldBytes(Idle));
        Write(journal, Idle, Of(JournalRecordKind.Identity), Accepted(1));
        var slot = LoadWithBases(journal, 1, 40);
        Assert.Equal(1, FirstSegment(disk));
        Assert.InRange(journal.HeldBytes(Idle), 40 * 600, long.MaxValue);
        Assert.InRange(journal.HeldBytes(Busy), 1, 2 * Journals.SmallSegmentBytes);

        // A base that does not cover what the group accepted releases nothing.
        Write(journal, Idle, Of(JournalRecordKind.Base, 0));
        Assert.InRange(journal.HeldBytes(Idle), 40 * 600, long.MaxValue);
        Assert.Equal(1, FirstSegment(disk));

        Write(journal, Idle, Of(JournalRecordKind.Base, 1));
        Assert.InRange(journal.HeldBytes(Idle), 1, Journals.SmallSegmentBytes);
        LoadWithBases(journal, slot, 2);
        Assert.InRange(FirstSegment(disk), 5, 100);
        RequireRecovered(disk, Idle, Of(JournalRecordKind.Base, 1));
    }

    /// <summary>A measure that stayed up behind a base would have the host take snapshots without end.</summary>
    [Fact]
    public void HeldBytes_OfABusyGroup_FallWithEveryBaseAndSurviveARestart()
    {
        var disk = new SimulatedDisk();
        var journal = Open(disk);
        for (var slot = 1L; slot < 60; slot++)
        {
            var before = journal.HeldBytes(Busy);
            Write(journal, Busy, Accepted(slot, payloadBytes: 700));
            Assert.InRange(journal.HeldBytes(Busy), before + 700, before + 1536 + Journals.SmallSegmentBytes);
            if (slot % 7 == 0)
            {
                Write(journal, Busy, Of(JournalRecordKind.Base, slot));

                // The base, and perhaps the word where the journal begins, in a new segment.
                Assert.InRange(journal.HeldBytes(Busy), 512, 1024 + 1024 + 4096);
            }
        }

        var held = journal.HeldBytes(Busy);
        RoundTripTests.Close(journal);
        Assert.Equal(held, Open(disk).HeldBytes(Busy));
    }

    [Fact]
    public void EndlessLoad_OnASimulatedDisk_NeedsABoundedDisk()
    {
        var disk = new SimulatedDisk { CapacityBytes = 16 * Journals.SmallSegmentBytes };
        var journal = Open(disk);
        var (slot, written) = (1L, 0L);
        while (written < 200 * disk.CapacityBytes)
        {
            slot = LoadWithBases(journal, slot, 20);
            Write(journal, Idle, Of(JournalRecordKind.Base, 0));
            written += 20 * 700;
            if (slot % 1000 < 20)
            {
                RoundTripTests.Close(journal);
                journal = Open(disk);
            }
        }

        Assert.InRange(FirstSegment(disk), 3000, int.MaxValue);
        Assert.InRange(disk.ReadAll().Count, 4, 18);
    }

    [Fact]
    public async Task EndlessLoad_OnRealFiles_NeedsABoundedDirectory()
    {
        const int SegmentBytes = 128 * 1024;
        var options = new JournalOptions { Directory = _root, Cluster = "demo", Node = "n0", SegmentBytes = SegmentBytes, OnWarning = static warning => Assert.Fail(warning) };
        var (slot, most) = (0L, 0L);
        for (var life = 0; life < 4; life++)
        {
            await using var journal = SegmentedJournal.Open(options);
            var recovered = journal.Recover(Busy);
            Assert.Equal(life == 0 ? 0 : slot, recovered.Select(static record => record.Slot.Number).DefaultIfEmpty().Max());
            journal.Recover(Idle);
            for (var i = 0; i < 150; i++)
            {
                await journal.AppendAsync(Busy, [.. Enumerable.Range(1, 4).Select(step => Accepted(slot + step, payloadBytes: 10_000))]);
                slot += 4;
                if (journal.HeldBytes(Busy) > 2 * SegmentBytes)
                {
                    await journal.AppendAsync(Busy, [Of(JournalRecordKind.Base, slot)]);
                }

                if (journal.HeldBytes(Idle) is 0 or > 2 * SegmentBytes)
                {
                    await journal.AppendAsync(Idle, [Of(JournalRecordKind.Base, 0)]);
                }

                most = Math.Max(most, SizeOfDirectory());
            }
        }

        // 24 MB were written. What is held, what is written and prepared, and what the remover has not got to yet.
        Assert.InRange(most, 3 * SegmentBytes, 16 * SegmentBytes);
        Assert.InRange(SizeOfDirectory(), 1, 6 * SegmentBytes);
    }

    [Fact]
    public void Segment_Missing_IsCorruption_AlsoTheFirstOfThoseThatAreLeft()
    {
        var files = TruncatedJournal();
        var segments = files.Keys.Where(static name => name.EndsWith(".segment", StringComparison.Ordinal)).Order().ToList();
        Assert.True(segments.Count >= 5 && segments[0] != SegmentFile.NameOf(1));
        foreach (var missing in segments.SkipLast(1))
        {
            var exception = Assert.Throws<JournalCorruptException>(() => Journals.OpenByHand(new SimulatedDisk(files.Where(file => file.Key != missing).ToDictionary())));
            Assert.EndsWith(missing, exception.File, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void AnyFlippedByte_OfATruncatedJournal_IsRefusedOrLosesNothing()
    {
        var files = TruncatedJournal();
        var written = Journals.OpenByHand(new SimulatedDisk(files)).Recover(Busy);
        var last = files.Where(static file => file.Key.EndsWith(".segment", StringComparison.Ordinal)).OrderBy(static file => file.Key)
            .Last(static file => file.Value.AsSpan(4096).ContainsAnyExcept((byte)0));
        var lastContent = last.Value.AsSpan().LastIndexOfAnyExcept((byte)0) + 1;
        var refused = 0;
        foreach (var (name, bytes) in files.Where(static file => file.Value.Length > 0))
        {
            for (var offset = 0; offset < bytes.Length; offset++)
            {
                bytes[offset] ^= 0x10;
                try
                {
                    Journals.RequireEqual(Journals.OpenByHand(new SimulatedDisk(files)).Recover(Busy), written, $"{name} at {offset}");
                    var isBehindTheMark = string.CompareOrdinal(name, last.Key) >= 0 && offset >= (name == last.Key ? lastContent - 512 : 4096);
                    Assert.True(isBehindTheMark, $"a flipped byte at {offset} of {name} was not seen");
                }
                catch (Exception exception) when (exception is JournalCorruptException or DataDirectoryException)
                {
                    refused++;
                }

                bytes[offset] ^= 0x10;
            }
        }

        Assert.True(refused > 10_000);
    }

    [Fact]
    public void SegmentThatCannotBeDeleted_IsAWarning_AndGoesWithTheNext()
    {
        List<string> warnings = [];
        var disk = new SimulatedDisk();
        var journal = Open(disk, warnings.Add);
        var slot = LoadWithBases(journal, 1, 12);
        var first = FirstSegment(disk);
        disk.FailDirectorySyncAt = disk.DirectorySyncCount + 2;
        while (warnings.Count == 0)
        {
            slot = LoadWithBases(journal, slot, 1);
        }

        Assert.Contains(".segment", SegmentFile.NameOf(first), StringComparison.Ordinal);
        Assert.Contains("could not be deleted", warnings[0], StringComparison.Ordinal);
        LoadWithBases(journal, slot, 30);
        Assert.Single(warnings);
        Assert.InRange(disk.ReadAll().Count, 4, 7);
        Assert.False(journal.Failure.IsCompleted);
    }

    [Fact]
    public async Task Deletion_ThatTakesLong_HoldsUpNoAppend()
    {
        var disk = new SimulatedDisk();
        await using var journal = SegmentedJournal.Open(Journals.Small, disk, isThreaded: true);
        journal.Recover(Busy);
        using var isDeleting = new ManualResetEventSlim();
        using var mayDelete = new ManualResetEventSlim();
        disk.OnDelete = () =>
        {
            isDeleting.Set();
            Assert.True(mayDelete.Wait(TimeSpan.FromSeconds(60), CancellationToken.None));
        };
        for (var slot = 1L; slot < 100; slot++)
        {
            await journal.AppendAsync(Busy, [Accepted(slot, payloadBytes: 700), Of(JournalRecordKind.Base, slot)]).WaitAsync(TimeSpan.FromSeconds(30), CancellationToken.None);
        }

        Assert.True(isDeleting.Wait(TimeSpan.FromSeconds(30), CancellationToken.None));
        Assert.Equal(1, FirstSegment(disk));
        disk.OnDelete = null;
        mayDelete.Set();
        await journal.DisposeAsync();
        Assert.InRange(FirstSegment(disk), 10, 1000);
    }

    [Fact]
    public void MemoryJournal_HeldBytes_AreThoseSinceTheLastBase()
    {
        var journal = new MemoryJournal();
        Assert.Equal(0, journal.HeldBytes(Busy));
        _ = journal.AppendAsync(Busy, [Accepted(1, payloadBytes: 1000), Accepted(2, payloadBytes: 1000)]);
        _ = journal.AppendAsync(Idle, [Accepted(1)]);
        Assert.InRange(journal.HeldBytes(Busy), 2000, 2200);
        _ = journal.AppendAsync(Busy, [Accepted(3, payloadBytes: 1000), Of(JournalRecordKind.Base, 3), Accepted(4, payloadBytes: 500)]);
        Assert.InRange(journal.HeldBytes(Busy), 500, 700);
        Assert.InRange(journal.HeldBytes(Idle), 1, 200);
    }

    private static SegmentedJournal Open(SimulatedDisk disk, Action<string>? onWarning = null)
    {
        var journal = Journals.OpenByHand(disk, Journals.Small with { OnWarning = onWarning });
        journal.Recover(Busy);
        journal.Recover(Idle);
        return journal;
    }

    private static JournalRecord Of(JournalRecordKind kind, long slot = 0) => new(kind, new Ballot(3, new ReplicaId(1)), new Slot(slot), "payload"u8.ToArray());

    private static JournalRecord Accepted(long slot, int payloadBytes = 20, int round = 1)
    {
        var payload = new byte[payloadBytes];
        new Random((int)slot).NextBytes(payload);
        return new JournalRecord(JournalRecordKind.Accepted, new Ballot(round, new ReplicaId(2)), new Slot(slot), payload);
    }

    private static void Write(SegmentedJournal journal, GroupId group, params JournalRecord[] records)
    {
        var durable = journal.AppendAsync(group, records);
        while (journal.WriteQueued())
        {
        }

        Assert.True(durable.IsCompletedSuccessfully);
    }

    // One base for every three entries, and always one entry above it.
    private static long LoadWithBases(SegmentedJournal journal, long slot, int count)
    {
        for (var i = 0; i < count; i++, slot++)
        {
            Write(journal, Busy, Accepted(slot, payloadBytes: 700));
            if (slot % 3 == 0)
            {
                Write(journal, Busy, Of(JournalRecordKind.Base, slot - 1));
            }
        }

        return slot;
    }

    // A journal that ended in order: five segments or more, of which the first is not segment 1.
    private static Dictionary<string, byte[]> TruncatedJournal()
    {
        var disk = new SimulatedDisk();
        var journal = Open(disk);
        var slot = LoadWithBases(journal, 1, 12);
        for (var i = 0; i < 12; i++)
        {
            Write(journal, Busy, Accepted(slot + i, payloadBytes: 700));
        }

        RoundTripTests.Close(journal);
        return disk.ReadAll();
    }

    private static void RequireRecovered(SimulatedDisk disk, GroupId group, params JournalRecord[] expected)
    {
        disk.KillProcess();
        Journals.RequireEqual(Journals.OpenByHand(disk).Recover(group), expected);
    }

    private static int FirstSegment(SimulatedDisk disk) => disk.ReadAll().Keys.Where(static name => name.EndsWith(".segment", StringComparison.Ordinal))
        .Select(static name => int.Parse(name["journal-".Length..^".segment".Length])).Min();

    private long SizeOfDirectory() => new DirectoryInfo(_root).EnumerateFiles().Sum(static file => file.Exists ? file.Length : 0);
}
