using System.Diagnostics;

namespace Csmr.Load;

/// <summary>What a measurement gave.</summary>
/// <param name="PerSecond">Answered calls in a second.</param>
/// <param name="P50Ms">The median latency.</param>
/// <param name="P99Ms">The latency that one in a hundred exceeds.</param>
/// <param name="Calls">How many calls were answered.</param>
public readonly record struct Measured(double PerSecond, double P50Ms, double P99Ms, long Calls);

/// <summary>Clients that make one call after the other: the load of every measurement here.</summary>
public static class ClosedLoop
{
    /// <summary>Measures.</summary>
    /// <param name="clients">How many clients.</param>
    /// <param name="time">How long.</param>
    /// <param name="call">Makes one call of a client.</param>
    /// <param name="after">What a client does between two calls, which is not measured; null for nothing.</param>
    /// <param name="seed">Of the clients' randomness.</param>
    /// <returns>What it gave.</returns>
    public static async Task<Measured> RunAsync(
        int clients, TimeSpan time, Func<int, Random, ValueTask> call, Func<Random, ValueTask>? after = null, int seed = 0)
    {
        ArgumentNullException.ThrowIfNull(call);
        var latencies = new List<double>[clients];
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(client => Task.Run(() => RunClientAsync(client))));
        var elapsed = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var all = latencies.SelectMany(static one => one).Order().ToArray();
        return all.Length == 0 ? default : new Measured(all.Length / elapsed, all[all.Length / 2], all[all.Length * 99 / 100], all.Length);

        async Task RunClientAsync(int client)
        {
            var random = new Random((seed * 10_007) + client);
            var own = latencies[client] = [];
            while (Stopwatch.GetElapsedTime(started) < time)
            {
                var at = Stopwatch.GetTimestamp();
                await call(client, random);
                own.Add(Stopwatch.GetElapsedTime(at).TotalMilliseconds);
                if (after is not null)
                {
                    await after(random);
                }
            }
        }
    }
}
