namespace Csmr.Client;

/// <summary>Numbers the calls of a session and knows which of them are not over.</summary>
internal sealed class OpenSequences
{
    private readonly Lock _lock = new();
    private readonly SortedSet<long> _open = [];
    private long _last;

    /// <summary>Starts a call.</summary>
    /// <returns>Its number, from 1.</returns>
    public long Begin()
    {
        lock (_lock)
        {
            _open.Add(++_last);
            return _last;
        }
    }

    /// <summary>Ends a call: its result need not be kept any longer, and it is not sent again.</summary>
    public void End(long sequence)
    {
        lock (_lock)
        {
            _open.Remove(sequence);
        }
    }

    /// <summary>All calls below this number are over.</summary>
    public long AcknowledgedBelow()
    {
        lock (_lock)
        {
            return _open.Count > 0 ? _open.Min : _last + 1;
        }
    }
}
