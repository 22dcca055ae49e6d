using System.Text.Json;

namespace Csmr.TestKit.Machines;

/// <summary>What an outcome owes to the definition of its operation.</summary>
public static class OutcomeRules
{
    /// <summary>Tells what is wrong with an outcome.</summary>
    /// <param name="machine">The machine's definition.</param>
    /// <param name="operation">The operation's definition.</param>
    /// <param name="outcome">The outcome.</param>
    /// <returns>One sentence for each problem.</returns>
    public static IEnumerable<string> Check(MachineDefinition machine, OperationDefinition operation, Outcome outcome)
    {
        if (outcome.Kind == OutcomeKind.Refused)
        {
            return CheckRefusal(machine, operation, outcome);
        }

        if (outcome.Kind != OutcomeKind.Done)
        {
            return [$"The outcome is {outcome.Kind}; a machine answers or refuses."];
        }

        return outcome.Fields.Length == operation.Fields.Count
            ? operation.Fields.Zip(outcome.Fields.ToArray()).SelectMany(static pair => Check(pair.First, pair.Second))
            : [$"There are {outcome.Fields.Length} fields; {operation.Fields.Count} are declared."];
    }

    /// <summary>The value for comparing where stamps may differ: each stamp that is not null reads as one.</summary>
    /// <param name="field">The field's definition.</param>
    /// <param name="value">The value.</param>
    /// <returns>A text.</returns>
    public static string WithoutStamps(FieldDefinition field, Value value)
    {
        if (value.Kind != ValueKind.Json)
        {
            return field.IsStamp && !value.IsNull ? "stamp" : value.ToString();
        }

        using var json = JsonDocument.Parse(value.AsJson());
        return WithoutStamps(field, json.RootElement);
    }

    private static IEnumerable<string> CheckRefusal(MachineDefinition machine, OperationDefinition operation, Outcome outcome)
    {
        if (!outcome.Code.StartsWith(machine.Name + ".", StringComparison.Ordinal))
        {
            yield return $"The code '{outcome.Code}' of the refusal does not start with '{machine.Name}.'.";
        }

        if (operation.Refusals.All(refusal => refusal.Code != outcome.Code))
        {
            yield return $"The refusal '{outcome.Code}' is not declared.";
        }

        if (outcome.Message.Length == 0)
        {
            yield return $"The refusal '{outcome.Code}' has no message.";
        }
    }

    private static IEnumerable<string> Check(FieldDefinition field, Value value)
    {
        if (value.IsNull)
        {
            return field.IsNullable ? [] : [$"The field '{field.Name}' is null and not declared so."];
        }

        if (value.Kind != field.Type.Carrier)
        {
            return [$"The field '{field.Name}' is {value.Kind}; {field.Type} is declared."];
        }

        if (value.Kind != ValueKind.Json)
        {
            return [];
        }

        try
        {
            using var json = JsonDocument.Parse(value.AsJson());
            return [.. Check(field, json.RootElement)];
        }
        catch (JsonException error)
        {
            return [$"The field '{field.Name}' is no JSON text: {error.Message}"];
        }
    }

    /// <summary>Tells what is wrong with a field as JSON.</summary>
    /// <param name="field">The field's definition.</param>
    /// <param name="json">Its value.</param>
    /// <returns>One sentence for each problem.</returns>
    public static IEnumerable<string> Check(FieldDefinition field, JsonElement json)
    {
        if (json.ValueKind == JsonValueKind.Null)
        {
            return field.IsNullable || ReferenceEquals(field.Type, ValueType.Json) ? [] : [$"'{field.Name}' is null and not declared so."];
        }

        var (fits, inner) = (field.Type.Name, json.ValueKind) switch
        {
            ("json", _) or ("string", JsonValueKind.String) or ("bool", JsonValueKind.True or JsonValueKind.False) => (true, []),
            ("long", JsonValueKind.Number) => (json.TryGetInt64(out _), []),
            ("list", JsonValueKind.Array) => (true, json.EnumerateArray().SelectMany(element => Check(ElementOf(field), element))),
            ("record", JsonValueKind.Object) => (true, CheckRecord(field, json)),
            _ => (false, Enumerable.Empty<string>()),
        };
        return fits ? inner : [$"'{field.Name}' is {json.ValueKind}; {field.Type} is declared."];
    }

    private static IEnumerable<string> CheckRecord(FieldDefinition field, JsonElement json)
    {
        var given = json.EnumerateObject().Select(static member => member.Name).ToArray();
        var declared = field.Type.Fields.Select(static inner => inner.Name).ToArray();
        return given.SequenceEqual(declared, StringComparer.Ordinal)
            ? field.Type.Fields.SelectMany(inner => Check(inner, json.GetProperty(inner.Name)))
            : [$"'{field.Name}' has the members {string.Join(", ", given)}; {string.Join(", ", declared)} are declared."];
    }

    private static string WithoutStamps(FieldDefinition field, JsonElement json) => (field.Type.Name, json.ValueKind) switch
    {
        ("list", JsonValueKind.Array) => $"[{string.Join(',', json.EnumerateArray().Select(element => WithoutStamps(ElementOf(field), element)))}]",
        ("record", JsonValueKind.Object) =>
            $"{{{string.Join(',', field.Type.Fields.Select(inner => $"{inner.Name}:{WithoutStamps(inner, json.GetProperty(inner.Name))}"))}}}",
        (_, not JsonValueKind.Null) when field.IsStamp => "stamp",
        _ => json.GetRawText(),
    };

    private static FieldDefinition ElementOf(FieldDefinition field) => new($"{field.Name}[]", field.Type.Element!, field.Summary);
}
