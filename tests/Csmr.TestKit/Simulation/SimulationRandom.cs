using System.Numerics;

namespace Csmr.TestKit.Simulation;

/// <summary>
/// The only source of chance in a simulation: xoshiro256** seeded by splitmix64, so that a seed means the same run in every
/// process and on every machine. Forked streams are independent: what one draws does not move the others.
/// </summary>
public sealed class SimulationRandom
{
    private ulong _seed;
    private ulong _s0;
    private ulong _s1;
    private ulong _s2;
    private ulong _s3;

    /// <summary>Makes one.</summary>
    /// <param name="seed">The seed.</param>
    public SimulationRandom(ulong seed) => Reseed(seed);

    /// <summary>Starts again from a seed.</summary>
    /// <param name="seed">The seed.</param>
    public void Reseed(ulong seed)
    {
        _seed = seed;
        _s0 = SplitMix(ref seed);
        _s1 = SplitMix(ref seed);
        _s2 = SplitMix(ref seed);
        _s3 = SplitMix(ref seed);
    }

    /// <summary>An independent stream.</summary>
    /// <param name="stream">Its number.</param>
    /// <returns>The stream.</returns>
    public SimulationRandom Fork(ulong stream) => new(Mix(_seed ^ Mix(stream + 0x632be59bd9b4e019)));

    /// <summary>64 bits.</summary>
    /// <returns>The bits.</returns>
    public ulong Next()
    {
        var result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
        var t = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= t;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>A number from 0 to one less than a bound.</summary>
    /// <param name="bound">The bound, above 0.</param>
    /// <returns>The number.</returns>
    public int Below(int bound) => (int)Math.BigMul(Next(), (ulong)bound, out _);

    /// <summary>A number in a closed interval.</summary>
    /// <param name="low">The smallest.</param>
    /// <param name="high">The largest.</param>
    /// <returns>The number.</returns>
    public long Between(long low, long high) => low + (long)Math.BigMul(Next(), (ulong)(high - low + 1), out _);

    /// <summary>Whether something happens that happens so many times in a thousand.</summary>
    /// <param name="perMille">The times in a thousand.</param>
    /// <returns>Whether.</returns>
    public bool Chance(int perMille) => Below(1000) < perMille;

    /// <summary>A duration with a heavy tail: about the typical one, and now and then three times, nine times … as long.</summary>
    /// <param name="typical">The typical one.</param>
    /// <param name="tailPerMille">How often it is made three times as long, again and again.</param>
    /// <param name="max">The longest.</param>
    /// <returns>The duration.</returns>
    public long HeavyTailed(long typical, int tailPerMille, long max)
    {
        var value = (typical / 2) + Between(0, typical);
        while (value < max && Chance(tailPerMille))
        {
            value *= 3;
        }

        return Math.Min(value, max);
    }

    /// <summary>Mixes 64 bits well.</summary>
    /// <param name="value">The bits.</param>
    /// <returns>The mixed bits.</returns>
    public static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
        value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
        return value ^ (value >> 31);
    }

    private static ulong SplitMix(ref ulong state)
    {
        state += 0x9e3779b97f4a7c15;
        return Mix(state);
    }
}
