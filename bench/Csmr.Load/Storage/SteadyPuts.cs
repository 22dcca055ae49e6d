using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Json;

namespace Csmr.Load.Storage;

/// <summary>Clients that put values of random keys, each one after the other, until they are told to stop; remembers when each was answered.</summary>
public sealed class SteadyPuts : IAsyncDisposable
{
    private readonly HttpClient _http;
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentBag<List<(long From, long To)>> _puts = [];
    private readonly Task _clients;

    /// <summary>Begins.</summary>
    /// <param name="url">The gateway.</param>
    /// <param name="clients">How many.</param>
    /// <param name="keys">How many keys there are.</param>
    /// <param name="pair">The key and the value of a number.</param>
    public SteadyPuts(Uri url, int clients, int keys, Func<int, (string Key, string Value)> pair)
    {
        _http = new HttpClient { BaseAddress = url };
        _clients = Task.WhenAll(Enumerable.Range(0, clients).Select(client => Task.Run(() => PutAsync(new Random(client), keys, pair))));
    }

    /// <summary>Stops them.</summary>
    /// <returns>The time stamps of every put.</returns>
    public async Task<IReadOnlyList<(long From, long To)>> StopAsync()
    {
        await _end.CancelAsync();
        await _clients;
        return [.. _puts.SelectMany(static own => own)];
    }

    /// <summary>Puts numbers from 0 on, once each.</summary>
    /// <param name="url">The gateway.</param>
    /// <param name="clients">How many at once.</param>
    /// <param name="count">How many.</param>
    /// <param name="pair">The key and the value of a number.</param>
    /// <param name="log">Is told how far it is.</param>
    public static async Task PutAllAsync(Uri url, int clients, int count, Func<int, (string Key, string Value)> pair, Action<string> log)
    {
        ArgumentNullException.ThrowIfNull(log);
        using var http = new HttpClient { BaseAddress = url };
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Task.Run(async () =>
        {
            for (var number = Interlocked.Increment(ref next); number < count; number = Interlocked.Increment(ref next))
            {
                await PutAsync(http, pair(number));
                if ((number + 1) % 100_000 == 0)
                {
                    log($"{number + 1} keys");
                }
            }
        })));
    }

    /// <summary>The smallest time, in milliseconds, that so large a part of puts did not exceed.</summary>
    /// <param name="puts">The puts.</param>
    /// <param name="part">The part.</param>
    /// <returns>Milliseconds.</returns>
    public static double QuantileMs(IEnumerable<(long From, long To)> puts, double part)
    {
        var sorted = puts.Select(static put => Stopwatch.GetElapsedTime(put.From, put.To).TotalMilliseconds).Order().ToArray();
        return sorted.Length == 0 ? double.NaN : sorted[Math.Clamp((int)Math.Ceiling(part * sorted.Length) - 1, 0, sorted.Length - 1)];
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _http.Dispose();
        _end.Dispose();
    }

    private static async Task PutAsync(HttpClient http, (string Key, string Value) pair)
    {
        using var answer = await http.PostAsJsonAsync(new Uri("/v1/put", UriKind.Relative), new { key = pair.Key, value = pair.Value });
        if (!answer.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"put: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        }
    }

    private async Task PutAsync(Random random, int keys, Func<int, (string Key, string Value)> pair)
    {
        var own = new List<(long From, long To)>();
        _puts.Add(own);
        while (!_end.IsCancellationRequested)
        {
            var next = (pair(random.Next(keys)).Key, pair(random.Next(keys)).Value);
            var from = Stopwatch.GetTimestamp();
            await PutAsync(_http, next);
            own.Add((from, Stopwatch.GetTimestamp()));
        }
    }
}
