namespace Csmr.Grains.Routing;

/// <summary>
/// A group's time as this silo reckons it, so that calls without an expiry of their own get one that the group agrees with,
/// whatever this machine's wall clock says. Learned from the replies to commands, whose entries are stamped when they are
/// proposed. Thread-safe.
/// </summary>
/// <param name="clock">Goes on from what was learned; its wall clock is taken while nothing is.</param>
internal sealed class GroupTime(TimeProvider clock)
{
    private Reading? _learned;

    /// <summary>The group's time now, in milliseconds.</summary>
    public long NowMs => Volatile.Read(ref _learned) is { } learned
        ? learned.TimeMs + (long)clock.GetElapsedTime(learned.At).TotalMilliseconds
        : clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>A command was answered.</summary>
    /// <param name="timeMs">The time of its entry.</param>
    public void Learn(long timeMs)
    {
        if (timeMs != Volatile.Read(ref _learned)?.TimeMs)
        {
            Volatile.Write(ref _learned, new Reading(timeMs, clock.GetTimestamp()));
        }
    }

    private sealed record Reading(long TimeMs, long At);
}
