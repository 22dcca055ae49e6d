using System.Buffers;
using System.Text.Json;
using Csmr.Gateway.Invocations;

namespace Csmr.Gateway.Status;

/// <summary>Answers of the routes that show the cluster: small JSON objects that nobody may keep.</summary>
internal static class JsonAnswer
{
    /// <summary>Quotes and letters as they are: the answers are JSON for programs and people, never part of a page.</summary>
    internal static readonly JsonWriterOptions Readable = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Answers with JSON text.</summary>
    public static Task WriteAsync(HttpContext context, ReadOnlyMemory<byte> utf8)
    {
        var response = context.Response;
        response.ContentType = JsonContent.Type;
        response.ContentLength = utf8.Length;
        response.Headers.CacheControl = "no-store";
        return response.Body.WriteAsync(utf8, context.RequestAborted).AsTask();
    }

    /// <summary>Answers with the JSON that a function writes.</summary>
    public static Task WriteAsync(HttpContext context, Action<Utf8JsonWriter> write)
    {
        var output = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(output, Readable))
        {
            write(json);
        }

        return WriteAsync(context, output.WrittenMemory);
    }
}
