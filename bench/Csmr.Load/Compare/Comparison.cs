using System.Diagnostics;
using System.Globalization;
using Csmr.Load.Compare.Systems;

namespace Csmr.Load.Compare;

/// <summary>The parts of the comparison, each with its systems.</summary>
public sealed class Comparison
{
    private readonly Contest _contest;
    private readonly Results _results;
    private readonly Action<string> _log;
    private readonly CancellationToken _cancellation;

    private Comparison(Contest contest, Results results, Action<string> log, CancellationToken cancellation) =>
        (_contest, _results, _log, _cancellation) = (contest, results, log, cancellation);

    /// <summary>The parts.</summary>
    public static IReadOnlyList<string> Parts { get; } = ["http", "native", .. OwnComparison.Parts];

    /// <summary>Measures, and writes the results after each part.</summary>
    /// <param name="options">How.</param>
    /// <param name="parts">What.</param>
    /// <param name="folder">Where the results go.</param>
    /// <param name="log">Is told what is done.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>Completes when all is measured.</returns>
    public static async Task RunAsync(ContestOptions options, IReadOnlyList<string> parts, string folder, Action<string> log, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(parts);
        ArgumentNullException.ThrowIfNull(log);
        var file = Path.Combine(folder, "results.json");
        var results = Results.Read(file);
        results.Cells.RemoveAll(cell => parts.Contains(cell.Section));
        results.Figures.RemoveAll(figure => parts.Contains(figure.Section));
        var comparison = new Comparison(new Contest(options, await Machine.FindAsync(), results, log), results, log, cancellation);
        var watch = Stopwatch.StartNew();
        foreach (var part in parts)
        {
            var before = Machine.LoadAverage;
            var begun = watch.Elapsed;
            await comparison.MeasureAsync(part);
            results.Conditions[part] = string.Create(
                CultureInfo.InvariantCulture,
                $"{DateTime.UtcNow:yyyy-MM-dd HH:mm} UTC, {(watch.Elapsed - begun).TotalMinutes:F1} minutes, {options.Pairs} rounds of {options.Time.TotalSeconds:0.##} s; load average {before} before, {Machine.LoadAverage} after");
            results.Write(file);
            Report.Write(results, folder);
        }
    }

    private Task MeasureAsync(string part) => part switch
    {
        "http" => HttpAsync(),
        "native" => NativeAsync(),
        _ => new OwnComparison(_contest, _results, _log, _cancellation).MeasureAsync(part),
    };

    private async Task HttpAsync()
    {
        await using var csmr = await CsmrSystem.StartAsync(CsmrSystem.Plain, _log, cancellationToken: _cancellation);
        await using var etcd = await EtcdSystem.StartAsync();
        await using var raft = await ServedSystem.RaftAsync();
        await using var echo = await ServedSystem.EchoAsync();
        await using var commit = await ServedSystem.CommitAsync();
        await using var ours = new CsmrHttp(csmr.Url);
        await using var theirs = new EtcdHttp(etcd.Urls);
        await using var replicas = new CsmrHttp(raft.Url, raft.Name);
        await using var bare = new CsmrHttp(echo.Url, SideResult.Limit + echo.Name);
        await using var durable = new CsmrHttp(commit.Url, SideResult.Limit + commit.Name);
        Side[] both = [new Side(ours, csmr), new Side(theirs, etcd)];
        await PrepareAsync(both, Loads.Put, Loads.Get, Loads.Lock);
        await PrepareAsync([new Side(replicas, raft)], Loads.Put, Loads.Get);
        await PrepareAsync([new Side(bare, echo), new Side(durable, commit)], Loads.Put);
        await _contest.MeasureAsync("http", Loads.Put, [.. both, new Side(replicas, raft), new Side(durable, commit), new Side(bare, echo)]);
        await _contest.MeasureAsync("http", Loads.Get, [.. both, new Side(replicas, raft)]);
        await _contest.MeasureAsync("http", Loads.YcsbA, both);
        await _contest.MeasureAsync("http", Loads.YcsbB, both);
        await _contest.MeasureAsync("http", Loads.Lock, both);
    }

    private async Task NativeAsync()
    {
        await using var csmr = await CsmrSystem.StartAsync(CsmrSystem.Plain, _log, cancellationToken: _cancellation);
        await using var etcd = await EtcdSystem.StartAsync();
        await using var keeper = ZooKeeperSystem.WhyNot is null ? await ZooKeeperSystem.StartAsync() : null;
        await using var silos = await TwoSilos.StartAsync();
        await using var disk = new RawDisk();
        await using var ours = new CsmrOrleans(await csmr.ConnectToLeaderAsync("store"), "CSMR");
        await using var theirs = new EtcdGrpc("etcd", etcd.Urls);
        await using var nodes = keeper is null ? null : new ZooKeeperTarget(keeper.LeaderPort);
        await using var bare = new PutTarget("Orleans call between two silos", silos.CallAsync);
        await using var raw = new PutTarget("fdatasync of one sector", disk.WriteAsync);
        Side[] both = [new Side(ours, csmr), new Side(theirs, etcd)];
        Side[] all = keeper is null ? both : [.. both, new Side(nodes!, keeper)];
        _results.Conditions["versions"] = $"{string.Join(", ", all.Select(static side => side.System.Name))}, .NET {Environment.Version}, {Environment.ProcessorCount} processors";
        await PrepareAsync(all, Loads.Put, Loads.Get, Loads.Lock);
        await PrepareAsync([new Side(bare, silos)], Loads.Put);
        foreach (var clients in _contest.Options.Clients)
        {
            Side[] limits = clients == 1 ? [new Side(bare, silos), new Side(raw, disk)] : [new Side(bare, silos)];
            await _contest.MeasureAsync("native", Loads.Put, clients, [.. all, .. limits]);
        }

        await _contest.MeasureAsync("native", Loads.Get, all);
        await _contest.MeasureAsync("native", Loads.YcsbA, both);
        await _contest.MeasureAsync("native", Loads.YcsbB, both);
        await _contest.MeasureAsync("native", Loads.Lock, all);
    }

    private async Task PrepareAsync(IReadOnlyList<Side> sides, params IReadOnlyList<Load> loads)
    {
        foreach (var side in sides)
        {
            await _contest.PrepareAsync(side.Target, loads);
        }
    }
}
