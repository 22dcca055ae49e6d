using System.Diagnostics;
using System.Globalization;
using System.Text;
using Csmr.Chaos.Clusters;
using Csmr.Chaos.Processes;

namespace Csmr.Load.Storage;

/// <summary>What is measured.</summary>
/// <param name="Keys">How many keys there are, of 100 bytes each.</param>
/// <param name="Clients">How many clients put at once.</param>
/// <param name="SnapshotMib">MiB of journal behind which replicas take snapshots.</param>
/// <param name="Limit">How long they have to take some under load.</param>
public sealed record StorageOptions(int Keys, int Clients, int SnapshotMib, TimeSpan Limit);

/// <summary>
/// What durability costs and how fast replicas are back: three replica processes and a gateway with one kv group, restarted with its whole
/// log and from a snapshot, without its snapshot, and under load while snapshots are taken; and three processes of etcd on the same data.
/// </summary>
public sealed class StorageFigures
{
    private const int ValueBytes = 100;
    private const int SpansMin = 3;
    private const int Loaders = 128;

    private const string Kept = "bytes on its disk for each key: snapshot, and the log's files with what is kept ready";
    private const string Restart = "restart from a snapshot, s (of the processors)";
    private const string Lost = "replica whose disk was emptied, under load: from its start until it is replaced, has caught up and votes, s (of the processors)";
    private const int NoSnapshotsMib = 1 << 20;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private readonly StorageOptions _options;
    private readonly ChaosCluster _cluster;
    private readonly Action<string> _log;
    private readonly IReadOnlyDictionary<string, string> _etcd;
    private readonly List<(string What, string Csmr)> _rows = [];

    private StorageFigures(StorageOptions options, ChaosCluster cluster, IReadOnlyDictionary<string, string> etcd, Action<string> log) =>
        (_options, _cluster, _etcd, _log) = (options, cluster, etcd, log);

    private Uri Url => _cluster.Gateways[0].Url!;

    /// <summary>Measures.</summary>
    /// <param name="options">What.</param>
    /// <param name="log">Is told what is done.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>A table in Markdown.</returns>
    public static async Task<string> MeasureAsync(StorageOptions options, Action<string> log, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(log);
        var loadBefore = LoadAverage();
        var setup = new ChaosClusterOptions { Gateways = 1, IsArchived = false, Manifest = Manifest, SnapshotJournalMib = NoSnapshotsMib, Log = log };
        var version = EtcdCluster.WhyNot ?? await EtcdCluster.VersionAsync();
        var etcd = EtcdCluster.WhyNot is null ? await MeasureEtcdAsync(options, log) : new Dictionary<string, string>(StringComparer.Ordinal);
        await using var cluster = await ChaosCluster.StartAsync(setup, cancellationToken);
        var figures = new StorageFigures(options, cluster, etcd, log);
        await figures.MeasureAsync(cancellationToken);
        return figures.Table(version, loadBefore);
    }

