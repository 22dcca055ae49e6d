using Csmr.Replication.Ports;
using Csmr.Storage.Format;
using Csmr.Storage.Tests.Disks;
using Csmr.Storage.Writing;

namespace Csmr.Storage.Tests;

/// <summary>Bytes that are not as they were written: cut where nothing acknowledged is lost, else refused.</summary>
public sealed class DamageTests(ITestOutputHelper output)
{
    private static readonly GroupId[] Groups = [new("events"), new("store.0")];

    [Fact]
    public void AnyFlippedByte_OfAClosedJournal_IsRefusedOrLosesNothing()
    {
        var (files, written) = Build(batchCount: 6, isClosed: true);
        var (refused, harmless) = (0, 0);
        foreach (var (name, bytes) in files.Where(file => file.Value.Length > 0))
        {
            for (var offset = 0; offset < bytes.Length; offset++)
            {
                var flip = (byte)(offset % 3 == 0 ? 0xFF : 1 << (offset % 8));
                bytes[offset] ^= flip;
                var recovered = TryRecover(files);
                bytes[offset] ^= flip;
                if (recovered is null)
                {
                    refused++;
                    continue;
                }

                harmless++;
                RequireAll(recovered, written, $"{name} at {offset}");
                Assert.True(IsBehindTheEnd(name, offset, files), $"a flipped byte at {offset} of {name} was not seen");
            }
        }

        output.WriteLine($"{refused} refused, {harmless} behind the end of the journal");
        Assert.True(refused > 10_000);
    }

    [Fact]
    public void AnyFlippedByte_OfTheLastUnconfirmedBatch_CutsThatBatchOnly()
    {
        var (files, written) = Build(batchCount: 5, isClosed: false);
        var (name, start, length) = LastBatch(files);
        for (var offset = start; offset < start + length; offset++)
        {
            files[name][offset] ^= 0x40;
            RequireAllButLast(TryRecover(files), written, $"{name} at {offset}");
            files[name][offset] ^= 0x40;
        }
    }

    [Fact]
    public void LastBatch_TornAtAnyByte_IsCut()
    {
        var (files, written) = Build(batchCount: 5, isClosed: false);
        var (name, start, length) = LastBatch(files);
        var whole = files[name].ToArray();
        var contentBytes = whole.AsSpan(start, length).LastIndexOfAnyExcept((byte)0) + 1;
        for (var kept = 0; kept <= length; kept++)
        {
            files[name] = [.. whole];
            files[name].AsSpan(start + kept, length - kept).Clear();
            if (kept < contentBytes)
            {
                RequireAllButLast(TryRecover(files), written, $"torn after {kept} bytes");
            }
            else
            {
                RequireAll(TryRecover(files), written, $"torn after {kept} bytes");
            }
        }
    }

    [Theory]
    [InlineData(2, 2000)] // behind another batch of its segment
    [InlineData(5, 2600)] // the first of its segment
    public void LastBatch_WithAnySectorsMissing_IsCutAndNeverComesBack(int batchCount, int lastPayloadBytes)
    {
        var (files, written) = Build(batchCount, isClosed: false, lastPayloadBytes);
        var (name, start, length) = LastBatch(files);
        var whole = files[name].ToArray();
        var sectorCount = length / BatchFrame.SectorBytes;
        Assert.InRange(sectorCount, 5, 6);
        for (var missing = 1; missing < 1 << sectorCount; missing++)
        {
            files[name] = [.. whole];
            for (var sector = 0; sector < sectorCount; sector++)
            {
                if ((missing & (1 << sector)) != 0)
                {
                    files[name].AsSpan(start + (sector * BatchFrame.SectorBytes), BatchFrame.SectorBytes).Clear();
                }
            }

            var disk = new SimulatedDisk(files);
            RequireAllButLast(RecoverAll(disk), written, $"missing sectors {missing:b}");
            disk.LosePower();
            if (disk.ReadAll().TryGetValue(name, out var segment))
            {
                Assert.False(segment.AsSpan(start + BatchFrame.MarkBytes).ContainsAnyExcept((byte)0), "what was cut is zero before the next batch is written");
            }
        }
    }

