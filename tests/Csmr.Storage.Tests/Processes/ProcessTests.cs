using System.ComponentModel;
using System.Diagnostics;
using Csmr.Storage.Snapshots;

namespace Csmr.Storage.Tests.Processes;

/// <summary>Real processes on real files: killed at any time, or with a disk that fails under them (a preloaded library).</summary>
public sealed class ProcessTests(ITestOutputHelper output) : IDisposable
{
    private const string Errno = "FAULT_ERRNO";
    private const string InputOutputError = "5";
    private const string NoSpace = "28";

    private readonly string _root = Directory.CreateTempSubdirectory("csmr-storage-").FullName;
    private readonly int[] _acknowledged = new int[JournalChild.WriterCount];

    private string Data => Path.Combine(_root, "data");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task KilledProcess_ManyTimes_LosesNothingAcknowledgedAndReleasesTheLock()
    {
        foreach (var killAfterLines in (int[])[1, 50, 333, 1000, 2500])
        {
            using var child = JournalChild.Start(Data);
            Assert.Null(await ReadToEndAsync(child, killAfterLines));
            await RequireAcknowledgedAsync();
        }

        output.WriteLine($"{_acknowledged.Sum()} acknowledged records");
    }

    [Fact]
    public async Task RunningProcess_HasTheDirectory_ASecondIsRefused()
    {
        using var first = JournalChild.Start(Data);
        Assert.Equal("open", await first.StandardOutput.ReadLineAsync());
        using var second = JournalChild.Start(Data);
        Assert.Contains("another process uses it", await ReadToEndAsync(second), StringComparison.Ordinal);
        await ReadToEndAsync(first, killAfterLines: 0);
    }

    /// <summary>
    /// The runtime's own flush reports success here. That this one does not is shown with a library that is found before the
    /// system's: were the call bound to the system's library, or its result not looked at, the child would not fail.
    /// </summary>
    [Theory]
    [InlineData("FAULT_SYNC_AFTER", "100", InputOutputError, "fdatasync")]
    [InlineData("FAULT_SYNC_AFTER", "100", NoSpace, "fdatasync")]
    [InlineData("FAULT_WRITE_AFTER", "100", InputOutputError, "Input/output error")]
    [InlineData("FAULT_WRITE_AFTER", "100", NoSpace, "No space left on device")]
    public async Task FailingDisk_EndsTheJournal_AndWhatWasAcknowledgedIsThere(string fault, string after, string errno, string expected)
    {
        using var child = JournalChild.Start(Data, ("LD_PRELOAD", await CompileFaultsAsync()), (fault, after), (Errno, errno));
        var end = await ReadToEndAsync(child);
        Assert.StartsWith("failed", end, StringComparison.Ordinal);
        Assert.Contains(expected, end, StringComparison.Ordinal);
        Assert.True(_acknowledged.Sum() > 0, "the disk failed only after a while");
        await RequireAcknowledgedAsync();
    }

