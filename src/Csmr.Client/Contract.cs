using Orleans.Concurrency;

namespace Csmr.Client;

/// <summary>One call of an operation of the composition.</summary>
[GenerateSerializer, Immutable, Alias("csmr.InvocationRequest")]
public sealed class InvocationRequest
{
    /// <summary>The operation's name.</summary>
    [Id(0)]
    public required string Operation { get; init; }

    /// <summary>The named arguments: a JSON object as UTF-8 text.</summary>
    [Id(1)]
    public required byte[] Arguments { get; init; }

    /// <summary>Makes the call exactly-once: a repetition with the same key is answered from what the first one gave.</summary>
    [Id(2)]
    public string? IdempotencyKey { get; init; }

    /// <summary>The caller's session (32 hexadecimal digits), with <see cref="Sequence"/>: another way to be exactly-once.</summary>
    [Id(3)]
    public string? Session { get; init; }

    /// <summary>The request's number in its session, counted from 1.</summary>
    [Id(4)]
    public long Sequence { get; init; }

    /// <summary>The caller has the answers of all requests of its session below this number.</summary>
    [Id(5)]
    public long AcknowledgedBelow { get; init; }

    /// <summary>Milliseconds since 1970-01-01 UTC after which the request must not be executed any more; 0: as the server's retention says.</summary>
    [Id(6)]
    public long ExpiresAtMs { get; init; }

    /// <summary>Milliseconds after which the caller wants an answer, be it <see cref="CallStatus.OutcomeUnknown"/>; 0: the server's default.</summary>
    [Id(7)]
    public int TimeoutMs { get; init; }

    /// <summary>The service, where the operation is called as one of a service; null for a client-visible operation by its name alone.</summary>
    [Id(8)]
    public string? Service { get; init; }

    /// <summary>Whether the answer is to say of each step what it was answered, or why it was not executed: see <see cref="StepReply"/>.</summary>
    [Id(9)]
    public bool IsExplained { get; init; }
}

/// <summary>The answer to one call.</summary>
[GenerateSerializer, Immutable, Alias("csmr.InvocationReply")]
public sealed class InvocationReply
{
    /// <summary>How the call ended.</summary>
    [Id(0)]
    public required CallStatus Status { get; init; }

    /// <summary>What is known about its effects.</summary>
    [Id(1)]
    public required Certainty Certainty { get; init; }

    /// <summary>For <see cref="CallStatus.Done"/>: a JSON object with the member <c>result</c> and the further fields; else empty.</summary>
    [Id(2)]
    public byte[] Body { get; init; } = [];

    /// <summary>The stable code of what went wrong; empty for <see cref="CallStatus.Done"/>.</summary>
    [Id(3)]
    public string Code { get; init; } = "";

    /// <summary>What went wrong and what to do, for a person.</summary>
    [Id(4)]
    public string Message { get; init; } = "";

    /// <summary>The name of the argument that is at fault, if one is.</summary>
    [Id(5)]
    public string? Argument { get; init; }

    /// <summary>The request's id, for support and for asking again.</summary>
    [Id(6)]
    public string RequestId { get; init; } = "";

    /// <summary>Whether the answer was kept from an earlier try of the same request.</summary>
    [Id(7)]
    public bool IsReplayed { get; init; }

    /// <summary>What became of each step: where, and at which slot.</summary>
    [Id(8)]
    public StepReply[] Steps { get; init; } = [];

    /// <summary>For <see cref="CallStatus.Overloaded"/> and <see cref="CallStatus.Unavailable"/>: when to try again.</summary>
    [Id(9)]
    public int RetryAfterMs { get; init; }
}

/// <summary>What became of one step of a call.</summary>
[GenerateSerializer, Immutable, Alias("csmr.StepReply")]
public sealed class StepReply
{
    /// <summary>The step's name.</summary>
    [Id(0)]
    public required string Step { get; init; }

    /// <summary>The group that executed it; empty where it was skipped.</summary>
    [Id(1)]
    public string Group { get; init; } = "";

    /// <summary>The slot at which the group executed it; for a read, the slot up to which it had applied.</summary>
    [Id(2)]
    public long Slot { get; init; }

    /// <summary>
    /// What became of it: <c>done</c>, <c>refused</c>, <c>fault</c>, <c>skipped</c> (its condition did not hold), <c>not-reached</c> (a
    /// step that it waits for ended the operation), <c>not-done</c> (the call broke off before it) or <c>unknown</c>.
    /// </summary>
    [Id(3)]
    public required string State { get; init; }

    /// <summary>Where <see cref="InvocationRequest.IsExplained"/>: what it calls, as <c>service.operation</c>.</summary>
    [Id(4)]
    public string Call { get; init; } = "";

    /// <summary>Where explained and done: its answer, a JSON object with the member <c>result</c> and the further fields; else empty.</summary>
    [Id(5)]
    public byte[] Answer { get; init; } = [];

    /// <summary>Where explained and refused: the stable code.</summary>
    [Id(6)]
    public string Code { get; init; } = "";

    /// <summary>Where explained and not done: why, for a person.</summary>
    [Id(7)]
    public string Detail { get; init; } = "";
}

/// <summary>
/// The one door for Orleans clients. It runs in the silo that the client is connected to and sends each step of a call to
/// the right group. Any number of calls may run at once.
/// </summary>
[Alias("csmr.IProxyGrain")]
public interface IProxyGrain : IGrainWithIntegerKey
{
    /// <summary>Executes one operation of the composition.</summary>
    /// <param name="request">The call.</param>
    /// <returns>The answer. Errors are answers too; an exception means that the outcome is unknown.</returns>
    [Alias("Invoke")]
    Task<InvocationReply> InvokeAsync(InvocationRequest request);

    /// <summary>The operations that clients see, as the JSON of <c>GET /v1/operations</c>.</summary>
    /// <returns>UTF-8 text.</returns>
    [Alias("Describe")]
    Task<byte[]> DescribeAsync();
}
