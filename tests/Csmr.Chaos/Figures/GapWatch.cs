using System.Collections.Concurrent;
using System.Diagnostics;
using Csmr.Chaos.Clusters;
using Csmr.Chaos.Loads;

namespace Csmr.Chaos.Figures;

/// <summary>
/// Clients on one group, one at each gateway, that call again almost at once; remembers when calls were acknowledged.
/// </summary>
public sealed class GapWatch : IAsyncDisposable
{
    private const int Clients = 2;

    // Without it the clients take the processor from the servers: it is also how exactly a gap is seen.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<(long Sent, long Acknowledged)> _calls = [];
    private readonly Task[] _loops;
    private long _last = Stopwatch.GetTimestamp();

    /// <summary>Starts the clients.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="group">The group: one of <see cref="Groups"/>.</param>
    public GapWatch(ChaosCluster cluster, string group)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        Group = group;
        var gateways = cluster.Gateways.Select(static gateway => gateway.Url!).ToArray();
        _loops = [.. Enumerable.Range(0, Clients).Select(number => Task.Run(() => CallAsync(gateways, number)))];
    }

    /// <summary>The groups of <see cref="ChaosManifest"/> that can be watched: a call of each goes to it alone.</summary>
    public static IReadOnlyList<string> Groups { get; } = ["early", "late", "locks", "records"];

    public string Group { get; }

    /// <summary>When the last acknowledged call ended, as a time stamp of <see cref="Stopwatch"/>.</summary>
    public long Last => Volatile.Read(ref _last);

    /// <summary>Forgets what was so far.</summary>
    public void Clear() => _calls.Clear();

    /// <summary>How long each call took that was acknowledged since <see cref="Clear"/>, with all its repetitions, in milliseconds.</summary>
    public IEnumerable<double> CallsMs() => _calls.Select(static call => Stopwatch.GetElapsedTime(call.Sent, call.Acknowledged).TotalMilliseconds);

    /// <summary>The longest time between two acknowledged calls since <see cref="Clear"/>, in milliseconds.</summary>
    public double LongestGapMs()
    {
        var times = _calls.Select(static call => call.Acknowledged).Order().ToArray();
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
            var request = RequestOf(number, count);
            var sent = Stopwatch.GetTimestamp();
            while (!_stop.IsCancellationRequested && (await caller.TryAsync(request, CancellationToken.None)).End != TryEnd.Ok)
            {
                await Task.Delay(5); // pause: before the same call is tried again
            }

            var now = Stopwatch.GetTimestamp();
            _calls.Enqueue((sent, now));
            Volatile.Write(ref _last, now);
            await Task.Delay(Pause); // pause: between two calls of a client
        }
    }

    /// <summary>A write and a linearizable read in turn; of locks a look that goes through the log.</summary>
    private CallRequest RequestOf(int number, int count)
    {
        var isRead = count % 2 == 1 && Group != "locks";
        var key = Group switch { "early" => $"a-{number}", "late" => $"x-{number}", _ => $"lock-{number}" };
        var (operation, arguments) = (Group, isRead) switch
        {
            ("locks", _) => ("query", new Dictionary<string, object>(StringComparer.Ordinal) { ["key"] = key }),
            ("records", true) => ("bounds", []),
            ("records", false) => ("append", new Dictionary<string, object>(StringComparer.Ordinal) { ["entry"] = count }),
            (_, true) => ("get", new Dictionary<string, object>(StringComparer.Ordinal) { ["key"] = key }),
            _ => ("put", new Dictionary<string, object>(StringComparer.Ordinal) { ["key"] = key, ["value"] = count }),
        };
        return new CallRequest(operation, arguments, isRead, Guid.NewGuid().ToString("N"));
    }
}
