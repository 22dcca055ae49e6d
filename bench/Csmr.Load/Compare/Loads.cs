namespace Csmr.Load.Compare;

/// <summary>One kind of load.</summary>
/// <param name="Name">Its name.</param>
/// <param name="What">What one operation of it is.</param>
/// <param name="Call">Makes one operation.</param>
public sealed record Load(string Name, string What, Func<ILoadTarget, int, Random, ValueTask> Call);

/// <summary>The loads.</summary>
public static class Loads
{
    // As YCSB has it.
    private const double ZipfianConstant = 0.99;

    private static readonly double[] Cumulated = Cumulate();

    /// <summary>A put.</summary>
    public static Load Put { get; } = new("put", "a put of 100 bytes, any of 10,000 keys", static (target, client, random) =>
        target.PutAsync(client, random.Next(Data.KeyCount), random.Next(Data.ValueCount)));

    /// <summary>A linearizable get.</summary>
    public static Load Get { get; } = new("get", "a linearizable get, any of 10,000 keys", static (target, client, random) =>
        target.GetAsync(client, random.Next(Data.KeyCount)));

    /// <summary>YCSB's workload A.</summary>
    public static Load YcsbA { get; } = new("ycsb-a", "half gets, half puts, Zipfian keys", static (target, client, random) => MixedAsync(target, client, random, 0.5));

    /// <summary>YCSB's workload B.</summary>
    public static Load YcsbB { get; } = new("ycsb-b", "95 % gets, 5 % puts, Zipfian keys", static (target, client, random) => MixedAsync(target, client, random, 0.95));

    /// <summary>A lock that nobody else wants, taken and given back.</summary>
    public static Load Lock { get; } = new("lock", "acquire and release of a lock that nobody else wants: a pair counts once", static (target, client, _) => target.LockAsync(client));

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Load> All { get; } = [Put, Get, YcsbA, YcsbB, Lock];

    /// <summary>Puts every key once.</summary>
    /// <param name="target">Where.</param>
    /// <returns>Completes when all are there.</returns>
    public static async Task FillAsync(ILoadTarget target)
    {
        const int Clients = 64;
        ArgumentNullException.ThrowIfNull(target);
        await target.OpenAsync(Clients);
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            for (var key = Interlocked.Increment(ref next); key < Data.KeyCount; key = Interlocked.Increment(ref next))
            {
                await target.PutAsync(client, key, key % Data.ValueCount);
            }
        })));
    }

    private static ValueTask MixedAsync(ILoadTarget target, int client, Random random, double reads)
    {
        // Popular keys are strewn over the key space, as YCSB's hash does it.
        var rank = Array.BinarySearch(Cumulated, random.NextDouble() * Cumulated[^1]);
        var key = (int)((rank < 0 ? ~rank : rank) * 7_919L % Data.KeyCount);
        return random.NextDouble() < reads ? target.GetAsync(client, key) : target.PutAsync(client, key, random.Next(Data.ValueCount));
    }

    private static double[] Cumulate()
    {
        var sums = new double[Data.KeyCount];
        var sum = 0.0;
        for (var rank = 0; rank < sums.Length; rank++)
        {
            sums[rank] = sum += 1 / Math.Pow(rank + 1, ZipfianConstant);
        }

        return sums;
    }
}
