using System.Text.Json;

namespace Csmr.TestKit.Checking.Histories;

/// <summary>What a client knows of the end of an operation.</summary>
public enum OperationStatus
{
    /// <summary>It was executed and answered. A refusal is an answer: <c>{"refused": "log.truncated"}</c>.</summary>
    Ok,

    /// <summary>It was not executed and never will be.</summary>
    Fail,

    /// <summary>It may have been executed, or may be at any later time, or never.</summary>
    Unknown,
}

/// <summary>One operation of a history, as its client saw it: one line of a history file.</summary>
public sealed record HistoryOperation
{
    private static readonly JsonElement NoArguments = JsonElement.Parse("{}");

    /// <summary>Who called.</summary>
    public required string Client { get; init; }

    /// <summary>What was called: <c>put</c>, or <c>store.put</c> where several services have the operation.</summary>
    public required string Op { get; init; }

    /// <summary>The named arguments: a JSON object.</summary>
    public JsonElement Args { get; init; } = NoArguments;

    /// <summary>The answer: the JSON object of a 200, or that of a refusal. None unless the status is ok.</summary>
    public JsonElement? Result { get; init; }

    /// <summary>When the call began, in nanoseconds of one monotonic clock for the whole history.</summary>
    public required long CallNs { get; init; }

    /// <summary>When the answer came. Of an operation that is unknown it says when the client gave up, which proves nothing.</summary>
    public long? ReturnNs { get; init; }

    /// <summary>What is known of its end.</summary>
    public required OperationStatus Status { get; init; }

    /// <summary>By group: the slot at which it was executed; of a read, the slot up to which the group had applied.</summary>
    public IReadOnlyDictionary<string, long>? Slots { get; init; }

    /// <summary>The id of the request, by which it is found in the log. The same in every repetition.</summary>
    public string? Request { get; init; }

    /// <summary>The end of the interval in which it took effect, if it did.</summary>
    public long EndNs => Status == OperationStatus.Ok && ReturnNs is { } end ? end : long.MaxValue;

    /// <summary>The same, as if no answer had come.</summary>
    /// <returns>The operation.</returns>
    public HistoryOperation Unanswered() => this with { Status = OperationStatus.Unknown, Result = null, Slots = null };

    /// <inheritdoc/>
    public override string ToString()
    {
        var end = Status == OperationStatus.Ok ? $"{ReturnNs}" : "…";
        var answer = Status switch
        {
            OperationStatus.Ok => Result?.GetRawText(),
            OperationStatus.Fail => "not done",
            _ => "unknown",
        };
        var slots = Slots is { Count: > 0 } ? " at " + string.Join(",", Slots.Select(pair => $"{pair.Key}={pair.Value}")) : "";
        return $"[{CallNs}..{end}] {Client} {Op}{Args.GetRawText()} = {answer}{slots}";
    }
}
