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
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(700);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2.5);

    private readonly ChaosCluster _cluster;
    private readonly IReadOnlyList<GapWatch> _watches;
    private readonly CancellationToken _cancellation;
    private readonly Distribution _killed = new();
    private readonly Distribution _paused = new();
    private readonly Distribution _back = new();
    private readonly Distribution _caughtUp = new();
    private int _kills;
    private int _pauses;
    private int _displaced;

    private AvailabilityFigures(ChaosCluster cluster, IReadOnlyList<GapWatch> watches, CancellationToken cancellation) =>
        (_cluster, _watches, _cancellation) = (cluster, watches, cancellation);

    /// <summary>Measures, and writes a table.</summary>
    /// <param name="samples">How many groups are to lose their leader by a kill, and how many by a pause.</param>
    /// <param name="log">Is told how far it is.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The table, in Markdown.</returns>
    public static async Task<string> MeasureAsync(int samples, Action<string> log, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        var loadBefore = LoadAverage();
        await using var cluster = await ChaosCluster.StartAsync(new ChaosClusterOptions { Log = log }, cancellation);
        var watches = GapWatch.Groups.Select(group => new GapWatch(cluster, group)).ToArray();
        try
        {
            var figures = new AvailabilityFigures(cluster, watches, cancellation);
            await figures.MeasureAsync(samples, log);
            return figures.Table(Stopwatch.GetElapsedTime(started), loadBefore);
        }
        finally
        {
            await Task.WhenAll(watches.Select(static watch => watch.DisposeAsync().AsTask()));
        }
    }

    private async Task MeasureAsync(int samples, Action<string> log)
    {
        while (_killed.Count < samples || _paused.Count < samples)
        {
            if (_killed.Count < samples)
            {
                await KillAsync();
            }

            if (_paused.Count < samples)
            {
                await PauseAsync();
            }

            log($"killed {_killed.Count} of {samples} leaders, median {_killed.Quantile(0.5):F0} ms; paused {_paused.Count}, median {_paused.Quantile(0.5):F0} ms");
        }
    }

    private async Task KillAsync()
    {
        var (leader, watches) = await PickAsync();
        var killedAt = Stopwatch.GetTimestamp();
        await leader.KillAsync();
        var startedAt = Stopwatch.GetTimestamp();
        await leader.StartAsync();
        var recovery = RecoverAsync(leader, startedAt);
        await UntilAnsweredAsync(watches, killedAt);
        watches.ForEach(watch => _killed.Add(watch.LongestGapMs()));
        _kills++;
        await recovery;
    }

    private async Task PauseAsync()
    {
        var (leader, watches) = await PickAsync();
        var process = leader.Process;
        await leader.PauseAsync();
        await Task.Delay(Pause, _cancellation); // pause: longer than an election takes
        process!.Signal(OwnedProcess.SignalContinue);
        await UntilAnsweredAsync(watches, Stopwatch.GetTimestamp());
        watches.ForEach(watch => _paused.Add(watch.LongestGapMs()));
        await _cluster.WaitWholeAsync(Limit, _cancellation);
        _pauses++;
        _displaced += leader.Process == process ? 0 : 1;
    }

    /// <summary>The replica that leads the most watched groups, with their watches: calls have been answered for a moment.</summary>
    private async Task<(ChaosMember Leader, List<GapWatch> Watches)> PickAsync()
    {
        await _cluster.WaitWholeAsync(Limit, _cancellation);
        var led = (await _cluster.GroupsAsync(_cancellation)).ToLookup(static group => group.Leader ?? "", static group => group.Group, StringComparer.Ordinal);
        var leader = _cluster.Replicas.MaxBy(member => _watches.Count(watch => led[member.Name].Contains(watch.Group)))!;
        var watches = _watches.Where(watch => led[leader.Name].Contains(watch.Group)).ToList();
        watches.ForEach(static watch => watch.Clear());
        await Task.Delay(Settle, _cancellation); // pause: calls before the fault
        return (leader, watches);
    }

    /// <summary>Waits until each group has acknowledged calls for a while again.</summary>
    private async Task UntilAnsweredAsync(List<GapWatch> watches, long since)
    {
        var answeredAt = 0L;
        var isAnswered = await Wait.UntilAsync(
            Limit,
            () =>
            {
                answeredAt = answeredAt == 0 && watches.TrueForAll(watch => watch.Last > since) ? Stopwatch.GetTimestamp() : answeredAt;
                return Task.FromResult(answeredAt != 0 && Stopwatch.GetElapsedTime(answeredAt) > 2 * Settle);
            },
            _cancellation);
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
        {_killed.Row("longest time without an acknowledged call of a group, its leader killed (SIGKILL)")}
        {_paused.Row($"the same, leader paused for {Pause.TotalSeconds:0.#} s (SIGSTOP, SIGCONT)")}
        {_back.Row("killed process: from its start until all its replicas take part")}
        {_caughtUp.Row("killed process: from its start until they have applied all that was chosen")}

        Measured {DateTime.UtcNow:yyyy-MM-dd} in {took.TotalMinutes:F0} minutes: {_kills} kills and {_pauses} pauses, each of the replica that led most groups; each group that lost its leader
        counts. 3 replica processes and 2 gateways with all groups of the composition, PostgreSQL, and 2 clients for each of 4 groups (REST, writes and linearizable
        reads, 5 ms between two calls of a client), all on one machine of {Environment.ProcessorCount} cores, .NET {Environment.Version}. The load average was {loadBefore} before
        and {LoadAverage()} after (1 and 5 minutes): above the number of cores others wanted them too. {_displaced} of the {_pauses} paused processes had been
        declared dead and were started again.

        """);

    // What the operating system tells: of one, five and fifteen minutes.
    private static string LoadAverage() => File.Exists("/proc/loadavg") ? string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ').Take(2)) : "unknown";
}
