using System.Security.Cryptography;

namespace Csmr.Client;

/// <summary>
/// A caller's own session: a call is sent again until its outcome is known or its time is over, and is executed once
/// at most, whatever silos, leaders and connections do meanwhile. Safe for any number of callers at once.
/// </summary>
/// <remarks>
/// When the time is over the error is truthful: <see cref="CsmrUnavailableException"/> where no try can have been executed, else
/// <see cref="CsmrOutcomeUnknownException"/>; a call that ended so is not sent again, but may still be executed until it expires
/// (<see cref="CsmrSessionOptions.ClockDifferenceMax"/> after its timeout).
/// </remarks>
public sealed class CsmrSession : ICsmrCaller
{
    private readonly CsmrClient _client;
    private readonly OpenSequences _sequences = new();

    internal CsmrSession(CsmrClient client, CsmrSessionOptions options)
    {
        (_client, Options) = (client, options);
        var random = RandomNumberGenerator.GetBytes(16);
        Id = new SessionId(BitConverter.ToUInt64(random, 0) | 1, BitConverter.ToUInt64(random, 8));
    }

    /// <summary>The session.</summary>
    public SessionId Id { get; }

    internal CsmrSessionOptions Options { get; }

    /// <inheritdoc/>
    public async Task<CallResult> InvokeAsync(
        string operation, object? arguments = null, CallOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(operation);
        if (options?.IdempotencyKey is not null)
        {
            throw new ArgumentException("A session makes the ids of its calls itself: give no idempotency key.", nameof(options));
        }

        var json = JsonArguments.Write(arguments);
        var timeout = options?.Timeout ?? _client.Timeout;
        var sequence = _sequences.Begin();
        try
        {
            var call = new SessionCall(_client, Options, timeout)
            {
                Operation = operation,
                Service = options?.Service,
                Arguments = json,
                Session = Id.ToString(),
                Sequence = sequence,
                AcknowledgedBelow = _sequences.AcknowledgedBelow,
            };
            return await call.RunAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _sequences.End(sequence);
        }
    }
}
