using Csmr.Client;

namespace Csmr.Gateway.Problems;

/// <summary>One error to be told to a caller.</summary>
/// <param name="Type">Its kind.</param>
/// <param name="Detail">What went wrong and what to do, for a person.</param>
internal readonly record struct Problem(ProblemType Type, string Detail)
{
    /// <summary>The stable code; the slug of the kind where there is none of its own.</summary>
    public string? Code { get; init; }

    /// <summary>What is known about the effects of the call.</summary>
    public Certainty Outcome { get; init; }

    /// <summary>The request's id; the connection's count of requests where the call was never made.</summary>
    public string? RequestId { get; init; }

    /// <summary>The argument or header that is at fault.</summary>
    public string? Argument { get; init; }

    /// <summary>The key to ask again with, where the caller gave one and the outcome is unknown.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>When to try again; 0 where that is no question of time.</summary>
    public int RetryAfterMs { get; init; }

    /// <summary>The steps of a composite operation that broke off.</summary>
    public IReadOnlyList<StepReply>? Steps { get; init; }

    /// <summary>The groups that are not ready.</summary>
    public IReadOnlyList<string>? Groups { get; init; }

    /// <summary>The problem that the end of a call is.</summary>
    public static Problem Of(InvocationRequest request, InvocationReply reply)
    {
        var type = ProblemTypes.Of(reply.Status);
        return new Problem(type, reply.Message.Length > 0 ? reply.Message : type.Meaning)
        {
            Code = reply.Code,
            Outcome = reply.Certainty,
            RequestId = reply.RequestId,
            Argument = reply.Argument,
            Steps = reply.Steps,
            RetryAfterMs = reply.Status is CallStatus.Overloaded or CallStatus.Unavailable ? Math.Max(reply.RetryAfterMs, 1) : 0,
            IdempotencyKey = reply.Certainty == Certainty.Unknown ? request.IdempotencyKey : null,
        };
    }
}
