namespace Csmr.Client;

/// <summary>Calls operations of a composition: a <see cref="CsmrClient"/> once, a <see cref="CsmrSession"/> again until it knows.</summary>
public interface ICsmrCaller
{
    /// <summary>Calls an operation.</summary>
    /// <param name="operation">Its name.</param>
    /// <param name="arguments">
    /// The named arguments: an anonymous object, a dictionary, or a <see cref="System.Text.Json.JsonElement"/> that is an object;
    /// null for none.
    /// </param>
    /// <param name="options">What to say about the call.</param>
    /// <param name="cancellationToken">Ends the waiting. What was sent may still be executed.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="CsmrException">The call did not end well; it says what is known about its effects.</exception>
    /// <exception cref="CsmrCanceledException">The token was cancelled; it says what is known about the call's effects.</exception>
    Task<CallResult> InvokeAsync(
        string operation, object? arguments = null, CallOptions? options = null, CancellationToken cancellationToken = default);
}
