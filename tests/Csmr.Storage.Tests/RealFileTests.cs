using System.Buffers;
using Csmr.Replication.Ports;
using Csmr.Storage.Files;
using Csmr.Storage.Format;
using Csmr.Storage.Snapshots;
using Csmr.Storage.Writing;

namespace Csmr.Storage.Tests;

/// <summary>
/// Real files, damaged at every boundary of a batch and of a record: cut, flipped, torn, missing, copied from elsewhere. Nothing
/// acknowledged is lost in silence: what is found says the file, the byte and what to do, and nothing is changed.
/// </summary>
public sealed class RealFileTests : IDisposable
{
    private const int RecordsPerBatch = 3;

    private static readonly GroupId Group = new("events");

    private readonly string _root = Directory.CreateTempSubdirectory("csmr-storage-").FullName;
    private readonly List<JournalRecord> _written = [];

    private string Data => Path.Combine(_root, "data");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void FlippedByte_OnEitherSideOfEveryBoundary_IsRefusedAndNothingIsChanged()
    {
        Write(batches: 14, isClosed: true);
        foreach (var (path, boundaries, end) in Segments())
        {
            foreach (var offset in boundaries.SelectMany(static boundary => new[] { boundary - 1, boundary }).Where(offset => offset < end).Distinct())
            {
                Flip(path, offset);
                RequireCorrupt(path);
                Flip(path, offset);
            }
        }

        RequireRecovered(_written);
    }

    [Fact]
    public void Segment_CutAtEveryBoundaryOrMissing_IsRefusedAndNothingIsChanged()
    {
        Write(batches: 14, isClosed: true);
        foreach (var (path, boundaries, _) in Segments())
        {
            var whole = File.ReadAllBytes(path);
            foreach (var boundary in boundaries)
            {
                File.WriteAllBytes(path, whole[..boundary]);
                RequireCorrupt(path);
            }

            File.WriteAllBytes(path, whole);
        }

        foreach (var (path, _, _) in Segments().SkipLast(1))
        {
            File.Move(path, path + ".away");
            RequireCorrupt(path);
            File.Move(path + ".away", path);
        }

        RequireRecovered(_written);
    }

