using System.Diagnostics;
using System.Globalization;
using Csmr.TestKit.Simulation;

namespace Csmr.TestKit.Fuzzing;

/// <summary>An input broke a property.</summary>
/// <param name="message">Which, how to see it again.</param>
/// <param name="inner">What was thrown.</param>
public sealed class FuzzException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>What is fed with bad inputs.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Share">How many of a hundred inputs it gets.</param>
/// <param name="Make">Makes an input.</param>
/// <param name="Check">Takes an input; tells whether it was accepted, throws where a property is broken.</param>
/// <param name="AllocatedBytesMax">How much may be allocated for an input of a size.</param>
public sealed record FuzzTarget(
    string Name, int Share, Func<SimulationRandom, byte[]> Make, Func<byte[], bool> Check, Func<int, long> AllocatedBytesMax)
{
    private const int InputsDefault = 60_000;
    private static readonly TimeSpan TimeMax = TimeSpan.FromMinutes(1);

    private long _startedAt;

    /// <summary>How many inputs all targets together get.</summary>
    public static int InputsWanted => int.Parse(
        Environment.GetEnvironmentVariable("CSMR_FUZZ_INPUTS") ?? InputsDefault.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    /// <summary>Feeds it: <c>CSMR_FUZZ_INPUTS</c> says how many inputs all targets together get, <c>CSMR_FUZZ_SEED</c> which.</summary>
    /// <returns>The closing line.</returns>
    public string Run()
    {
        var seed = ulong.Parse(Environment.GetEnvironmentVariable("CSMR_FUZZ_SEED") ?? "1", CultureInfo.InvariantCulture);
        return Run(seed, (int)(InputsWanted * (long)Share / 100));
    }

    /// <summary>Feeds it.</summary>
    /// <param name="seed">Which inputs.</param>
    /// <param name="count">How many.</param>
    /// <returns>The closing line.</returns>
    /// <exception cref="FuzzException">A property was broken.</exception>
    public string Run(ulong seed, int count)
    {
        var watch = Stopwatch.StartNew();
        var stream = new SimulationRandom(seed);
        int accepted = 0, current = 0;
        long mostAllocated = 0;
        FuzzException? failure = null;
        var worker = new Thread(() =>
        {
            for (var i = 0; i < count && failure is null; i++)
            {
                Volatile.Write(ref current, i);
                Volatile.Write(ref _startedAt, Stopwatch.GetTimestamp());
                failure = Feed(seed, i, Make(stream.Fork((ulong)i)), ref accepted, ref mostAllocated);
            }
        })
        {
            IsBackground = true,
        };
        Volatile.Write(ref _startedAt, Stopwatch.GetTimestamp());
        worker.Start();
        while (!worker.Join(TimeSpan.FromSeconds(1)))
        {
            if (Stopwatch.GetElapsedTime(Volatile.Read(ref _startedAt)) > TimeMax)
            {
                throw Failed(seed, current, Make(stream.Fork((ulong)current)), $"takes longer than {TimeMax}", null);
            }
        }

        return failure is null
            ? $"fuzzed {Name}: {count} inputs of seed {seed}, {accepted} accepted, {count - accepted} refused, at most {mostAllocated / 1024} KiB allocated for one, {watch.ElapsedMilliseconds} ms"
            : throw failure;
    }

    private FuzzException? Feed(ulong seed, int number, byte[] input, ref int accepted, ref long mostAllocated)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            accepted += Check(input) ? 1 : 0;
        }
#pragma warning disable CA1031 // Whatever comes out of it is the finding.
        catch (Exception error)
#pragma warning restore CA1031
        {
            return Failed(seed, number, input, $"{error.GetType().Name}: {error.Message}", error);
        }

        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        mostAllocated = Math.Max(mostAllocated, allocated);
        return allocated <= AllocatedBytesMax(input.Length)
            ? null
            : Failed(seed, number, input, $"{allocated} bytes were allocated, {AllocatedBytesMax(input.Length)} are allowed", null);
    }

    private FuzzException Failed(ulong seed, int number, byte[] input, string what, Exception? error)
    {
        var file = Path.Combine(Path.GetTempPath(), $"csmr-fuzz-{Name}-{seed}-{number}.bin");
        File.WriteAllBytes(file, input);
        return new FuzzException(
            $"{Name}, input {number} of seed {seed} ({input.Length} bytes, kept as {file}; put it among the regressions): {what}",
            error);
    }
}
