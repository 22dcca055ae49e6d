using System.Text.Json;

namespace Csmr.Composition.Json;

/// <summary>Reads one member of a record.</summary>
internal static class JsonMember
{
    /// <summary>A member's value.</summary>
    /// <param name="canonical">The record: canonical JSON text.</param>
    /// <param name="name">The member's name.</param>
    /// <param name="type">The member's type.</param>
    /// <returns>The value; null where there is none of that name and type, and where a machine answered what is no JSON.</returns>
    public static Value Read(byte[] canonical, string name, ValueType type)
    {
        try
        {
            return Find(canonical, name, type);
        }
        catch (JsonException)
        {
            return Value.Null;
        }
        catch (InvalidOperationException)
        {
            return Value.Null; // A text with half a surrogate pair.
        }
    }

    private static Value Find(byte[] canonical, string name, ValueType type)
    {
        var reader = new Utf8JsonReader(canonical);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return Value.Null;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isWanted = reader.ValueTextEquals(name);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            if (isWanted && type.Carrier != ValueKind.Json)
            {
                return Scalar(ref reader, type);
            }

            reader.Skip();
            if (isWanted)
            {
                return reader.TokenType == JsonTokenType.Null
                    ? Value.Null
                    : Value.OfJson(canonical[start..(int)reader.BytesConsumed]);
            }
        }

        return Value.Null;
    }

    private static Value Scalar(ref Utf8JsonReader reader, ValueType type) => (type.Carrier, reader.TokenType) switch
    {
        (ValueKind.String, JsonTokenType.String) => Value.Of(reader.GetString()),
        (ValueKind.Long, JsonTokenType.Number) when reader.TryGetInt64(out var number) => Value.Of(number),
        (ValueKind.Bool, JsonTokenType.True) => Value.Of(true),
        (ValueKind.Bool, JsonTokenType.False) => Value.Of(false),
        _ => Value.Null,
    };
}
