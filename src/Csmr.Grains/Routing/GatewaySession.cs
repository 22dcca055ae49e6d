using System.Security.Cryptography;

namespace Csmr.Grains.Routing;

/// <summary>
/// This silo's own session, for calls that bring neither a key nor a session: one sequence number for each call, and what
/// is answered is acknowledged, so that groups need not keep it.
/// </summary>
internal sealed class GatewaySession
{
    private readonly Lock _lock = new();
    private readonly HashSet<long> _doneEarly = [];
    private long _first = 1;
    private long _next = 1;

    /// <summary>The session: drawn at start, so that no other process has it.</summary>
    public SessionId Id { get; } = new(BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)), BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)));

    /// <summary>Begins a call.</summary>
    /// <param name="acknowledgedBelow">All calls below this number have ended.</param>
    /// <returns>Its sequence number.</returns>
    public long Begin(out long acknowledgedBelow)
    {
        lock (_lock)
        {
            acknowledgedBelow = _first;
            return _next++;
        }
    }

    /// <summary>A call has ended: nothing will be sent for it any more.</summary>
    /// <param name="sequence">Its sequence number.</param>
    public void End(long sequence)
    {
        lock (_lock)
        {
            if (sequence != _first)
            {
                _doneEarly.Add(sequence);
                return;
            }

            do
            {
                _first++;
            }
            while (_doneEarly.Remove(_first));
        }
    }
}
