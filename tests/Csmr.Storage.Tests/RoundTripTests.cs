using CsCheck;
using Csmr.Replication.Paxos;
using Csmr.Replication.Ports;
using Csmr.Storage.Tests.Disks;

namespace Csmr.Storage.Tests;

/// <summary>What was appended is recovered, in order, by group.</summary>
public sealed class RoundTripTests
{
    private static readonly Gen<JournalRecord> AnyRecord =
        Gen.Select(Gen.Int[1, 6], Gen.Long, Gen.Int, Gen.Long, Gen.Byte.Array[0, 700]).Select((kind, round, leader, slot, payload) =>
            new JournalRecord((JournalRecordKind)kind, new Ballot(round, new ReplicaId(leader)), new Slot(slot), payload));

    [Fact]
    public void Append_AnyRecordsOfAnyGroups_AreRecoveredInOrder() =>
        Gen.Select(Gen.Int[0, 4], AnyRecord.Array[0, 5], Gen.Bool).List[0, 40].Sample(
            calls =>
            {
                var disk = new SimulatedDisk();
                var journal = Journals.OpenByHand(disk);
                var groups = Enumerable.Range(0, 5).Select(number => new GroupId($"group.{number}")).ToList();
                groups.ForEach(group => Assert.Empty(journal.Recover(group)));
                foreach (var (group, records, isFlushed) in calls)
                {
                    _ = journal.AppendAsync(groups[group], records);
                    _ = isFlushed && journal.WriteQueued();
                }

                Close(journal);
                var reopened = Journals.OpenByHand(disk);
                foreach (var (group, number) in groups.Select((group, number) => (group, number)))
                {
                    Journals.RequireEqual(reopened.Recover(group), [.. calls.Where(call => call.Item1 == number).SelectMany(call => call.Item2)]);
                }
            },
            iter: 300);

    [Fact]
    public async Task Reopen_ManyTimes_AppendsBehind()
    {
        var disk = new SimulatedDisk();
        var group = new GroupId("events");
        List<JournalRecord> written = [];
        for (var life = 0; life < 30; life++)
        {
            await using var journal = Journals.OpenByHand(disk);
            Journals.RequireEqual(journal.Recover(group), written);
            for (var i = 0; i < 7; i++)
            {
                written.Add(Journals.Record(written.Count, 400));
                var durable = journal.AppendAsync(group, [written[^1]]);
                Assert.True(journal.WriteQueued());
                Assert.True(durable.IsCompletedSuccessfully);
            }
        }

        Assert.True(disk.ReadAll().Count > 10, "the records fill many segments");
    }

    [Fact]
    public async Task Reopen_WithAnotherSegmentSize_GoesOn()
    {
        var disk = new SimulatedDisk();
        var group = new GroupId("events");
        List<JournalRecord> written = [];
        foreach (var segmentBytes in (int[])[65536, 8192, 8192, 32768, 8192, 1048576, 8192])
        {
            var options = Journals.Small with { SegmentBytes = segmentBytes };
            await using var journal = Journals.OpenByHand(disk, options);
            Journals.RequireEqual(journal.Recover(group), written);
            foreach (var payloadBytes in (int[])[options.PayloadBytesMax, 10, options.PayloadBytesMax, 1000])
            {
                written.Add(Journals.Record(written.Count, payloadBytes));
                _ = journal.AppendAsync(group, [written[^1]]);
                Assert.True(journal.WriteQueued());
            }
        }
    }

    [Fact]
    public void Append_OneCallLargerThanABatch_IsDurableWhenAllOfItIs()
    {
        var journal = Journals.OpenByHand(new SimulatedDisk());
        var group = new GroupId("events");
        journal.Recover(group);
        var durable = journal.AppendAsync(group, [.. Enumerable.Range(0, 20).Select(number => Journals.Record(number, 1000))]);
        var batchCount = 0;
        while (!durable.IsCompleted)
        {
            Assert.True(journal.WriteQueued());
            batchCount++;
        }

        Assert.InRange(batchCount, 7, 20);
        Assert.False(journal.WriteQueued());
    }

    [Fact]
    public void Append_NothingAfterSomething_IsDurableWithIt()
    {
        var journal = Journals.OpenByHand(new SimulatedDisk());
        var group = new GroupId("events");
        journal.Recover(group);
        Assert.True(journal.AppendAsync(group, []).IsCompletedSuccessfully);
        var something = journal.AppendAsync(group, [Journals.Record(1)]);
        var nothing = journal.AppendAsync(group, []);
        Assert.False(nothing.IsCompleted);
        journal.WriteQueued();
        Assert.True(something.IsCompletedSuccessfully && nothing.IsCompletedSuccessfully);
    }

    [Fact]
    public void Append_TooLargeAPayload_IsRefusedAndNothingQueued()
    {
        var journal = Journals.OpenByHand(new SimulatedDisk());
        var group = new GroupId("events");
        journal.Recover(group);
        Assert.Throws<ArgumentException>(() =>
        {
            _ = journal.AppendAsync(group, [Journals.Record(1), Journals.Record(2, Journals.Small.PayloadBytesMax + 1)]);
        });
        Assert.False(journal.WriteQueued());
    }

    [Fact]
    public void Recover_TwiceOrAfterAppend_IsRefused()
    {
        var journal = Journals.OpenByHand(new SimulatedDisk());
        var group = new GroupId("events");
        Assert.Throws<InvalidOperationException>(() =>
        {
            _ = journal.AppendAsync(group, [Journals.Record(1)]);
        });
        journal.Recover(group);
        Assert.Throws<InvalidOperationException>(() => journal.Recover(group));
    }

    [Fact]
    public async Task Append_AfterClose_Faults()
    {
        var journal = Journals.OpenByHand(new SimulatedDisk());
        var group = new GroupId("events");
        journal.Recover(group);
        var queued = journal.AppendAsync(group, [Journals.Record(1)]);
        await journal.DisposeAsync();
        Assert.True(queued.IsCompletedSuccessfully, "closing writes what is queued");
        await Assert.ThrowsAsync<JournalFailedException>(() => journal.AppendAsync(group, [Journals.Record(2)]));
        Assert.False(journal.Failure.IsCompleted);
    }

    [Fact]
    public void MemoryJournal_CompletesAtOnceAndKeepsNothing()
    {
        var journal = new MemoryJournal();
        var group = new GroupId("events");
        Assert.True(journal.AppendAsync(group, [Journals.Record(1)]).IsCompletedSuccessfully);
        Assert.Empty(journal.Recover(group));
    }

    // Without threads, closing does not wait for anything.
    internal static void Close(SegmentedJournal journal) => journal.DisposeAsync().AsTask().GetAwaiter().GetResult();
}
