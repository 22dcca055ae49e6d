using System.Text.Json;
using Csmr.Chaos.Histories;

namespace Csmr.Chaos.Loads;

/// <summary>One call to be made.</summary>
/// <param name="Operation">The operation.</param>
/// <param name="Arguments">The named arguments.</param>
/// <param name="IsRead">Whether it changes nothing.</param>
/// <param name="Key">Its idempotency key, the same in every try; a read goes without.</param>
public sealed record CallRequest(string Operation, IReadOnlyDictionary<string, object> Arguments, bool IsRead, string Key)
{
    /// <summary>A call that only reads.</summary>
    public static CallRequest Read(string operation, params (string Name, object Value)[] arguments) => Make(operation, isRead: true, arguments);

    /// <summary>A call that changes something, with a key of its own.</summary>
    public static CallRequest Write(string operation, params (string Name, object Value)[] arguments) => Make(operation, isRead: false, arguments);

    private static CallRequest Make(string operation, bool isRead, (string Name, object Value)[] arguments) => new(
        operation,
        arguments.ToDictionary(static argument => argument.Name, static argument => argument.Value, StringComparer.Ordinal),
        isRead,
        Guid.NewGuid().ToString("N"));
}

/// <summary>How one try ended.</summary>
public enum TryEnd
{
    /// <summary>With an answer.</summary>
    Ok = 0,

    /// <summary>With a refusal by the service.</summary>
    Refused = 1,

    /// <summary>It was not executed and will not be: try again.</summary>
    NotDone = 2,

    /// <summary>Nobody knows: try again with the same key.</summary>
    Unknown = 3,

    /// <summary>With something that a right server never answers to a right call.</summary>
    Surprise = 4,
}

/// <summary>What came of one try.</summary>
/// <param name="End">How it ended.</param>
/// <param name="Answer">The answer's members.</param>
/// <param name="RequestId">The request's id, where it was told.</param>
/// <param name="Slots">Where it was executed.</param>
/// <param name="Detail">For a person, where it did not end well.</param>
public sealed record TryResult(
    TryEnd End, JsonElement? Answer = null, string RequestId = "", IReadOnlyList<GroupSlot>? Slots = null, string Detail = "");

/// <summary>A way to call the service.</summary>
public interface ICaller : IAsyncDisposable
{
    /// <summary>Whether it repeats by itself until it knows or gives up: then it is not asked again.</summary>
    bool Repeats { get; }

    /// <summary>Makes one try.</summary>
    Task<TryResult> TryAsync(CallRequest request, CancellationToken cancellationToken);
}

/// <summary>Draws the calls of one client.</summary>
public interface IWorkload
{
    /// <summary>The next call.</summary>
    CallRequest Next();

    /// <summary>Learns from an answer what the next calls may build upon.</summary>
    void Learn(CallRequest request, TryResult result);
}