    [Fact]
    public void BatchInTheMiddle_Damaged_IsCorruptionAndNothingIsChanged()
    {
        var (files, _) = Build(batchCount: 9, isClosed: false);
        foreach (var name in SegmentsOf(files).SkipLast(1))
        {
            files[name][SegmentHeader.Bytes + 40] ^= 1;
            var disk = new SimulatedDisk(files);
            var exception = Assert.Throws<JournalCorruptException>(() => Journals.OpenByHand(disk));
            Assert.EndsWith(name, exception.File, StringComparison.Ordinal);
            Assert.Equal(SegmentHeader.Bytes, exception.Offset);
            Assert.Equal(0, disk.OperationCount);
            files[name][SegmentHeader.Bytes + 40] ^= 1;
        }
    }

    [Fact]
    public void LastBatchButOne_Damaged_IsCorruptionForTheBatchBehindIt()
    {
        var (files, _) = Build(batchCount: 2, isClosed: false, lastPayloadBytes: 10);
        var name = SegmentsOf(files)[0];
        files[name][SegmentHeader.Bytes + 40] ^= 1;
        Assert.Throws<JournalCorruptException>(() => Journals.OpenByHand(new SimulatedDisk(files)));
    }

    [Fact]
    public void LastBatch_DamagedButMarkedAsFlushed_IsCorruption()
    {
        var (files, _) = Build(batchCount: 5, isClosed: true);
        var (name, start, _) = LastBatch(files);
        files[name][start + 40] ^= 1;
        Assert.Throws<JournalCorruptException>(() => Journals.OpenByHand(new SimulatedDisk(files)));
    }

    [Fact]
    public void Segment_Missing_IsCorruption()
    {
        var (files, _) = Build(batchCount: 14, isClosed: true);
        var segments = SegmentsOf(files);
        Assert.True(segments.Count >= 5);
        for (var i = 0; i < segments.Count - 1; i++)
        {
            var missing = segments[i];
            var exception = Assert.Throws<JournalCorruptException>(() => Journals.OpenByHand(new SimulatedDisk(files.Where(file => file.Key != missing).ToDictionary())));
            Assert.EndsWith(missing, exception.File, StringComparison.Ordinal);
        }

        Assert.Throws<JournalCorruptException>(() => Journals.OpenByHand(new SimulatedDisk(files.Where(file => !segments.Contains(file.Key)).ToDictionary())));
    }

    [Fact]
    public void Segment_OfAnotherPlaceOrJournalOrCut_IsCorruption()
    {
        var (files, _) = Build(batchCount: 14, isClosed: true);
        var (others, _) = Build(batchCount: 14, isClosed: true);
        var segments = SegmentsOf(files);
        foreach (var foreign in (byte[][])[files[segments[1]], others[segments[0]], files[segments[0]][..^512], [.. files[segments[0]], .. new byte[4096]], []])
        {
            var changed = new Dictionary<string, byte[]>(files) { [segments[0]] = foreign };
            Assert.Throws<JournalCorruptException>(() => Journals.OpenByHand(new SimulatedDisk(changed)));
        }
    }

    [Fact]
    public void Batch_CopiedToAnotherPlaceOfTheJournal_IsNeverTakenForARecord()
    {
        var (files, _) = Build(batchCount: 9, isClosed: false);
        var segments = SegmentsOf(files);
        var (source, target) = (files[segments[0]], files[segments[1]]);
        source.AsSpan(SegmentHeader.Bytes, 1024).CopyTo(target.AsSpan(SegmentHeader.Bytes));
        Assert.Throws<JournalCorruptException>(() => Journals.OpenByHand(new SimulatedDisk(files)));
    }

