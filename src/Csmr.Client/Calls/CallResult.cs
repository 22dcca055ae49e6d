using System.Collections.ObjectModel;
using System.Text.Json;

namespace Csmr.Client;

/// <summary>The answer to a call that was executed. Immutable.</summary>
public sealed class CallResult
{
    internal CallResult(InvocationReply reply)
    {
        Json = JsonElement.Parse(reply.Body);
        RequestId = reply.RequestId;
        IsReplayed = reply.IsReplayed;
        Steps = new ReadOnlyCollection<StepReply>(reply.Steps);
    }

    /// <summary>The whole answer: a JSON object with the member <c>result</c> and the further fields.</summary>
    public JsonElement Json { get; }

    /// <summary>The result: the first field of the answer.</summary>
    public JsonElement Result => Field("result");

    /// <summary>The request's id, for support.</summary>
    public string RequestId { get; }

    /// <summary>Whether the answer was kept from an earlier try of the same request.</summary>
    public bool IsReplayed { get; }

    /// <summary>What became of each step: the group that executed it and the slot at which it did.</summary>
    public IReadOnlyList<StepReply> Steps { get; }

    /// <summary>A field of the answer.</summary>
    /// <param name="name">Its name; the first field is called <c>result</c>.</param>
    /// <returns>The value.</returns>
    /// <exception cref="KeyNotFoundException">The answer has no such field.</exception>
    public JsonElement Field(string name) =>
        Json.TryGetProperty(name, out var value) ? value : throw new KeyNotFoundException($"The answer has no field '{name}'.");

    /// <summary>The result as a value of a type.</summary>
    /// <typeparam name="T">The type.</typeparam>
    /// <returns>The value.</returns>
    /// <exception cref="JsonException">The result is no such value.</exception>
    public T? ResultAs<T>() => Result.Deserialize<T>(JsonArguments.Options);

    /// <summary>The answer as JSON text.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Json.GetRawText();
}