    private static async Task<Dictionary<string, string>> MeasureEtcdAsync(StorageOptions options, Action<string> log)
    {
        log("etcd ...");
        await using var etcd = await EtcdCluster.StartAsync();
        await etcd.PutAllAsync(options.Keys, Pair);
        var rows = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [Kept] = PerKey(etcd.DiskBytes(), options),
            [Restart] = $"{await etcd.RestartAsync()}",
            [Lost] = $"{await etcd.ReplaceAsync()}",
        };
        log(string.Join(Environment.NewLine, rows.Select(static row => $"{row.Key}: {row.Value}")));
        return rows;
    }

    private static string Manifest(IReadOnlyList<string> nodes) => $$"""
        apiVersion: csmr/v1
        kind: Composition
        metadata: {name: storage, version: 1}
        nodes: [{{string.Join(", ", nodes)}}]
        defaults: {f: 1, durability: fsync}
        services:
          store: {machine: kv}
        expose: [store]

        """;

    // The same data for both: what looks like text and does not compress to nothing.
    private static (string Key, string Value) Pair(int number)
    {
        var random = new Random(number);
        return ($"key-{number:d7}", string.Create(ValueBytes, random, static (text, random) => random.GetItems("abcdefghijklmnopqrstuvwxyz0123456789", text)));
    }

    private async Task MeasureAsync(CancellationToken cancellationToken)
    {
        Add("replica without data: from its start until it takes part, s (of the processors)", $"{await RestartAsync(static _ => { }, cancellationToken)}");

        var follower = await FollowerAsync(cancellationToken);
        var written = Disk.WrittenBytesOf(follower.Process!.Id);
        await SteadyPuts.PutAllAsync(Url, Loaders, _options.Keys, Pair, _log);
        await UntilAppliedAsync(follower, await ChosenAsync(cancellationToken), cancellationToken);
        Add("bytes written to files for each put, by one replica: log, marks, and the zeros that segments are filled with", PerKey(Disk.WrittenBytesOf(follower.Process!.Id) - written, _options));
        Add("bytes on its disk for each key: the log of one put each", PerKey(Disk.BytesOf(follower.Directory), _options));
        Add("restart that replays the whole log: from the start until all is applied, s (of the processors)", $"{await RestartAsync(static _ => { }, cancellationToken)}");

        await TakeSnapshotsAsync(cancellationToken);
        Add(Restart, $"{await RestartAsync(static _ => { }, cancellationToken)}");
        Add(Kept, PerKey(Disk.BytesOf(follower.Directory), _options));
        await MeasureUnderLoadAsync(cancellationToken);
    }

    /// <summary>From now on the replicas take snapshots: each is started again, and finds that its log has become long.</summary>
    private async Task TakeSnapshotsAsync(CancellationToken cancellationToken)
    {
        _cluster.Options.SnapshotJournalMib = _options.SnapshotMib;
        _log("snapshots ...");
        foreach (var replica in _cluster.Replicas)
        {
            await replica.TerminateAsync();
            await replica.StartAsync();
            await _cluster.WaitWholeAsync(Patience, cancellationToken);
            await UntilAsync(() => HasSnapshotAsync(replica), $"{replica.Name} has a snapshot", cancellationToken);
        }

        _log("each replica has a snapshot");
    }

    private async Task MeasureUnderLoadAsync(CancellationToken cancellationToken)
    {
        await using var watch = new ReplicaWatch(_cluster.Replicas);
        await using var load = new SteadyPuts(Url, _options.Clients, _options.Keys, Pair);
        var begun = Stopwatch.StartNew();
        while (watch.Spans.Count < SpansMin && begun.Elapsed < _options.Limit)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken); // pause: replicas take snapshots when their logs have grown
        }

        HarnessException.Require(watch.Spans.Count > 0, () => $"no snapshot was taken within {_options.Limit}");
        var (away, from, to) = await LoseDiskAsync(cancellationToken);
        await Task.Delay(TimeSpan.FromSeconds(5), cancellationToken); // pause: calls after it
        var puts = await load.StopAsync();
        TellLatencies(puts, watch.Spans, from, to);
        TellMemory(watch.Spans);
        Add(Lost, $"{away}");
        Add("p99 of puts meanwhile, ms", Number(SteadyPuts.QuantileMs(puts.Where(put => put.From < to && put.To > from), 0.99)));
    }

    /// <summary>A follower whose disk was emptied does not vote: it is removed, and its node gets a new replica.</summary>
    private async Task<(BackTime Away, long From, long To)> LoseDiskAsync(CancellationToken cancellationToken)
    {
        var follower = await FollowerAsync(cancellationToken);
        var group = await GroupAsync(cancellationToken);
        await follower.TerminateAsync();
        Directory.Delete(follower.Directory, recursive: true);
        var goal = await ChosenAsync(cancellationToken);
        var from = Stopwatch.GetTimestamp();
        await follower.StartAsync();
        var lost = (await _cluster.GroupAsync(group.Group, cancellationToken)).Replicas.Single(replica => replica.Node == follower.Name);
        await Replacement.RunAsync(_cluster, group.Group, lost, Patience, cancellationToken);
        await UntilAppliedAsync(follower, goal, cancellationToken);
        var took = new BackTime(Stopwatch.GetElapsedTime(from), Disk.CpuOf(follower.Process!.Id));
        await _cluster.WaitWholeAsync(Patience, cancellationToken);
        return (took, from, Stopwatch.GetTimestamp());
    }

    private void TellLatencies(IReadOnlyList<(long From, long To)> puts, IReadOnlyList<SnapshotSpan> spans, long lostFrom, long lostTo)
    {
        var ordinary = puts.Where(put => put.To < lostFrom || put.From > lostTo).ToLookup(put => spans.Any(span => put.From < span.To && put.To > span.From));
        var (outside, inside) = (SteadyPuts.QuantileMs(ordinary[false], 0.99), SteadyPuts.QuantileMs(ordinary[true], 0.99));
        Add($"p99 of puts while no replica writes a snapshot, ms ({ordinary[false].Count():N0} puts)", Number(outside));
        Add($"p99 of puts while one does, ms ({ordinary[true].Count():N0} puts)", Number(inside));
        Add("the second to the first (wanted: at most 1.5)", Number(inside / outside));
        Add("median of both, ms", $"{Number(SteadyPuts.QuantileMs(ordinary[false], 0.5))}, {Number(SteadyPuts.QuantileMs(ordinary[true], 0.5))}");
    }

    private void TellMemory(IReadOnlyList<SnapshotSpan> spans)
    {
        var worst = spans.Where(static span => span.BeforeBytes > 0).MaxBy(static span => (double)span.PeakBytes / span.BeforeBytes)!;
        Add($"writing a snapshot, s (the longest of {spans.Count})", Seconds(spans.Max(static span => Stopwatch.GetElapsedTime(span.From, span.To))));
        Add("a process's memory before a snapshot and at its peak, MiB", string.Create(CultureInfo.InvariantCulture, $"{worst.BeforeBytes >> 20}, {worst.PeakBytes >> 20}"));
        Add("the second to the first (wanted: below 1.3)", Number((double)worst.PeakBytes / worst.BeforeBytes));
    }

    /// <summary>Stops a follower in order and starts it again.</summary>
    /// <returns>The time from its start until it has applied what was chosen when it was started.</returns>
    private async Task<BackTime> RestartAsync(Action<ChaosMember> beforeStart, CancellationToken cancellationToken)
    {
        var follower = await FollowerAsync(cancellationToken);
        await follower.TerminateAsync();
        beforeStart(follower);
        var goal = await ChosenAsync(cancellationToken);
        var watch = Stopwatch.StartNew();
        await follower.StartAsync();
        await UntilAppliedAsync(follower, goal, cancellationToken);
        var took = new BackTime(watch.Elapsed, Disk.CpuOf(follower.Process!.Id));
        await _cluster.WaitWholeAsync(Patience, cancellationToken);
        _log($"{follower.Name} is back after {took} s");
        return took;
    }

    private async Task<ChaosMember> FollowerAsync(CancellationToken cancellationToken)
    {
        await _cluster.WaitWholeAsync(Patience, cancellationToken);
        var leader = (await GroupAsync(cancellationToken)).Leader;
        return _cluster.Replicas.Last(replica => replica.Name != leader);
    }

    private Task UntilAppliedAsync(ChaosMember member, long slot, CancellationToken cancellationToken) => UntilAsync(
        async () => (await GroupAsync(cancellationToken)).Replicas.Any(replica => replica.Node == member.Name && replica is { IsReachable: true } && replica.AppliedUpTo >= slot),
        $"{member.Name} has applied slot {slot}",
        cancellationToken);

    private async Task<long> ChosenAsync(CancellationToken cancellationToken) => (await GroupAsync(cancellationToken)).Replicas.Max(static replica => replica.ChosenUpTo);

    private async Task<GroupView> GroupAsync(CancellationToken cancellationToken) => (await _cluster.GroupsAsync(cancellationToken)).Single();

    private static Task<bool> HasSnapshotAsync(ChaosMember replica) =>
        Task.FromResult(Directory.EnumerateFiles(Path.Combine(replica.Directory, "snapshots"), "*.snapshot").Any());

    private static async Task UntilAsync(Func<Task<bool>> condition, string what, CancellationToken cancellationToken) =>
        HarnessException.Require(await Wait.UntilAsync(Patience, condition, cancellationToken), () => $"within {Patience}: {what}");

    private void Add(string what, string figure)
    {
        _rows.Add((what, figure));
        _log($"{what}: {figure}");
    }

    private static string PerKey(long bytes, StorageOptions options) => Number((double)bytes / options.Keys, 0);

    private static string Seconds(TimeSpan time) => Number(time.TotalSeconds, 1);

    private static string Number(double number, int digits = 2) => number.ToString($"F{digits}", CultureInfo.InvariantCulture);

    private string Table(string etcd, string loadBefore)
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"| {_options.Keys:N0} keys, values of {ValueBytes} bytes | CSMR | etcd {etcd} |").AppendLine("|---|--:|--:|");
        _rows.ForEach(row => text.AppendLine(CultureInfo.InvariantCulture, $"| {row.What} | {row.Csmr} | {_etcd.GetValueOrDefault(row.What)} |"));
        text.AppendLine().AppendLine(string.Create(CultureInfo.InvariantCulture, $"""
            Measured {DateTime.UtcNow:yyyy-MM-dd}. Three replicas of one group, a process each, and all else (gateway, database of the membership, {_options.Clients} clients over REST, one key a
            call) on one machine of {Environment.ProcessorCount} cores, .NET {Environment.Version}. The load average was {loadBefore} before and {LoadAverage()} after. Starts include that of the process. The
            emptied member of etcd was removed and added again too, and nobody wrote meanwhile. etcd was filled by transactions of 100 puts, CSMR by single ones of {Loaders} clients.
            """));
        return text.ToString();
    }

    private static string LoadAverage() => string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ').Take(2));
}
