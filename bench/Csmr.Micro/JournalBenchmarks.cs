using BenchmarkDotNet.Attributes;
using Csmr.Replication.Paxos;
using Csmr.Replication.Ports;
using Csmr.Storage;

namespace Csmr.Micro;

/// <summary>The write-ahead log on the disk of the folder for temporary files: appended and flushed.</summary>
[MemoryDiagnoser]
public class JournalBenchmarks
{
    private const int RecordBytes = 200;

    private static readonly GroupId Group = new("group");

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("csmr-micro-");
    private SegmentedJournal _journal = null!;
    private JournalRecord[] _records = [];

    /// <summary>Records that are appended together.</summary>
    [Params(1, 64)]
    public int Records { get; set; }

    /// <summary>Opens it.</summary>
    [GlobalSetup]
    public void Open()
    {
        _journal = SegmentedJournal.Open(new JournalOptions { Directory = Path.Combine(_directory.FullName, Guid.NewGuid().ToString("N")), Cluster = "micro", Node = "n1" });
        _journal.Recover(Group);
        _records = [.. Enumerable.Range(1, Records).Select(number => new JournalRecord(JournalRecordKind.Accepted, new Ballot(1, new ReplicaId(0)), new Slot(number), new byte[RecordBytes]))];
    }

    /// <summary>Appends, and waits until it is durable.</summary>
    /// <returns>Completes when it is.</returns>
    [Benchmark]
    public Task AppendDurablyAsync() => _journal.AppendAsync(Group, _records);

    /// <summary>Closes it and removes its files.</summary>
    /// <returns>Completes when they are gone.</returns>
    [GlobalCleanup]
    public async Task CloseAsync()
    {
        await _journal.DisposeAsync();
        _directory.Delete(recursive: true);
    }
}
