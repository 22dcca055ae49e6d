namespace Csmr.Client;

/// <summary>The shipped service <c>lock</c>: locks under keys, with owners, leases and fencing tokens.</summary>
/// <remarks>
/// An owner that is left out is the caller's session, or nobody by name where the calls are made without one: name the owner, or
/// use a <see cref="CsmrSession"/>.
/// </remarks>
public interface ILockService
{
    /// <summary>Takes a lock if it is free; the owner that holds it already keeps its token and starts a new lease.</summary>
    /// <param name="key">The lock's name: 1 to 1,024 bytes.</param>
    /// <param name="owner">Who takes it; the caller's session where null.</param>
    /// <param name="leaseSeconds">After how many seconds it is free again by itself; the service's default where null.</param>
    /// <param name="options">What to say about the call.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>Whether the caller holds the lock now, and its token.</returns>
    /// <exception cref="CsmrException">The call did not end well.</exception>
    Task<LockGrant> AcquireAsync(
        string key, string? owner = null, long? leaseSeconds = null, CallOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Gives a lock back.</summary>
    /// <param name="key">The lock's name.</param>
    /// <param name="owner">Who holds it; the caller's session where null.</param>
    /// <param name="token">The token that acquire gave, to be sure that it is this very holding.</param>
    /// <param name="options">What to say about the call.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>Whether it was given back; false where it is not held, or not by this owner and token.</returns>
    /// <exception cref="CsmrException">The call did not end well.</exception>
    Task<bool> ReleaseAsync(
        string key, string? owner = null, long? token = null, CallOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Starts a new lease of a lock that the caller holds.</summary>
    /// <param name="key">The lock's name.</param>
    /// <param name="owner">Who holds it; the caller's session where null.</param>
    /// <param name="leaseSeconds">The new lease; the service's default where null.</param>
    /// <param name="token">The token that acquire gave, to be sure that it is this very holding.</param>
    /// <param name="options">What to say about the call.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>Whether it was renewed, and until when.</returns>
    /// <exception cref="CsmrException">The call did not end well.</exception>
    Task<LockGrant> RenewAsync(
        string key,
        string? owner = null,
        long? leaseSeconds = null,
        long? token = null,
        CallOptions? options = null,
        CancellationToken cancellationToken = default);

    /// <summary>Tells whether a lock is held with a token.</summary>
    /// <param name="key">The lock's name.</param>
    /// <param name="token">The token.</param>
    /// <param name="options">What to say about the call.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>Whether it is held now with exactly this token.</returns>
    /// <exception cref="CsmrException">The call did not end well.</exception>
    Task<bool> CheckAsync(string key, long token, CallOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Tells who holds a lock.</summary>
    /// <param name="key">The lock's name.</param>
    /// <param name="options">What to say about the call.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The holder.</returns>
    /// <exception cref="CsmrException">The call did not end well.</exception>
    Task<LockHolder> QueryAsync(string key, CallOptions? options = null, CancellationToken cancellationToken = default);
}

/// <summary>What came of taking or renewing a lock.</summary>
/// <param name="IsHeld">Whether the caller holds the lock now.</param>
/// <param name="Token">The fencing token: above that of every earlier holder; null where not held.</param>
/// <param name="ExpiresAt">When the lease ends; null where not held, or held until released.</param>
public sealed record LockGrant(bool IsHeld, long? Token, DateTimeOffset? ExpiresAt);

/// <summary>Who holds a lock.</summary>
/// <param name="IsHeld">Whether it is held.</param>
/// <param name="Owner">The owner; null where it is not held, or held without a name.</param>
/// <param name="Token">The holder's fencing token; null where not held.</param>
/// <param name="ExpiresAt">When the lease ends; null where not held, or held until released.</param>
public sealed record LockHolder(bool IsHeld, string? Owner, long? Token, DateTimeOffset? ExpiresAt);
