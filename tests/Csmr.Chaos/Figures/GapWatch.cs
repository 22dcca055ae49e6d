using System.Collections.Concurrent;
using System.Diagnostics;
using Csmr.Chaos.Clusters;
using Csmr.Chaos.Loads;

namespace Csmr.Chaos.Figures;

/// <summary>
/// Clients in a tight loop on one group, half of them at each gateway, with writes and linearizable reads; remembers when calls were
/// acknowledged.
/// </summary>
public sealed class GapWatch : IAsyncDisposable
{
    private const int Clients = 4;

    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<long> _acknowledged = [];
    private readonly Task[] _loops;
    private long _last = Stopwatch.GetTimestamp();

    public GapWatch(ChaosCluster cluster)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        var gateways = cluster.Gateways.Select(static gateway => gateway.Url!).ToArray();
        _loops = [.. Enumerable.Range(0, Clients).Select(number => Task.Run(() => CallAsync(gateways, number)))];
    }

    /// <summary>When the last acknowledged call ended, as a time stamp of <see cref="Stopwatch"/>.</summary>
    public long Last => Volatile.Read(ref _last);

    /// <summary>Forgets what was so far.</summary>
    public void Clear() => _acknowledged.Clear();

    /// <summary>The longest time between two acknowledged calls since <see cref="Clear"/>, in milliseconds.</summary>
    public double LongestGapMs()
    {
        var times = _acknowledged.Order().ToArray();
        return times.Zip(times.Skip(1), static (one, next) => Stopwatch.GetElapsedTime(one, next).TotalMilliseconds).DefaultIfEmpty(double.NaN).Max();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_loops);
        _stop.Dispose();
    }

    private async Task CallAsync(Uri[] gateways, int number)
    {
        await using var caller = new RestCaller(gateways, number, TimeSpan.FromSeconds(5));
        for (var count = 0; !_stop.IsCancellationRequested; count++)
        {
            var isRead = count % 2 == 1;
            var arguments = new Dictionary<string, object>(StringComparer.Ordinal) { ["key"] = $"a-{number}" };
            if (!isRead)
            {
                arguments["value"] = count;
            }

            var request = new CallRequest(isRead ? "get" : "put", arguments, isRead, Guid.NewGuid().ToString("N"));
            while (!_stop.IsCancellationRequested && (await caller.TryAsync(request, CancellationToken.None)).End != TryEnd.Ok)
            {
                await Task.Delay(5); // pause: before the same call is tried again
            }

            var now = Stopwatch.GetTimestamp();
            _acknowledged.Enqueue(now);
            Volatile.Write(ref _last, now);
        }
    }
}
