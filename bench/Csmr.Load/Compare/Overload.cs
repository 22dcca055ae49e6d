using System.Diagnostics;
using System.Globalization;
using Csmr.Load.Compare.Systems;

namespace Csmr.Load.Compare;

/// <summary>
/// More calls than CSMR can answer: they come at a rate, whether or not earlier ones are answered, as long as a connection is free.
/// </summary>
/// <param name="results">Where results go.</param>
/// <param name="log">Is told what was measured.</param>
public sealed class Overload(Results results, Action<string> log)
{
    private const int Connections = 2_000;

    private static readonly TimeSpan Time = TimeSpan.FromSeconds(5);

    /// <summary>Measures.</summary>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>Completes when it is measured.</returns>
    public async Task MeasureAsync(CancellationToken cancellation)
    {
        await using var csmr = await CsmrSystem.StartAsync(CsmrSystem.Plain, log, cancellationToken: cancellation);
        await using var target = new CsmrHttp(csmr.Url);
        await Loads.FillAsync(target);
        await target.OpenAsync(Connections);
        await ClosedLoop.RunAsync(64, Time, (client, random) => Loads.Put.Call(target, client, random));
        var capacity = (await ClosedLoop.RunAsync(256, Time, (client, random) => Loads.Put.Call(target, client, random), seed: 1)).PerSecond;
        results.Figures.Add(new FurtherFigure("overload", "puts per second of 256 clients that wait for their answers: the capacity", Number(capacity), ""));
        foreach (var factor in new[] { 0.5, 0.75, 1, 1.5, 2, 3, 4 })
        {
            var (offered, answered, refused, unsent, p50, p99) = await OfferAsync(target, factor * capacity);
            var figure = $"{Number(answered)} answered, {Number(refused)} refused (429), {Number(unsent)} not sent for want of a free connection; p50 {p50:F1} ms, p99 {p99:F1} ms";
            results.Figures.Add(new FurtherFigure("overload", $"{factor:0.##} × as many: {Number(offered)} per second", figure, ""));
            log($"{factor:0.##} ×: {figure}");
        }
    }

    private static string Number(double number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static async Task<(double Offered, double Answered, double Refused, double Unsent, double P50Ms, double P99Ms)> OfferAsync(CsmrHttp target, double perSecond)
    {
        var free = new System.Collections.Concurrent.ConcurrentStack<int>(Enumerable.Range(0, Connections));
        var latencies = new System.Collections.Concurrent.ConcurrentBag<double>();
        var (offered, unsent, refused) = (0L, 0L, 0L);
        var random = new Random(1);
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < Time)
        {
            for (var due = watch.Elapsed.TotalSeconds * perSecond; offered < due; offered++)
            {
                if (free.TryPop(out var client))
                {
                    _ = CallAsync(client, random.Next(Data.KeyCount), random.Next(Data.ValueCount));
                }
                else
                {
                    unsent++;
                }
            }

            await Task.Delay(1); // pause: calls come in small heaps, at the rate that is wanted
        }

        var seconds = watch.Elapsed.TotalSeconds;
        var sorted = latencies.Order().ToArray();
        while (free.Count < Connections)
        {
            await Task.Delay(10); // pause: until the last ones are answered
        }

        return (offered / seconds, sorted.Length / seconds, refused / seconds, unsent / seconds, sorted[sorted.Length / 2], sorted[sorted.Length * 99 / 100]);

        async Task CallAsync(int client, int key, int value)
        {
            var at = Stopwatch.GetTimestamp();
            try
            {
                await target.PutAsync(client, key, value);
                latencies.Add(Stopwatch.GetElapsedTime(at).TotalMilliseconds);
            }
            catch (HttpRequestException error) when (error.Message.StartsWith("429", StringComparison.Ordinal))
            {
                Interlocked.Increment(ref refused);
            }

            free.Push(client);
        }
    }
}