    /// <summary>Whoever stores a copy of the journal in a record must not make a torn batch look like corruption.</summary>
    [Fact]
    public void TornBatch_WhosePayloadHoldsAGoodBatch_IsCut()
    {
        const int PayloadBytes = 1500;
        var payloadStart = LengthOfBatchBeforeItsPayload(PayloadBytes);
        var disk = new SimulatedDisk();
        var journal = Journals.OpenByHand(disk);
        journal.Recover(Groups[0]);
        var first = Journals.Record(1);
        _ = journal.AppendAsync(Groups[0], [first]);
        journal.WriteQueued();
        var segment = SegmentFile.NameOf(1);
        var goodBatch = disk.ReadAll()[segment].AsSpan(SegmentHeader.Bytes, BatchFrame.SectorBytes);
        var payload = new byte[PayloadBytes];
        goodBatch.CopyTo(payload.AsSpan(BatchFrame.SectorBytes - payloadStart));
        _ = journal.AppendAsync(Groups[0], [first with { Payload = payload }]);
        journal.WriteQueued();

        var files = disk.ReadAll();
        var second = SegmentHeader.Bytes + BatchFrame.SectorBytes;
        Assert.True(files[segment].AsSpan(second + BatchFrame.SectorBytes, BatchFrame.SectorBytes).SequenceEqual(goodBatch), "the copy begins a sector");
        files[segment][second + 20] ^= 1;
        Journals.RequireEqual(Journals.OpenByHand(new SimulatedDisk(files)).Recover(Groups[0]), [first]);
    }

    [Fact]
    public void OlderCopyOfASegment_IsCorruption()
    {
        var disk = new SimulatedDisk();
        var journal = Journals.OpenByHand(disk);
        journal.Recover(Groups[0]);
        Dictionary<string, byte[]>? older = null;
        for (var i = 0; i < 9; i++)
        {
            _ = journal.AppendAsync(Groups[0], [Journals.Record(i, 600)]);
            journal.WriteQueued();
            older ??= disk.ReadAll();
        }

        var files = disk.ReadAll();
        files[SegmentFile.NameOf(1)] = older![SegmentFile.NameOf(1)];
        Assert.Throws<JournalCorruptException>(() => Journals.OpenByHand(new SimulatedDisk(files)));
    }

    [Fact]
    public void SegmentOfACopyThatWentOnByItself_IsCorruption()
    {
        var common = new SimulatedDisk();
        GoOn(common, 1, 2);
        var mixed = new SimulatedDisk(common.ReadAll());
        GoOn(mixed, 10, 8);
        var copy = new SimulatedDisk(common.ReadAll());
        GoOn(copy, 20, 8);
        var files = mixed.ReadAll();
        files[SegmentFile.NameOf(2)] = copy.ReadAll()[SegmentFile.NameOf(2)];
        var exception = Assert.Throws<JournalCorruptException>(() => Journals.OpenByHand(new SimulatedDisk(files)));
        Assert.EndsWith(SegmentFile.NameOf(2), exception.File, StringComparison.Ordinal);
    }

    private static void GoOn(SimulatedDisk disk, int firstRecord, int count)
    {
        var journal = Journals.OpenByHand(disk);
        journal.Recover(Groups[0]);
        for (var i = 0; i < count; i++)
        {
            _ = journal.AppendAsync(Groups[0], [Journals.Record(firstRecord + i, 600)]);
            Assert.True(journal.WriteQueued());
        }

        RoundTripTests.Close(journal);
    }

