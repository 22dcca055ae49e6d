namespace Csmr.Client;

/// <summary>One call of a session, over all its tries.</summary>
/// <param name="client">Sends it.</param>
/// <param name="options">How it is repeated.</param>
/// <param name="timeout">How long the caller waits in all.</param>
internal sealed class SessionCall(CsmrClient client, CsmrSessionOptions options, TimeSpan timeout)
{
    // A try's answer may take this much longer than the server was given.
    private static readonly TimeSpan Transit = TimeSpan.FromMilliseconds(500);

    private readonly long _startedAt = client.Time.GetTimestamp();

    // Fixed at the first try: the server tells tries that are too late from new calls by it.
    private readonly long _expiresAtMs = (client.Time.GetUtcNow() + timeout + options.ClockDifferenceMax).ToUnixTimeMilliseconds();

    // Whether any try so far may have been executed: never taken back.
    private bool _mayBeDone;
    private InvocationReply? _lastReply;
    private Exception? _lastException;

    public required string Operation { get; init; }

    public required string? Service { get; init; }

    public required byte[] Arguments { get; init; }

    public required string Session { get; init; }

    public required long Sequence { get; init; }

    public required Func<long> AcknowledgedBelow { get; init; }

    private TimeSpan Remaining => timeout - client.Time.GetElapsedTime(_startedAt);

    private Certainty Certainty => _mayBeDone ? Certainty.Unknown : Certainty.NotDone;

    /// <summary>Tries until the outcome is known or the time is over.</summary>
    public async Task<CallResult> RunAsync(CancellationToken cancellationToken)
    {
        var pause = options.PauseMin;
        while (Remaining > TimeSpan.Zero)
        {
            if (cancellationToken.IsCancellationRequested)
            {
                throw new CsmrCanceledException(Certainty, cancellationToken);
            }

            if (await TryAsync(cancellationToken).ConfigureAwait(false) is { } result)
            {
                return result;
            }

            await PauseAsync(pause, cancellationToken).ConfigureAwait(false);
            pause = Min(pause * 2, options.PauseMax);
        }

        throw TimeIsOver();
    }

    /// <summary>Makes one try.</summary>
    /// <returns>The answer; null where another try may bring one.</returns>
    private async Task<CallResult?> TryAsync(CancellationToken cancellationToken)
    {
        var remaining = Remaining;
        var given = Min(options.TryTimeout, remaining);
        try
        {
            var reply = await client.SendAsync(RequestFor(given), Min(given + Transit, remaining), cancellationToken).ConfigureAwait(false);
            (_lastReply, _lastException) = (reply, null);
            return Judge(reply);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            _mayBeDone = true;
            throw new CsmrCanceledException(Certainty, cancellationToken);
        }
        catch (Exception exception) when (exception is not CsmrException)
        {
            _mayBeDone = true;
            _lastException = exception;
            return exception is ObjectDisposedException ? throw TimeIsOver() : null;
        }
    }

    private CallResult? Judge(InvocationReply reply)
    {
        _mayBeDone |= reply.Certainty != Certainty.NotDone && reply.Status != CallStatus.Done;
        switch (reply.Status)
        {
            case CallStatus.Done:
                return new CallResult(reply);
            case CallStatus.Overloaded or CallStatus.Unavailable or CallStatus.OutcomeUnknown:
            case CallStatus.Fault when reply.Certainty == Certainty.Unknown:
                return null;
            case CallStatus.Refused or CallStatus.Fault:
                // The outcome of this very request, kept by the service: it holds for every try.
                throw CsmrException.Of(reply, reply.Certainty);
            default:
                // Found before anything was executed, so it says nothing about earlier tries.
                throw CsmrException.Of(reply, Certainty);
        }
    }

    private async Task PauseAsync(TimeSpan pause, CancellationToken cancellationToken)
    {
        // Between a half and all of it, so that callers that failed together do not come back together.
        var jittered = pause * (0.5 + (Random.Shared.NextDouble() / 2));
        var asked = TimeSpan.FromMilliseconds(_lastException is null ? _lastReply?.RetryAfterMs ?? 0 : 0);
        var wait = Min(asked > jittered ? asked : jittered, Remaining);
        if (wait <= TimeSpan.Zero)
        {
            return;
        }

        try
        {
            await Task.Delay(wait, client.Time, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            throw new CsmrCanceledException(Certainty, cancellationToken);
        }
    }

    private InvocationRequest RequestFor(TimeSpan given) => new()
    {
        Operation = Operation,
        Service = Service,
        Arguments = Arguments,
        Session = Session,
        Sequence = Sequence,
        AcknowledgedBelow = AcknowledgedBelow(),
        ExpiresAtMs = _expiresAtMs,
        TimeoutMs = CsmrClient.MillisecondsOf(given),
    };

    private CsmrException TimeIsOver()
    {
        var requestId = $"{Session}-{Sequence}";
        var last = _lastException?.Message ?? (_lastReply is { Message.Length: > 0 } reply ? reply.Message : "no try was made");
        return _mayBeDone
            ? CsmrException.Unknown(
                $"'{Operation}' got no answer in time and may have been executed. Last: {last}", requestId, _lastReply?.Steps ?? [], _lastException)
            : CsmrException.NotDone(
                _lastReply?.Status ?? CallStatus.Unavailable, $"'{Operation}' was not executed in time. Last: {last}", requestId, _lastException);
    }

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
