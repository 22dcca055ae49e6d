using System.Diagnostics;
using Csmr.Chaos.Checks;
using Csmr.Chaos.Clusters;
using Csmr.Chaos.Composite;
using Csmr.Chaos.Faults;
using Csmr.Chaos.Histories;
using Csmr.Chaos.Loads;
using Csmr.Chaos.Processes;

namespace Csmr.Chaos.Runs;

/// <summary>
/// A cluster under load and faults, one fault at a time, everything recovered before the next one; then everything is stopped and judged.
/// </summary>
public sealed class ChaosRun
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3);

    // Calls come and go under load; none may be older than this when everything is back.
    private static readonly TimeSpan PendingMax = TimeSpan.FromSeconds(2);

    private readonly RunOptions _options;
    private readonly CheckReport _checks = new();
    private readonly List<FaultRecord> _faults = [];
    private readonly CancellationToken _cancellation;

    private ChaosRun(RunOptions options, CancellationToken cancellation) => (_options, _cancellation) = (options, cancellation);

    /// <summary>Runs.</summary>
    public static Task<RunReport> RunAsync(RunOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new ChaosRun(options, cancellationToken).RunAsync();
    }

    private async Task<RunReport> RunAsync()
    {
        var clusterOptions = new ChaosClusterOptions { Replicas = _options.Replicas, IsKept = _options.IsKept, Log = _options.Log };
        var (schedule, skipped) = await FaultSchedule.PrepareAsync(_options, clusterOptions);
        await using var cluster = await ChaosCluster.StartAsync(clusterOptions, _cancellation);
        _options.Log($"cluster of {_options.Replicas} replicas and {cluster.Gateways.Count} gateways in {cluster.Directory}");
        await using var load = await MixedLoad.StartAsync(cluster, _options.Load, _options.Seed);
        try
        {
            await Task.Delay(WarmUp, _cancellation); // pause: the first fault meets a working cluster
            await InjectAllAsync(cluster, load, schedule);
            await load.StopAsync();
            var judge = new RunJudge(cluster, load, _checks, _options);
            await judge.JudgeAsync(_cancellation);
        }
        catch (HarnessException broken)
        {
            _checks.Violated(broken.Message);
        }
        finally
        {
            await load.StopAsync();
            load.History.Save(cluster.Sub("history.jsonl"));
        }

        return new RunReport
        {
            Options = _options,
            History = load.History,
            Atomic = load.Atomic,
            Faults = Gaps.Measure(load.History, cluster.ManifestFile, _faults),
            Skipped = skipped,
            Checks = _checks,
            UnaskedExits = cluster.Members.ToDictionary(static member => member.Name, static member => member.UnaskedExits, StringComparer.Ordinal),
            Directory = _options.IsKept ? cluster.Directory : null,
        };
    }

    private async Task InjectAllAsync(ChaosCluster cluster, MixedLoad load, FaultSchedule schedule)
    {
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < _options.Duration && schedule.Next() is { } next)
        {
            await Task.Delay(next.Quiet, _cancellation); // pause: between two faults
            await InjectAsync(cluster, load, next);
        }

        _checks.Checked($"{_faults.Count} faults; after each one every replica took part and every gateway answered for every group, and no atomic call was pending for more than {PendingMax.TotalSeconds:F0} s, within {_options.RecoveryLimit.TotalSeconds:F0} s");
    }

    private async Task InjectAsync(ChaosCluster cluster, MixedLoad load, ScheduledFault next)
    {
        var (fault, history) = (next.Fault, load.History);
        var context = new FaultContext(cluster, next.Random, next.Turn, line => _options.Log($"{fault.Name}: {line}"), _cancellation);
        _options.Log($"{fault.Name} for {next.Hold.TotalSeconds:F1} s");
        var injectedAt = history.NowUs;
        try
        {
            await fault.InjectAsync(context);
            await Task.Delay(next.Hold, _cancellation); // pause: the time that the fault lasts
        }
        finally
        {
            await fault.HealAsync(context);
        }

        var healedAt = history.NowUs;
        await cluster.WaitWholeAsync(_options.RecoveryLimit, _cancellation);
        await Probe.AllAnswerAsync(cluster, load, _options.RecoveryLimit, _cancellation);
        await AtomicJudge.WaitNothingPendingAsync(cluster, ChaosManifest.AtomicGroups, PendingMax, _options.RecoveryLimit, _cancellation);
        _faults.Add(new FaultRecord(fault.Name, injectedAt, healedAt, history.NowUs));
        _options.Log($"{fault.Name}: all back {(history.NowUs - healedAt) / 1e6:F1} s after the end");
    }
}
