namespace Csmr.Services.Locks;

/// <summary>A lock that is held.</summary>
/// <param name="Owner">The owner; null where it is held without a name.</param>
/// <param name="Token">The fencing token.</param>
/// <param name="ExpiresAtMs">The first millisecond at which it is held no more; null: held until released.</param>
internal sealed record HeldLock(string? Owner, long Token, long? ExpiresAtMs)
{
    /// <summary>Whether its lease is over.</summary>
    public bool IsOver(long nowMs) => nowMs >= ExpiresAtMs;
}

/// <summary>
/// The locks that are held, and the last token. A lock whose lease is over is no state: nothing shows whether it was
/// forgotten already, and <see cref="Forget"/> does so a few at a time.
/// </summary>
internal sealed class LockState
{
    private OrderedMap<OrdinalKey, HeldLock> _held = new();
    private OrderedMap<(long ExpiresAtMs, OrdinalKey Key), bool> _byExpiry = new();

    /// <summary>Makes one in which nothing is held.</summary>
    /// <param name="lastToken">The last token given.</param>
    public LockState(long lastToken = 0) => LastToken = lastToken;

    /// <summary>The last token given, over all keys; never goes down, so that no token is given twice.</summary>
    public long LastToken { get; private set; }

    /// <summary>The time of the last entry: what is over by then is no state.</summary>
    public long NowMs { get; private set; }

    /// <summary>The locks in memory, over or not.</summary>
    public int InMemory => _held.Count;

    /// <summary>The locks that are held, in the order of their keys.</summary>
    public IEnumerable<KeyValuePair<OrdinalKey, HeldLock>> Held => _held.All().Where(pair => !pair.Value.IsOver(NowMs));

    /// <summary>A copy, at once.</summary>
    public LockState Copy() => new(LastToken) { NowMs = NowMs, _held = _held.Copy(), _byExpiry = _byExpiry.Copy() };

    /// <summary>Moves the time forward.</summary>
    public void Advance(long nowMs) => NowMs = Math.Max(NowMs, nowMs);

    /// <summary>Forgets locks whose lease is over, the longest over first.</summary>
    /// <param name="locksMax">The most locks to forget.</param>
    public void Forget(int locksMax)
    {
        for (var i = 0; i < locksMax && _byExpiry.TryFirst(out var first, out _) && first.ExpiresAtMs <= NowMs; i++)
        {
            Remove(first.Key.Text);
        }
    }

    /// <summary>The lock under a key, if it is held.</summary>
    public HeldLock? Find(string key) => _held.TryGet(key, out var held) && !held.IsOver(NowMs) ? held : null;

    /// <summary>Draws the next token.</summary>
    public long NextToken() => ++LastToken;

    /// <summary>Tokens go on from a number, where they are not beyond it.</summary>
    public void RaiseToken(long lastToken) => LastToken = Math.Max(LastToken, lastToken);

    /// <summary>Sets the lock under a key.</summary>
    public void Set(string key, HeldLock held)
    {
        if (_held.Set(key, held, out var previous))
        {
            Unindex(key, previous);
        }

        if (held.ExpiresAtMs is { } expiresAtMs)
        {
            _byExpiry.Set((expiresAtMs, key), true);
        }
    }

    /// <summary>Removes the lock under a key, if there is one.</summary>
    public void Remove(string key)
    {
        if (_held.Remove(key, out var held))
        {
            Unindex(key, held);
        }
    }

    private void Unindex(string key, HeldLock held)
    {
        if (held.ExpiresAtMs is { } expiresAtMs)
        {
            _byExpiry.Remove((expiresAtMs, key));
        }
    }
}