    [Theory]
    [InlineData("FAULT_SYNC_AFTER", "1", "fdatasync")]
    [InlineData("FAULT_DIRECTORY_SYNC", "1", "fsync")]
    public async Task FailingDisk_WhileTheDirectoryIsMade_RefusesToOpen(string fault, string value, string expected)
    {
        using var child = JournalChild.Start(Data, ("LD_PRELOAD", await CompileFaultsAsync()), (fault, value), (Errno, InputOutputError));
        var end = await ReadToEndAsync(child);
        Assert.StartsWith("refused", end, StringComparison.Ordinal);
        Assert.Contains(expected, end, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ShortWrites_AreCompleted()
    {
        using var child = JournalChild.Start(Data, ("LD_PRELOAD", await CompileFaultsAsync()), ("FAULT_SHORT_WRITES", "1"));
        Assert.Null(await ReadToEndAsync(child, killAfterLines: 500));
        await RequireAcknowledgedAsync();
    }

    [Fact]
    public async Task KilledProcess_WhileItSavesSnapshots_KeepsTheLastThatItAnsweredFor()
    {
        foreach (var killAfterLines in (int[])[2, 20, 63, 90])
        {
            using var child = JournalChild.Start(SnapshotChild.Verb, Data, []);
            var saved = await ReadSnapshotsAsync(child, killAfterLines);
            Assert.DoesNotContain(saved, static line => line.StartsWith("failed", StringComparison.Ordinal));
            RequireSnapshot(saved);
        }
    }

    [Theory]
    [InlineData("FAULT_SYNC_AFTER", "30", InputOutputError, "fdatasync")]
    [InlineData("FAULT_WRITE_AFTER", "300", NoSpace, "No space left on device")]
    public async Task FailingDisk_EndsEachSnapshot_AndTheLastGoodOneIsThere(string fault, string after, string errno, string expected)
    {
        using var child = JournalChild.Start(SnapshotChild.Verb, Data, [("LD_PRELOAD", await CompileFaultsAsync()), (fault, after), (Errno, errno)]);
        var saved = await ReadSnapshotsAsync(child, killAfterLines: int.MaxValue);
        var failed = saved.Where(static line => line.StartsWith("failed", StringComparison.Ordinal)).ToList();
        Assert.True(failed.Count is > 100 and < 400, "the disk failed only after a while");
        Assert.All(failed, line => Assert.Contains(expected, line, StringComparison.Ordinal));
        Assert.Equal("ended", saved[^1]);
        RequireSnapshot(saved);
        Assert.Equal(2, Directory.GetFiles(Path.Combine(Data, "snapshots")).Length);
    }

    private static async Task<List<string>> ReadSnapshotsAsync(Process child, int killAfterLines)
    {
        var lines = new List<string>();
        while (await child.StandardOutput.ReadLineAsync() is { } line)
        {
            lines.Add(line);
            if (lines.Count == killAfterLines)
            {
                child.Kill();
            }
        }

        await child.WaitForExitAsync();
        return lines;
    }

    private void RequireSnapshot(List<string> lines)
    {
        var warnings = new List<string>();
        var store = SnapshotStore.Open(SnapshotChild.OptionsFor(Data) with { OnWarning = warnings.Add });
        var answered = lines.Where(static line => line.StartsWith("saved", StringComparison.Ordinal)).Select(static line => int.Parse(line["saved ".Length..])).LastOrDefault();
        var found = store.Find(SnapshotChild.Group);
        Assert.True(found is not null || answered == 0, $"the snapshot at {answered} is gone");
        Assert.InRange(found?.Slot.Number ?? 0, answered, answered + 1);
        Assert.True(found is null || store.Load(found.Value).Span.SequenceEqual(SnapshotChild.Content(found.Value.Slot)));
        Assert.Empty(warnings);
        Assert.DoesNotContain(Directory.GetFiles(Path.Combine(Data, "snapshots")), static path => path.EndsWith(".tmp", StringComparison.Ordinal));
    }

    // Notes all acknowledgements, also those said before the kill and read after it. Returns the last line if it is no acknowledgement.
    private async Task<string?> ReadToEndAsync(Process child, int killAfterLines = int.MaxValue)
    {
        string? end = null;
        if (killAfterLines == 0)
        {
            child.Kill();
        }

        while (await child.StandardOutput.ReadLineAsync() is { } line)
        {
            var words = line.Split(' ');
            if (words is ["ack", var writer, var count])
            {
                _acknowledged[int.Parse(writer)] = int.Parse(count);
            }
            else if (words[0] != "open")
            {
                end = line;
            }

            if (--killAfterLines == 0)
            {
                child.Kill();
            }
        }

        await child.WaitForExitAsync();
        return end;
    }

    private async Task RequireAcknowledgedAsync()
    {
        await using var journal = SegmentedJournal.Open(JournalChild.OptionsFor(Data));
        for (var writer = 0; writer < _acknowledged.Length; writer++)
        {
            var recovered = journal.Recover(JournalChild.Group(writer));
            Assert.InRange(recovered.Count, _acknowledged[writer], _acknowledged[writer] + 1);
            var number = writer;
            Journals.RequireEqual(recovered, [.. Enumerable.Range(0, recovered.Count).Select(index => JournalChild.Record(number, index))]);
            _acknowledged[writer] = recovered.Count;
        }
    }

    private async Task<string> CompileFaultsAsync()
    {
        var library = Path.Combine(_root, "faults.so");
        try
        {
            using var compiler = Process.Start("gcc", ["-shared", "-fPIC", "-O1", "-o", library, Path.Combine(AppContext.BaseDirectory, "Processes", "faults.c"), "-ldl"]);
            await compiler.WaitForExitAsync();
            Assert.Equal(0, compiler.ExitCode);
        }
        catch (Win32Exception)
        {
            Assert.Skip("needs gcc");
        }

        return library;
    }
}