    private static (Dictionary<string, byte[]> Files, List<JournalRecord>[] Written) Build(int batchCount, bool isClosed, int lastPayloadBytes = 900)
    {
        var disk = new SimulatedDisk();
        var journal = Journals.OpenByHand(disk);
        var written = Groups.Select(_ => new List<JournalRecord>()).ToArray();
        Array.ForEach(Groups, group => journal.Recover(group));
        for (var i = 0; i < batchCount; i++)
        {
            for (var group = 0; group < Groups.Length; group++)
            {
                var payloadBytes = i == batchCount - 1 ? lastPayloadBytes * (1 - group) : 400 + (i * 10);
                written[group].Add(Journals.Record((10 * i) + group, payloadBytes));
                _ = journal.AppendAsync(Groups[group], [written[group][^1]]);
            }

            Assert.True(journal.WriteQueued());
        }

        if (isClosed)
        {
            RoundTripTests.Close(journal);
        }

        return (disk.ReadAll(), written);
    }

    // The payload is the last thing in the body of a batch of one record.
    private static int LengthOfBatchBeforeItsPayload(int payloadBytes)
    {
        var disk = new SimulatedDisk();
        var journal = Journals.OpenByHand(disk);
        journal.Recover(Groups[0]);
        _ = journal.AppendAsync(Groups[0], [Journals.Record(1, payloadBytes)]);
        journal.WriteQueued();
        var files = disk.ReadAll();
        var place = new BatchPlace(JournalIdentity.TryDecode(files["identity"])!.Journal, 1, SegmentHeader.Bytes);
        Assert.True(BatchFrame.TryRead(files[SegmentFile.NameOf(1)], place, out var header));
        return BatchFrame.HeaderBytes + header.BodyBytes - payloadBytes;
    }

    private static List<string> SegmentsOf(Dictionary<string, byte[]> files) =>
        [.. files.Keys.Where(name => name.EndsWith(".segment", StringComparison.Ordinal)).Order()];

    // The last segment with anything behind its header, and in it the last frame that has records.
    private static (string Name, int Start, int Length) LastBatch(Dictionary<string, byte[]> files)
    {
        var name = SegmentsOf(files).Last(name => files[name].AsSpan(SegmentHeader.Bytes).ContainsAnyExcept((byte)0));
        var identity = JournalIdentity.TryDecode(files["identity"])!;
        var number = SegmentsOf(files).IndexOf(name) + 1;
        var (start, length) = (0, 0);
        for (var offset = SegmentHeader.Bytes;
            BatchFrame.TryRead(files[name], new BatchPlace(identity.Journal, number, offset), out var header) && header.Kind == BatchKind.Records;
            offset += header.FrameBytes)
        {
            (start, length) = (offset, header.FrameBytes);
        }

        Assert.True(length > 0);
        return (name, start, length);
    }

    private static bool IsBehindTheEnd(string name, int offset, Dictionary<string, byte[]> files)
    {
        var last = LastBatch(files);
        var order = string.CompareOrdinal(name, last.Name);
        return name.EndsWith(".segment", StringComparison.Ordinal) &&
            ((order > 0 && offset >= SegmentHeader.Bytes) || (order == 0 && offset >= last.Start + last.Length));
    }

    private static List<JournalRecord>[]? TryRecover(Dictionary<string, byte[]> files)
    {
        try
        {
            return RecoverAll(new SimulatedDisk(files));
        }
        catch (Exception exception) when (exception is JournalCorruptException or DataDirectoryException)
        {
            return null;
        }
    }

    private static List<JournalRecord>[] RecoverAll(SimulatedDisk disk)
    {
        var journal = Journals.OpenByHand(disk);
        return [.. Groups.Select(group => journal.Recover(group).ToList())];
    }

    private static void RequireAll(List<JournalRecord>[]? recovered, List<JournalRecord>[] written, string where)
    {
        Assert.True(recovered is not null, $"{where}: refused");
        for (var group = 0; group < Groups.Length; group++)
        {
            Journals.RequireEqual(recovered[group], written[group], where);
        }
    }

    private static void RequireAllButLast(List<JournalRecord>[]? recovered, List<JournalRecord>[] written, string where) =>
        RequireAll(recovered, [.. written.Select(records => records[..^1])], where);
}
