using System.Text.Json;
using Csmr.Gateway.Problems;

namespace Csmr.Gateway.Invocations;

/// <summary>Reads the small JSON objects that administration takes.</summary>
internal static class JsonBody
{
    private const int BytesMax = 64 << 10;

    /// <summary>Reads a body with known members.</summary>
    /// <typeparam name="T">What is made of it.</typeparam>
    /// <param name="context">The request.</param>
    /// <param name="members">The members that there may be.</param>
    /// <param name="read">Reads them; a <see cref="JsonException"/> or an <see cref="InvalidOperationException"/> says that one is of a wrong kind.</param>
    /// <returns>What was made; null where the body is none of ours: then the problem is told already. An empty body has no members.</returns>
    public static async Task<T?> ReadAsync<T>(HttpContext context, string[] members, Func<JsonElement, T> read)
        where T : class
    {
        if (await BodyReader.ReadAsync(context.Request, BytesMax) is not { } bytes)
        {
            await ProblemWriter.WriteAsync(context, new Problem(ProblemTypes.TooLarge, $"The body has more than {BytesMax} bytes."));
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(bytes);
            var unknown = document.RootElement.EnumerateObject().Select(static member => member.Name).FirstOrDefault(name => !members.Contains(name));
            if (unknown is null)
            {
                return read(document.RootElement);
            }

            await WriteInvalidAsync(context, $"'{unknown}' is unknown; the body may have {string.Join(", ", members.Select(static name => $"'{name}'"))}");
        }
        catch (Exception cause) when (cause is JsonException or InvalidOperationException)
        {
            await WriteInvalidAsync(context, $"the body is not as it should be: {cause.Message}");
        }

        return null;
    }

    /// <summary>Says that a request is wrong.</summary>
    public static Task WriteInvalidAsync(HttpContext context, string detail) =>
        ProblemWriter.WriteAsync(context, new Problem(ProblemTypes.InvalidArgument, detail));
}
