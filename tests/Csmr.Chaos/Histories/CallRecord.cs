using System.Text.Json;
using Csmr.TestKit.Checking.Histories;

namespace Csmr.Chaos.Histories;

/// <summary>What a client knows about a call when it has done with it.</summary>
public enum CallEnd
{
    /// <summary>It was executed and answered.</summary>
    Ok = 0,

    /// <summary>The service refused it: an answer too.</summary>
    Refused = 1,

    /// <summary>Every try was answered with "not executed, and it will not be".</summary>
    NotDone = 2,

    /// <summary>It may have been executed or may still be.</summary>
    Unknown = 3,
}

/// <summary>Where a step of a call was executed; for a read, up to where the group had applied.</summary>
/// <param name="Group">The group.</param>
/// <param name="Slot">The slot of its log.</param>
public readonly record struct GroupSlot(string Group, long Slot);

/// <summary>One call of a client, over all its tries.</summary>
public sealed record CallRecord
{
    /// <summary>Who called: one call at a time.</summary>
    public required string Client { get; init; }

    /// <summary>The operation.</summary>
    public required string Operation { get; init; }

    /// <summary>The named arguments.</summary>
    public required JsonElement Arguments { get; init; }

    /// <summary>Whether it can change anything. A read has no identity in the log.</summary>
    public required bool IsRead { get; init; }

    /// <summary>The request's id in the logs, as session and sequence; empty for a read.</summary>
    public string RequestId { get; init; } = "";

    /// <summary>When it was first sent (a read: when the try that was answered was sent), in microseconds since the start of the run.</summary>
    public required long CalledAtUs { get; init; }

    /// <summary>When its end was known.</summary>
    public required long ReturnedAtUs { get; init; }

    public required CallEnd End { get; init; }

    /// <summary>The answer, or the problem with its <c>code</c> where refused.</summary>
    public JsonElement? Answer { get; init; }

    /// <summary>Where it was executed, as the answer told; empty where the client library does not hand that out.</summary>
    public IReadOnlyList<GroupSlot> Slots { get; init; } = [];

    public int Tries { get; init; } = 1;

    /// <summary>Whether it was acknowledged.</summary>
    public bool IsAnswered => End is CallEnd.Ok or CallEnd.Refused;

    /// <summary>The operations of single services that it consists of: <c>place</c> is a put and an append, each somewhere between call and answer.</summary>
    public IEnumerable<HistoryOperation> ToOperations()
    {
        if (Operation != "place")
        {
            return [Part(0, Operation, Arguments, End == CallEnd.Refused ? new { refused = Answer!.Value.GetProperty("code").GetString() } : Answer)];
        }

        var placed = End == CallEnd.Ok ? Answer!.Value.GetProperty("result") : default(JsonElement?);
        var entry = new { key = Arguments.GetProperty("key"), value = Arguments.GetProperty("value") };
        return
        [
            Part(0, "put", Arguments, placed is { } put ? new { result = true, version = put.GetProperty("version") } : null),
            Part(1, "audit.append", new { entry }, placed is { } append ? new { result = append.GetProperty("index") } : null),
        ];
    }

    private HistoryOperation Part(int step, string operation, object arguments, object? result) => new()
    {
        Client = Client,
        Op = operation,
        Args = JsonSerializer.SerializeToElement(arguments),
        Result = IsAnswered ? JsonSerializer.SerializeToElement(result) : null,
        CallNs = CalledAtUs * 1_000,
        ReturnNs = ReturnedAtUs * 1_000,
        Status = End switch
        {
            CallEnd.Ok or CallEnd.Refused => OperationStatus.Ok,
            CallEnd.NotDone => OperationStatus.Fail,
            _ => OperationStatus.Unknown,
        },
        Slots = step < Slots.Count && IsAnswered ? new Dictionary<string, long>(StringComparer.Ordinal) { [Slots[step].Group] = Slots[step].Slot } : null,
        Request = IsRead ? null : $"{RequestId}-{step}",
    };
}
