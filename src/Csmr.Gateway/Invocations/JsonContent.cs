using Microsoft.Net.Http.Headers;

namespace Csmr.Gateway.Invocations;

/// <summary>What counts as a JSON body.</summary>
internal static class JsonContent
{
    public const string Type = "application/json";

    /// <summary>Whether a request's body may be read: JSON in UTF-8 or of no declared type, and not compressed.</summary>
    public static bool IsAccepted(HttpRequest request) =>
        IsJson(request.ContentType) && (request.Headers.ContentEncoding.Count == 0 || request.Headers.ContentEncoding == "identity");

    private static bool IsJson(string? type)
    {
        if (string.IsNullOrEmpty(type) || string.Equals(type, Type, StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        return MediaTypeHeaderValue.TryParse(type, out var parsed)
            && parsed.MediaType.Equals(Type, StringComparison.OrdinalIgnoreCase)
            && (!parsed.Charset.HasValue || parsed.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase) || parsed.Charset.Equals("\"utf-8\"", StringComparison.OrdinalIgnoreCase));
    }
}
