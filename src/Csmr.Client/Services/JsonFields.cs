using System.Text.Json;

namespace Csmr.Client;

/// <summary>Reads fields that may be null.</summary>
internal static class JsonFields
{
    public static long? AsLong(this JsonElement field) => field.ValueKind == JsonValueKind.Null ? null : field.GetInt64();

    public static DateTimeOffset? AsTime(this JsonElement field) =>
        field.AsLong() is { } milliseconds ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : null;
}
