using System.Diagnostics;
using System.Globalization;
using Csmr.Chaos.Clusters;
using Csmr.Chaos.Processes;

namespace Csmr.Chaos.Figures;

/// <summary>
/// How long a group answers nobody when its leader is killed or stands still, and how long the killed process takes to be back.
/// </summary>
public sealed class AvailabilityFigures
{
    // The group that the clients of the watch call.
    private const string Group = "early";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(700);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2.5);

    private readonly ChaosCluster _cluster;
    private readonly GapWatch _watch;
    private readonly Action<string> _log;
    private readonly CancellationToken _cancellation;
    private readonly Distribution _killed = new();
    private readonly Distribution _paused = new();
    private readonly Distribution _back = new();
    private readonly Distribution _caughtUp = new();
    private int _displaced;

    private AvailabilityFigures(ChaosCluster cluster, GapWatch watch, Action<string> log, CancellationToken cancellation) =>
        (_cluster, _watch, _log, _cancellation) = (cluster, watch, log, cancellation);

    /// <summary>Measures, and writes a table.</summary>
    /// <param name="samples">How many kills and how many pauses.</param>
    /// <param name="log">Is told how far it is.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The table, in Markdown.</returns>
    public static async Task<string> MeasureAsync(int samples, Action<string> log, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        var loadBefore = LoadAverage();
        await using var cluster = await ChaosCluster.StartAsync(new ChaosClusterOptions { Log = log }, cancellation);
        await using var watch = new GapWatch(cluster);
        var figures = new AvailabilityFigures(cluster, watch, log, cancellation);
        for (var i = 0; i < samples; i++)
        {
            await figures.KillAsync();
            await figures.PauseAsync();
            if ((i + 1) % 10 == 0)
            {
                log($"{i + 1} of {samples}; medians: killed {figures._killed.Quantile(0.5):F0} ms, paused {figures._paused.Quantile(0.5):F0} ms");
            }
        }

        return figures.Table(Stopwatch.GetElapsedTime(started), loadBefore);
    }

    private async Task KillAsync()
    {
        var leader = await LeaderAsync();
        _watch.Clear();
        await Task.Delay(Settle, _cancellation); // pause: calls before the fault
        var killedAt = Stopwatch.GetTimestamp();
        await leader.KillAsync();
        var startedAt = Stopwatch.GetTimestamp();
        await leader.StartAsync();
        var recovery = RecoverAsync(leader, startedAt);
        await UntilAnsweredAsync(killedAt);
        _killed.Add(_watch.LongestGapMs());
        await recovery;
    }

    private async Task PauseAsync()
    {
        var leader = await LeaderAsync();
        var process = leader.Process;
        _watch.Clear();
        await Task.Delay(Settle, _cancellation); // pause: calls before the fault
        leader.Pause();
        await Task.Delay(Pause, _cancellation); // pause: longer than an election takes
        process!.Signal(OwnedProcess.SignalContinue);
        await UntilAnsweredAsync(Stopwatch.GetTimestamp());
        _paused.Add(_watch.LongestGapMs());
        await _cluster.WaitWholeAsync(Limit, _cancellation);
        _displaced += leader.Process == process ? 0 : 1;
    }

    private async Task<ChaosMember> LeaderAsync()
    {
        await _cluster.WaitWholeAsync(Limit, _cancellation);
        return await _cluster.LeaderOfAsync(Group, _cancellation) ?? throw new HarnessException($"group {Group} has no leader");
    }

    /// <summary>Waits until calls have been acknowledged for a while again.</summary>
    private async Task UntilAnsweredAsync(long since)
    {
        var answeredAt = 0L;
        var isAnswered = await Wait.UntilAsync(Limit, () =>
        {
            answeredAt = answeredAt == 0 && _watch.Last > since ? _watch.Last : answeredAt;
            return Task.FromResult(answeredAt != 0 && Stopwatch.GetElapsedTime(answeredAt) > 2 * Settle);
        }, _cancellation);
        HarnessException.Require(isAnswered, () => $"no call was acknowledged within {Limit}");
    }

    /// <summary>From the start of the new process until all its replicas take part, and until they have what was chosen by then.</summary>
    private async Task RecoverAsync(ChaosMember member, long startedAt)
    {
        IReadOnlyList<GroupView> seen = [];
        var isBack = await Wait.UntilAsync(Limit, async () =>
        {
            seen = await _cluster.GroupsAsync(_cancellation);
            return seen.All(group => Of(group, member) is { IsReachable: true, Role: "follower" or "leader" });
        }, _cancellation);
        HarnessException.Require(isBack, () => $"{member.Name} was not back within {Limit}:\n{member.Process!.Tail}");
        _back.Add(Stopwatch.GetElapsedTime(startedAt).TotalMilliseconds);
        var chosen = seen.ToDictionary(static group => group.Group, static group => group.Replicas.Max(static replica => replica.ChosenUpTo), StringComparer.Ordinal);
        var isCaughtUp = await Wait.UntilAsync(Limit, async () =>
        {
            var now = await _cluster.GroupsAsync(_cancellation);
            return now.All(group => Of(group, member) is { } replica && (replica.IsWitness ? replica.ChosenUpTo : replica.AppliedUpTo) >= chosen[group.Group]);
        }, _cancellation);
        HarnessException.Require(isCaughtUp, () => $"{member.Name} did not catch up within {Limit}");
        _caughtUp.Add(Stopwatch.GetElapsedTime(startedAt).TotalMilliseconds);
    }

    private static ReplicaView Of(GroupView group, ChaosMember member) => group.Replicas.First(replica => replica.Node == member.Name);

    private string Table(TimeSpan took, string loadBefore) => string.Create(CultureInfo.InvariantCulture, $"""
        | milliseconds | n | median | p90 | p99 | max |
        |---|---|---|---|---|---|
        {_killed.Row("longest time without an acknowledged call, leader killed (SIGKILL)")}
        {_paused.Row($"the same, leader paused for {Pause.TotalSeconds:0.#} s (SIGSTOP, SIGCONT)")}
        {_back.Row("killed process: from its start until all its replicas take part")}
        {_caughtUp.Row("killed process: from its start until they have applied all that was chosen")}

        Measured {DateTime.UtcNow:yyyy-MM-dd} in {took.TotalMinutes:F0} minutes: 3 replica processes and 2 gateways with 5 groups, PostgreSQL and 4 clients in a tight
        loop of writes and linearizable reads over REST, all on one machine with {Environment.ProcessorCount} cores (load average {loadBefore} before, {LoadAverage()} after: above the
        number of cores others wanted them too), .NET {Environment.Version}. {_displaced} of {_paused.Count} paused processes had been declared dead and were started again.

        """);

    // What the operating system tells: of one, five and fifteen minutes.
    private static string LoadAverage() => File.Exists("/proc/loadavg") ? string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ').Take(2)) : "unknown";
}
