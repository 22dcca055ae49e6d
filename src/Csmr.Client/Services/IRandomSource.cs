namespace Csmr.Client;

/// <summary>The shipped service <c>prng</c>: seeded pseudo-random numbers, the same at every replica; not for secrets.</summary>
public interface IRandomSource
{
    /// <summary>Draws the next number.</summary>
    /// <param name="bound">It is drawn evenly from 0 up to this, not included; 2^63 where null.</param>
    /// <param name="options">What to say about the call.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The number.</returns>
    /// <exception cref="CsmrException">The call did not end well.</exception>
    Task<long> NextAsync(long? bound = null, CallOptions? options = null, CancellationToken cancellationToken = default);
}

/// <inheritdoc cref="IRandomSource"/>
internal sealed class RandomSource(ServiceCaller caller) : IRandomSource
{
    async Task<long> IRandomSource.NextAsync(long? bound, CallOptions? options, CancellationToken cancellationToken)
    {
        var answer = await caller.InvokeAsync("next", options, cancellationToken, ("bound", bound)).ConfigureAwait(false);
        return answer.Result.GetInt64();
    }
}
