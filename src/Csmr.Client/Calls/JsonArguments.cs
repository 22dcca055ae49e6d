using System.Text.Json;
using System.Text.Json.Serialization;

namespace Csmr.Client;

/// <summary>Turns what callers give as arguments into the JSON object that goes on the wire.</summary>
internal static class JsonArguments
{
    private static readonly byte[] None = "{}"u8.ToArray();

    /// <summary>How arguments are written and results are read: member names in camel case, nulls left out.</summary>
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.Strict,
    };

    public static byte[] Write(object? arguments)
    {
        if (arguments is null)
        {
            return None;
        }

        var utf8 = JsonSerializer.SerializeToUtf8Bytes(arguments, arguments.GetType(), Options);
        return utf8[0] == (byte)'{'
            ? utf8
            : throw new ArgumentException("The arguments must be an object with a member for each of them.", nameof(arguments));
    }
}
