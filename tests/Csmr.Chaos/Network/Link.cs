using System.Diagnostics;

namespace Csmr.Chaos.Network;

/// <summary>One direction between two ports: decides when each frame arrives, if it does. Used by the switch's thread only, but for <see cref="Quality"/>.</summary>
internal sealed class Link(int seed)
{
    // A Pareto distribution with this exponent has a mean and no variance; less the minimum of 1 its mean is 2.
    private const double TailExponent = 1.5;
    private const double TailMean = 2;
    private const double TailMax = 100;

    private static readonly long QueueTicksMax = Ticks(TimeSpan.FromMilliseconds(500));

    private readonly Random _random = new(seed);
    private long _free;
    private long _lastArrival;

    /// <summary>May be changed at any time, by any thread.</summary>
    public volatile LinkQuality Quality = LinkQuality.Perfect;

    /// <summary>Decides on one frame.</summary>
    /// <param name="lengthBytes">Its length.</param>
    /// <param name="now">The time, in ticks of <see cref="Stopwatch"/>.</param>
    /// <param name="arrivals">Gets the times of its arrival: none, one or two.</param>
    public void Pass(int lengthBytes, long now, List<long> arrivals)
    {
        var quality = Quality;
        if (_random.NextDouble() < quality.Loss)
        {
            return;
        }

        var sent = now;
        if (quality.BytesPerSecond > 0)
        {
            _free = Math.Max(_free, now) + (Stopwatch.Frequency * lengthBytes / quality.BytesPerSecond);
            sent = _free;
            if (sent - now > QueueTicksMax)
            {
                _free -= Stopwatch.Frequency * lengthBytes / quality.BytesPerSecond;
                return;
            }
        }

        arrivals.Add(Arrival(sent, quality));
        if (_random.NextDouble() < quality.Duplication)
        {
            arrivals.Add(Arrival(sent, quality));
        }
    }

    private long Arrival(long sent, LinkQuality quality)
    {
        var arrival = sent + Ticks(quality.Delay) + Ticks(quality.Jitter * Tail());
        if (_random.NextDouble() < quality.Reordering)
        {
            return arrival + Ticks(quality.ReorderingMax * _random.NextDouble());
        }

        return _lastArrival = Math.Max(arrival, _lastArrival);
    }

    private double Tail() => Math.Min((Math.Pow(1 - _random.NextDouble(), -1 / TailExponent) - 1) / TailMean, TailMax);

    private static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);
}
