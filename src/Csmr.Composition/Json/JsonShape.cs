using System.Text.Json;

namespace Csmr.Composition.Json;

/// <summary>Holds JSON values against declared lists and records.</summary>
internal static class JsonShape
{
    /// <summary>Finds the first place where a value does not fit a type.</summary>
    /// <param name="type">The type.</param>
    /// <param name="canonical">The value: canonical JSON text.</param>
    /// <returns>What is wrong, to follow the name of the value; null where it fits.</returns>
    public static string? Find(ValueType type, ReadOnlySpan<byte> canonical)
    {
        if (ReferenceEquals(type, ValueType.Json))
        {
            return null;
        }

        var reader = new Utf8JsonReader(canonical, new JsonReaderOptions { MaxDepth = JsonCanonicaliser.DepthMax });
        reader.Read();
        return Find(type, ref reader);
    }

    private static string? Find(ValueType type, ref Utf8JsonReader reader)
    {
        if (type.Element is not null)
        {
            return reader.TokenType == JsonTokenType.StartArray ? FindInList(type.Element, ref reader) : $"must be a {type}";
        }

        if (type.Carrier == ValueKind.Json && !ReferenceEquals(type, ValueType.Json))
        {
            return reader.TokenType == JsonTokenType.StartObject ? FindInRecord(type, ref reader) : "must be an object";
        }

        var fits = type.Carrier switch
        {
            ValueKind.String => reader.TokenType == JsonTokenType.String,
            ValueKind.Long => reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out _),
            ValueKind.Bool => reader.TokenType is JsonTokenType.True or JsonTokenType.False,
            _ => true,
        };
        reader.Skip();
        return fits ? null : $"must be a {type}";
    }

    private static string? FindInList(ValueType element, ref Utf8JsonReader reader)
    {
        for (var i = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; i++)
        {
            if (Find(element, ref reader) is { } mismatch)
            {
                return $"item {i} {mismatch}";
            }
        }

        return null;
    }

    private static string? FindInRecord(ValueType type, ref Utf8JsonReader reader)
    {
        var missing = type.Fields.Where(static field => !field.IsNullable).Select(static field => field.Name).ToHashSet(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString();
            var field = type.Fields.FirstOrDefault(field => field.Name == name);
            if (field is null)
            {
                return $"has no member '{name}'; its members are {string.Join(", ", type.Fields.Select(static field => field.Name))}";
            }

            missing.Remove(field.Name);
            reader.Read();
            if (reader.TokenType == JsonTokenType.Null && field.IsNullable)
            {
                continue;
            }

            if (Find(field.Type, ref reader) is { } mismatch)
            {
                return $"member '{name}' {mismatch}";
            }
        }

        return missing.Count > 0 ? $"lacks the member '{missing.Order(StringComparer.Ordinal).First()}'" : null;
    }
}
