using Csmr.Replication.Ports;
using Csmr.Storage.Tests.Disks;

namespace Csmr.Storage.Tests;

/// <summary>The journal with its own threads, on the simulated disk.</summary>
public sealed class ThreadTests
{
    [Fact]
    public async Task Append_64AtOnceWhileTheDiskFlushes_ShareOneFlush()
    {
        var disk = new SimulatedDisk();
        await using var journal = SegmentedJournal.Open(Journals.Small, disk, isThreaded: true);
        var groups = Groups(64);
        groups.ForEach(group => journal.Recover(group));
        using var isFlushing = new ManualResetEventSlim();
        using var mayFlush = new ManualResetEventSlim();
        var syncCountBefore = disk.SyncCount;
        disk.OnSync = () =>
        {
            isFlushing.Set();
            Await(mayFlush, "leave to flush");
        };
        List<Task> durable = [journal.AppendAsync(groups[0], [Journals.Record(0)])];
        Await(isFlushing, "a flush");
        for (var i = 1; i < groups.Count; i++)
        {
            durable.Add(journal.AppendAsync(groups[i], [Journals.Record(i)]));
        }

        Assert.DoesNotContain(durable, task => task.IsCompleted);
        mayFlush.Set();
        await Task.WhenAll(durable);

        // One for the first, two for the rest of 63 × 40 bytes in segments of 8 KiB (the next segment may be prepared meanwhile).
        Assert.InRange(disk.SyncCount - syncCountBefore, 2, 5);
    }

    [Fact]
    public async Task Append_FromManyThreads_AllIsRecoveredInTheOrderOfItsGroup()
    {
        const int PerGroup = 300;
        var disk = new SimulatedDisk();
        var options = Journals.Small with { SegmentBytes = 64 * 1024 };
        var groups = Groups(32);
        await using (var journal = SegmentedJournal.Open(options, disk, isThreaded: true))
        {
            await Task.WhenAll(groups.Select((group, number) => Task.Run(() => AppendAllAsync(journal, group, number * PerGroup, PerGroup))));
        }

        disk.LosePower();
        await using var reopened = SegmentedJournal.Open(options, disk, isThreaded: true);
        foreach (var (group, number) in groups.Select((group, number) => (group, number)))
        {
            Journals.RequireEqual(reopened.Recover(group), [.. Enumerable.Range(number * PerGroup, PerGroup).Select(i => Journals.Record(i))], group.Name);
        }
    }

    [Fact]
    public async Task FailedSync_FaultsAllThatWaitsAndAllThatComes_AndTellsTheHost()
    {
        var disk = new SimulatedDisk();
        await using var journal = SegmentedJournal.Open(Journals.Small, disk, isThreaded: true);
        var groups = Groups(3);
        groups.ForEach(group => journal.Recover(group));
        await journal.AppendAsync(groups[0], [Journals.Record(0)]);
        using var isFlushing = new ManualResetEventSlim();
        using var mayFlush = new ManualResetEventSlim();
        disk.OnSync = () =>
        {
            isFlushing.Set();
            Await(mayFlush, "leave to flush");
        };
        disk.FailSyncAt = disk.SyncCount + 1;
        var flushed = journal.AppendAsync(groups[0], [Journals.Record(1)]);
        Await(isFlushing, "a flush");
        var queued = journal.AppendAsync(groups[1], [Journals.Record(2)]);
        mayFlush.Set();

        await Assert.ThrowsAsync<JournalFailedException>(() => flushed);
        await Assert.ThrowsAsync<JournalFailedException>(() => queued);
        var failure = await journal.Failure;
        Assert.Contains("Input/output error", failure.Message, StringComparison.Ordinal);
        var operationCount = disk.OperationCount;
        for (var i = 0; i < 100; i++)
        {
            await Assert.ThrowsAsync<JournalFailedException>(() => journal.AppendAsync(groups[2], [Journals.Record(3)]));
        }

        await journal.DisposeAsync();
        Assert.Equal(operationCount, disk.OperationCount);
    }

    [Fact]
    public async Task FullDisk_WarnsFirst_ThenFailsTheAppendThatNeedsTheSegment()
    {
        var disk = new SimulatedDisk { CapacityBytes = (2 * Journals.SmallSegmentBytes) + 4000 };
        List<string> warnings = [];
        await using var journal = Journals.OpenByHand(disk, Journals.Small with { OnWarning = warnings.Add });
        var group = new GroupId("events");
        journal.Recover(group);
        List<JournalRecord> acknowledged = [];
        while (true)
        {
            var record = Journals.Record(acknowledged.Count, 600);
            var durable = journal.AppendAsync(group, [record]);
            journal.WriteQueued();
            if (durable.IsFaulted)
            {
                break;
            }

            Assert.True(acknowledged.Count < 100);
            acknowledged.Add(record);
        }

        Assert.Single(warnings);
        Assert.True(acknowledged.Count >= 4, "the second segment was used up");
        disk.KillProcess();
        disk.CapacityBytes = long.MaxValue;
        var reopened = Journals.OpenByHand(disk);
        Journals.RequireEqual(reopened.Recover(group), acknowledged);
    }

    private static void Await(ManualResetEventSlim expected, string what) =>
        Assert.True(expected.Wait(TimeSpan.FromSeconds(30), CancellationToken.None), $"{what} did not come");

    private static List<GroupId> Groups(int count) => [.. Enumerable.Range(0, count).Select(number => new GroupId($"group.{number}"))];

    private static async Task AppendAllAsync(SegmentedJournal journal, GroupId group, int first, int count)
    {
        Assert.Empty(journal.Recover(group));
        List<Task> durable = [];
        for (var i = 0; i < count; i++)
        {
            durable.Add(journal.AppendAsync(group, [Journals.Record(first + i)]));
            if (i % 7 == 0)
            {
                await durable[^1];
                Assert.All(durable, task => Assert.True(task.IsCompletedSuccessfully, "earlier appends are durable before later ones"));
            }
        }

        await Task.WhenAll(durable);
    }
}