    [Fact]
    public void LastBatch_TornAtEveryBoundary_IsCutWithAWarning_AndNothingElse()
    {
        Write(batches: 14, isClosed: false);
        var (path, boundaries, end) = Segments()[^1];
        var whole = File.ReadAllBytes(path);
        var files = ReadAll();
        var start = boundaries.Last(boundary => boundary % BatchFrame.SectorBytes == 0 && boundary < end);
        var acknowledged = _written.SkipLast(RecordsPerBatch).ToList();
        foreach (var boundary in boundaries.Where(boundary => boundary >= start))
        {
            byte[] torn = [.. whole];
            torn.AsSpan(boundary, end - boundary).Clear();
            WriteAll(files);
            File.WriteAllBytes(path, torn);
            var isWhole = torn.AsSpan().SequenceEqual(whole);
            var warnings = RequireRecovered(isWhole ? _written : acknowledged);
            if (!isWhole && boundary > start)
            {
                var warning = Assert.Single(warnings);
                Assert.Contains(Data, warning, StringComparison.Ordinal);
                Assert.Contains($"byte {start}. Nothing of it was acknowledged", warning, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void Directory_CopiedFromAnotherReplica_IsRefused_AndSoIsItsJournalUnderTheOwnIdentity()
    {
        Write(batches: 14, isClosed: true);
        var foreign = Options() with { Node = "n1" };
        var refused = Assert.Throws<DataDirectoryException>(() => SegmentedJournal.Open(foreign));
        Assert.Equal(DataDirectoryProblem.OtherNode, refused.Problem);
        Assert.Contains("it belongs to node 'n0', not 'n1'", refused.Message, StringComparison.Ordinal);

        var copied = ReadAll();
        Directory.Delete(Data, recursive: true);
        RoundTripTests.Close(SegmentedJournal.Open(foreign, new LinuxFileSystem(), isThreaded: false));
        copied["identity"] = ReadAll()["identity"];
        WriteAll(copied);
        var before = ReadAll();
        var corrupt = Assert.Throws<JournalCorruptException>(() => SegmentedJournal.Open(foreign));
        Assert.EndsWith(SegmentFile.NameOf(1), corrupt.File, StringComparison.Ordinal);
        RequireUnchanged(before);
    }

    [Fact]
    public async Task Snapshot_DamagedOrCutAtEveryBoundaryOrMissing_IsReportedAndTheOneBeforeIsFound()
    {
        var options = new SnapshotStoreOptions { Directory = Data, Cluster = "demo", FrameBytes = 700 };
        Directory.CreateDirectory(Data);
        var store = SnapshotStore.Open(options);
        await store.SaveAsync(Group, new Slot(5), static output => output.Write(new byte[3000]));
        await store.SaveAsync(Group, new Slot(9), static output => output.Write(new byte[3000]));
        await store.DisposeAsync();
        var files = ReadAll();
        var path = Path.Combine(Data, "snapshots", "events@9.snapshot");
        var whole = File.ReadAllBytes(path);
        List<int> boundaries = [0, SnapshotHeader.Bytes];
        while (boundaries[^1] < whole.Length)
        {
            var content = (int)SnapshotFrame.SizeOf(whole.AsSpan(boundaries[^1]));
            boundaries.Add(boundaries[^1] + SnapshotFrame.HeaderBytes + (content == 0 ? SnapshotFrame.ClosingBytes : content));
        }

        Assert.True(boundaries.Count > 6);
        foreach (var boundary in boundaries.SkipLast(1))
        {
            await RequireOlderAsync(options, path, "at byte", whole[..boundary]);
            byte[] flipped = [.. whole];
            flipped[boundary] ^= 1;
            await RequireOlderAsync(options, path, "at byte", flipped);
            WriteAll(files);
        }

        File.Delete(path);
        await using var without = SnapshotStore.Open(options);
        Assert.Equal(new Slot(5), without.Find(Group)?.Slot);
    }

    private static async Task RequireOlderAsync(SnapshotStoreOptions options, string path, string where, byte[] damaged)
    {
        File.WriteAllBytes(path, damaged);
        List<string> warnings = [];
        await using var store = SnapshotStore.Open(options with { OnWarning = warnings.Add });
        Assert.Equal(new Slot(5), store.Find(Group)?.Slot);
        var warning = Assert.Single(warnings);
        Assert.Contains(path, warning, StringComparison.Ordinal);
        Assert.Contains(where, warning, StringComparison.Ordinal);
        Assert.Contains("the replica gets one from its peers", warning, StringComparison.Ordinal);
        Assert.Equal(damaged, File.ReadAllBytes(path + ".damaged"));
    }

    private JournalOptions Options() => Journals.Small with { Directory = Data };

    // Without a thread of its own the journal writes no mark while it is idle: it is as a process leaves it that is killed at once.
    private void Write(int batches, bool isClosed)
    {
        var journal = SegmentedJournal.Open(Options(), new LinuxFileSystem(), isThreaded: false);
        journal.Recover(Group);
        for (var batch = 0; batch < batches; batch++)
        {
            var records = Enumerable.Range(0, RecordsPerBatch).Select(record => Journals.Record((batch * RecordsPerBatch) + record, 150 + (record * 190))).ToArray();
            _written.AddRange(records);
            var durable = journal.AppendAsync(Group, records);
            Assert.True(journal.WriteQueued() && durable.IsCompletedSuccessfully);
        }

        var files = ReadAll();
        RoundTripTests.Close(journal);
        if (!isClosed)
        {
            WriteAll(files);
        }
    }

    /// <summary>The segments with records: where their batches and records begin and end, and where the last batch ends.</summary>
    private List<(string Path, List<int> Boundaries, int End)> Segments()
    {
        var identity = JournalIdentity.TryDecode(File.ReadAllBytes(Path.Combine(Data, "identity")))!;
        List<(string Path, List<int> Boundaries, int End)> segments = [];
        var found = 0;
        for (var number = 1L; File.Exists(Path.Combine(Data, SegmentFile.NameOf(number))); number++)
        {
            var path = Path.Combine(Data, SegmentFile.NameOf(number));
            var image = File.ReadAllBytes(path);
            List<int> boundaries = [SegmentHeader.Bytes];
            while (BatchFrame.TryRead(image, new BatchPlace(identity.Journal, number, boundaries[^1]), out var header) && header.Kind == BatchKind.Records)
            {
                var (start, end) = (boundaries[^1], boundaries[^1] + header.FrameBytes);
                foreach (var record in _written)
                {
                    // A record ends with its payload, which is like no other.
                    var at = image.AsSpan(start, header.FrameBytes).IndexOf(record.Payload.Span);
                    if (at >= 0)
                    {
                        found++;
                        boundaries.AddRange([start + at, start + at + record.Payload.Length]);
                    }
                }

                boundaries.Add(end);
            }

            if (boundaries.Count > 1)
            {
                segments.Add((path, [.. boundaries.Distinct().Order()], boundaries[^1]));
            }
        }

        Assert.True(segments.Count >= 3);
        Assert.Equal(_written.Count, found);
        return segments;
    }

    private void RequireCorrupt(string path)
    {
        var before = ReadAll();
        var corrupt = Assert.Throws<JournalCorruptException>(() => SegmentedJournal.Open(Options()));
        Assert.Equal(path, corrupt.File);
        Assert.Contains($"{path} at byte {corrupt.Offset}: ", corrupt.Message, StringComparison.Ordinal);
        Assert.Contains("start with an empty one and let the replicas be replaced", corrupt.Message, StringComparison.Ordinal);
        RequireUnchanged(before);
    }

    private List<string> RequireRecovered(IReadOnlyList<JournalRecord> expected)
    {
        List<string> warnings = [];
        var journal = SegmentedJournal.Open(Options() with { OnWarning = warnings.Add }, new LinuxFileSystem(), isThreaded: false);
        Journals.RequireEqual(journal.Recover(Group), expected);
        RoundTripTests.Close(journal);
        return warnings;
    }

    private void RequireUnchanged(Dictionary<string, byte[]> before)
    {
        var after = ReadAll();
        Assert.Equal(before.Keys.Order(), after.Keys.Order());
        Assert.All(before, file => Assert.True(file.Value.AsSpan().SequenceEqual(after[file.Key]), $"{file.Key} is as it was"));
    }

    private static void Flip(string path, int offset)
    {
        using var file = File.Open(path, FileMode.Open);
        file.Position = offset;
        var value = file.ReadByte();
        file.Position = offset;
        file.WriteByte((byte)(value ^ 0x10));
    }

    // All but the lock: that is empty, and a process that has it keeps even readers out.
    private Dictionary<string, byte[]> ReadAll() => Directory.GetFiles(Data, "*", SearchOption.AllDirectories)
        .Where(static path => Path.GetFileName(path) != "lock")
        .ToDictionary(path => Path.GetRelativePath(Data, path), File.ReadAllBytes);

    private void WriteAll(Dictionary<string, byte[]> files)
    {
        foreach (var stale in ReadAll().Keys.Except(files.Keys))
        {
            File.Delete(Path.Combine(Data, stale));
        }

        foreach (var (name, bytes) in files)
        {
            File.WriteAllBytes(Path.Combine(Data, name), bytes);
        }
    }
}
