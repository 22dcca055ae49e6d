namespace Csmr.Replication.Paxos;

/// <summary>A host's clocks at one moment.</summary>
/// <param name="WallMs">Milliseconds since 1970-01-01 UTC. May be wrong, and may jump.</param>
/// <param name="MonotonicMs">Milliseconds since any moment before the process began: never goes back, never jumps.</param>
public readonly record struct HostTime(long WallMs, long MonotonicMs);

/// <summary>
/// The group's time as one replica reckons it. It goes on with the leader's monotonic clock and nears the leader's wall clock by
/// one part in <see cref="Parts"/> at most, so a wall clock that jumps, or a new leader whose wall clock is wrong, does not end
/// leases and sessions before their time. A new leader goes on from the furthest time that a quorum reckons with; only where
/// nobody in it has heard of a leader since its own start does it take its wall clock.
/// </summary>
/// <remarks>For leases and expiry alone: which entry is chosen does not depend on it.</remarks>
internal sealed class GroupClock
{
    /// <summary>How slowly the wall clock is neared: also the unit of <see cref="_parts"/>, so that no rounding adds up.</summary>
    private const long Parts = 64;

    private HostTime _now;
    private (Ballot Ballot, long TimeMs) _heard;
    private long _parts;
    private long _atMs;
    private bool _isKnown;

    /// <summary>
    /// Set where <see cref="_parts"/> was learned after the clocks were last read, who knows how long after: time goes on from
    /// there when they are read again. So a process that stood still does not count that time twice.
    /// </summary>
    private bool _isNew;

    /// <summary>The time that this replica reckons with, in milliseconds; 0 while it has heard of none.</summary>
    public long EstimateMs => _isKnown ? (_parts / Parts) + Elapsed : 0;

    private long Elapsed => _isNew ? 0 : _now.MonotonicMs - _atMs;

    /// <summary>The host's clocks have gone on.</summary>
    public void Set(HostTime now)
    {
        _now = now with { MonotonicMs = Math.Max(now.MonotonicMs, _now.MonotonicMs) };
        if (_isNew)
        {
            (_atMs, _isNew) = (_now.MonotonicMs, false);
        }
    }

    /// <summary>A leader tells the time. Its messages come in any order: an older one tells nothing.</summary>
    public void Hear(Ballot ballot, long timeMs)
    {
        if (timeMs > 0 && (ballot > _heard.Ballot || (ballot == _heard.Ballot && timeMs > _heard.TimeMs)))
        {
            _heard = (ballot, timeMs);
            Know(timeMs);
        }
    }

    /// <summary>This replica begins to lead.</summary>
    /// <param name="promisedMs">The furthest time of the promises to it; 0 for none.</param>
    public void Lead(long promisedMs)
    {
        var known = Math.Max(promisedMs, EstimateMs);
        Know(known > 0 ? known : _now.WallMs);
    }

    /// <summary>The leader's time for what it sends now.</summary>
    public long ReadMs()
    {
        var elapsed = Elapsed;
        _parts += Math.Clamp((_now.WallMs * Parts) - _parts, elapsed * (Parts - 1), elapsed * (Parts + 1));
        _atMs = _now.MonotonicMs;
        return _parts / Parts;
    }

    private void Know(long timeMs) => (_parts, _isKnown, _isNew) = (timeMs * Parts, true, true);
}
