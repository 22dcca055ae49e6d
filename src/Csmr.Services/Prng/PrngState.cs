namespace Csmr.Services.Prng;

/// <summary>
/// SplitMix64 (Steele, Lea, Flood 2014): a counter in steps of the golden ratio, scrambled. Eight bytes of state, and every
/// number of 64 bits comes once in a period of 2^64.
/// </summary>
/// <param name="Counter">The counter, which is the seed at first.</param>
internal readonly record struct PrngState(ulong Counter)
{
    /// <summary>Draws all 64 bits.</summary>
    public ulong Draw(out PrngState next)
    {
        next = new PrngState(unchecked(Counter + 0x9e3779b97f4a7c15));
        var mixed = next.Counter;
        mixed = unchecked((mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9);
        mixed = unchecked((mixed ^ (mixed >> 27)) * 0x94d049bb133111eb);
        return mixed ^ (mixed >> 31);
    }

    /// <summary>Draws evenly from 0 up to a bound, not included: draws that would favour the small numbers are thrown away.</summary>
    public ulong DrawBelow(ulong bound, out PrngState next)
    {
        var unfair = unchecked(0 - bound) % bound;
        var drawn = Draw(out next);
        while (drawn < unfair)
        {
            drawn = next.Draw(out next);
        }

        return drawn % bound;
    }
}
