using System.Diagnostics;
using System.Globalization;
using Csmr.Chaos.Clusters;
using Csmr.Chaos.Processes;

namespace Csmr.Chaos.Figures;

/// <summary>How long calls take while every process is restarted in turn, as in an upgrade, beside how long they take else.</summary>
public sealed class RollingFigures
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(20);

    private readonly Distribution _else = new();
    private readonly Distribution _meanwhile = new();
    private readonly Distribution _round = new();

    private RollingFigures()
    {
    }

    /// <summary>Measures, and writes a table.</summary>
    /// <param name="rounds">How often all processes are restarted.</param>
    /// <param name="log">Is told how far it is.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The table, in Markdown.</returns>
    public static async Task<string> MeasureAsync(int rounds, Action<string> log, CancellationToken cancellation)
    {
        await using var cluster = await ChaosCluster.StartAsync(new ChaosClusterOptions { Log = log }, cancellation);
        var watches = GapWatch.Groups.Select(group => new GapWatch(cluster, group)).ToList();
        var figures = new RollingFigures();
        try
        {
            for (var round = 0; round < rounds; round++)
            {
                await Task.Delay(Quiet, cancellation); // pause: how long calls take when nothing happens
                watches.ForEach(static watch => watch.Clear());
                await Task.Delay(Quiet, cancellation); // pause: the same
                watches.ForEach(watch => figures._else.Add(watch.CallsMs()));
                watches.ForEach(static watch => watch.Clear());
                await figures.RestartAllAsync(cluster, log, cancellation);
                watches.ForEach(watch => figures._meanwhile.Add(watch.CallsMs()));
            }
        }
        finally
        {
            await Task.WhenAll(watches.Select(static watch => watch.DisposeAsync().AsTask()));
        }

        return figures.Table(rounds);
    }

    private async Task RestartAllAsync(ChaosCluster cluster, Action<string> log, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        foreach (var member in cluster.Members)
        {
            var code = await member.TerminateAsync();
            HarnessException.Require(code == 0, () => $"{member.Name} ended with code {code} after SIGTERM:\n{member.Process!.Tail}");
            await member.StartAsync();
            await cluster.WaitWholeAsync(Limit, cancellation);
            log($"{member.Name} restarted");
        }

        _round.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
    }

    private string Table(int rounds) => string.Create(CultureInfo.InvariantCulture, $"""
        | milliseconds | n | median | p90 | p99 | max |
        |---|---|---|---|---|---|
        {_meanwhile.Row("a call while every process is stopped (SIGTERM) and started in turn, with all its repetitions")}
        {_else.Row("a call when nothing happens")}
        {_round.Row("all five processes in turn, each back before the next one")}

        Measured {DateTime.UtcNow:yyyy-MM-dd}: {rounds} rounds over 3 replicas and 2 gateways, with PostgreSQL and 2 clients for each of 4 groups (REST, writes and
        linearizable reads, a repetition with the same key at the other gateway where there is no answer), all on one machine of {Environment.ProcessorCount} cores:
        starting a process takes processor time from all. Every call was acknowledged in the end.

        """);
}
