namespace Csmr.Client;

/// <summary>The shipped service <c>counter</c>: one number that is added to and read.</summary>
public interface ICounter
{
    /// <summary>Adds an amount to the number.</summary>
    /// <param name="amount">What to add, below 0 to take away.</param>
    /// <param name="options">What to say about the call.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The new number.</returns>
    /// <exception cref="CsmrException">The call did not end well.</exception>
    Task<long> AddAsync(long amount = 1, CallOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Reads the number.</summary>
    /// <param name="options">What to say about the call.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The number; it starts at 0.</returns>
    /// <exception cref="CsmrException">The call did not end well.</exception>
    Task<long> GetAsync(CallOptions? options = null, CancellationToken cancellationToken = default);
}

/// <inheritdoc cref="ICounter"/>
internal sealed class Counter(ServiceCaller caller) : ICounter
{
    async Task<long> ICounter.AddAsync(long amount, CallOptions? options, CancellationToken cancellationToken)
    {
        var answer = await caller.InvokeAsync("add", options, cancellationToken, ("amount", amount)).ConfigureAwait(false);
        return answer.Result.GetInt64();
    }

    async Task<long> ICounter.GetAsync(CallOptions? options, CancellationToken cancellationToken)
    {
        var answer = await caller.InvokeAsync("get", options, cancellationToken).ConfigureAwait(false);
        return answer.Result.GetInt64();
    }
}
