namespace Csmr.Client;

/// <summary>A call that did not end well. <see cref="Certainty"/> says whether it was executed.</summary>
public abstract class CsmrException : Exception
{
    private protected CsmrException(CallStatus status, Certainty certainty, string message, Exception? inner = null)
        : base(message, inner) => (Status, Certainty, Code) = (status, certainty, "");

    /// <summary>How the call ended.</summary>
    public CallStatus Status { get; }

    /// <summary>What is known about the effects of the call.</summary>
    public Certainty Certainty { get; }

    /// <summary>The stable code of what went wrong, such as <c>log.truncated</c>; may be empty.</summary>
    public string Code { get; private init; }

    /// <summary>The argument that is at fault, if one is.</summary>
    public string? Argument { get; private init; }

    /// <summary>The request's id, for support and for asking again; empty where the call was not made.</summary>
    public string RequestId { get; private init; } = "";

    /// <summary>What became of each step of a composite operation that broke off.</summary>
    public IReadOnlyList<StepReply> Steps { get; private init; } = [];

    /// <summary>When to try again, where that is a question of time.</summary>
    public TimeSpan? RetryAfter { get; private init; }

    /// <summary>The exception that an answer stands for.</summary>
    internal static CsmrException Of(InvocationReply reply, Certainty certainty)
    {
        var (status, message) = (reply.Status, reply.Message.Length > 0 ? reply.Message : $"The call ended with {reply.Status}.");
        var (code, steps, retryAfter) = (reply.Code, reply.Steps, reply.RetryAfterMs > 0 ? TimeSpan.FromMilliseconds(reply.RetryAfterMs) : (TimeSpan?)null);
        return status switch
        {
            CallStatus.Refused => new CsmrRefusedException(status, certainty, message)
            {
                Code = code, RequestId = reply.RequestId, Steps = steps,
            },
            CallStatus.Overloaded or CallStatus.Unavailable => new CsmrUnavailableException(status, certainty, message, null)
            {
                Code = code, RequestId = reply.RequestId, Steps = steps, RetryAfter = retryAfter,
            },
            CallStatus.OutcomeUnknown => new CsmrOutcomeUnknownException(status, certainty, message, null)
            {
                Code = code, RequestId = reply.RequestId, Steps = steps,
            },
            CallStatus.Fault => new CsmrFaultException(status, certainty, message)
            {
                Code = code, RequestId = reply.RequestId, Steps = steps,
            },
            _ => new CsmrInvalidCallException(status, certainty, message)
            {
                Code = code, RequestId = reply.RequestId, Argument = reply.Argument,
            },
        };
    }

    /// <summary>The end of a call of which nobody knows whether it was executed.</summary>
    internal static CsmrOutcomeUnknownException Unknown(string message, string requestId, IReadOnlyList<StepReply> steps, Exception? inner) =>
        new(CallStatus.OutcomeUnknown, Certainty.Unknown, message, inner) { Code = "outcome-unknown", RequestId = requestId, Steps = steps };

    /// <summary>The end of a call that was never executed.</summary>
    internal static CsmrUnavailableException NotDone(CallStatus status, string message, string requestId, Exception? inner) =>
        new(status, Certainty.NotDone, message, inner) { Code = "unavailable", RequestId = requestId };
}

/// <summary>The service refused the call: <see cref="CsmrException.Code"/> and the message say why.</summary>
public sealed class CsmrRefusedException : CsmrException
{
    internal CsmrRefusedException(CallStatus status, Certainty certainty, string message)
        : base(status, certainty, message)
    {
    }
}

/// <summary>
/// The call itself is wrong: an argument, the operation's name, a removed operation, too large, a key used twice, expired.
/// Sending it again does not help.
/// </summary>
public sealed class CsmrInvalidCallException : CsmrException
{
    internal CsmrInvalidCallException(CallStatus status, Certainty certainty, string message)
        : base(status, certainty, message)
    {
    }
}

/// <summary>No leader with a quorum was reached, or it had too much to do. Try again after a while.</summary>
public sealed class CsmrUnavailableException : CsmrException
{
    internal CsmrUnavailableException(CallStatus status, Certainty certainty, string message, Exception? inner)
        : base(status, certainty, message, inner)
    {
    }
}

/// <summary>The call may have been executed or may still be. Repeating it with the same idempotency key tells.</summary>
public sealed class CsmrOutcomeUnknownException : CsmrException
{
    internal CsmrOutcomeUnknownException(CallStatus status, Certainty certainty, string message, Exception? inner)
        : base(status, certainty, message, inner)
    {
    }
}

/// <summary>A defect of a state machine or of the platform was met.</summary>
public sealed class CsmrFaultException : CsmrException
{
    internal CsmrFaultException(CallStatus status, Certainty certainty, string message)
        : base(status, certainty, message)
    {
    }
}
