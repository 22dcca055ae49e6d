namespace Csmr.Replication.Paxos;

/// <summary>A small seeded generator (SplitMix64, Steele, Lea and Flood 2014): spreads the election time-outs.</summary>
internal struct SplitMix(ulong seed)
{
    private ulong _state = seed;

    /// <summary>A number from <paramref name="min"/> up to, not including, <paramref name="max"/>.</summary>
    public int Next(int min, int max) => min + (int)(Next() % (ulong)Math.Max(1, max - min));

    private ulong Next()
    {
        _state += 0x9E3779B97F4A7C15UL;
        var z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
