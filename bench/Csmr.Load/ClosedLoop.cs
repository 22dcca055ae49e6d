using System.Diagnostics;
using System.Net.Http.Json;

namespace Csmr.Load;

/// <summary>One kind of call in a measurement.</summary>
/// <param name="Name">For the table.</param>
/// <param name="Next">Makes a client's next call: operation and arguments.</param>
public sealed record CallKind(string Name, Func<Random, (string Operation, object Arguments)> Next);

/// <summary>What a measurement gave.</summary>
/// <param name="PerSecond">Answered calls in a second.</param>
/// <param name="P50Ms">The median latency.</param>
/// <param name="P99Ms">The latency that one in a hundred exceeds.</param>
public readonly record struct Measured(double PerSecond, double P50Ms, double P99Ms);

/// <summary>Clients that make one call after the other, each by a connection of its own.</summary>
/// <param name="url">The server.</param>
public sealed class ClosedLoop(Uri url) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler()) { BaseAddress = url };

    /// <summary>Measures one kind of call.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="clients">How many clients.</param>
    /// <param name="time">How long.</param>
    /// <param name="beside">Calls that are made beside them and not measured.</param>
    /// <param name="besideShare">How many of those for each measured one.</param>
    /// <returns>What it gave.</returns>
    public async Task<Measured> MeasureAsync(CallKind kind, int clients, TimeSpan time, CallKind? beside = null, double besideShare = 0)
    {
        ArgumentNullException.ThrowIfNull(kind);
        var latencies = new List<double>[clients];
        var owed = 0.0;
        var gate = new Lock();
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(i => Task.Run(() => RunAsync(i))));
        var elapsed = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var all = latencies.SelectMany(static one => one).Order().ToArray();
        return new Measured(all.Length / elapsed, all[all.Length / 2], all[all.Length * 99 / 100]);

        async Task RunAsync(int client)
        {
            var random = new Random(client);
            var own = latencies[client] = [];
            while (Stopwatch.GetElapsedTime(started) < time)
            {
                var at = Stopwatch.GetTimestamp();
                await CallAsync(kind.Next(random));
                own.Add(Stopwatch.GetElapsedTime(at).TotalMilliseconds);
                if (beside is not null && IsDue())
                {
                    await CallAsync(beside.Next(random));
                }
            }
        }

        bool IsDue()
        {
            lock (gate)
            {
                owed += besideShare;
                if (owed < 1)
                {
                    return false;
                }

                owed--;
                return true;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task CallAsync((string Operation, object Arguments) call)
    {
        using var answer = await _http.PostAsJsonAsync(new Uri($"/v1/{call.Operation}", UriKind.Relative), call.Arguments);
        if (!answer.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"{call.Operation}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        }
    }
}
