using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Csmr.Gateway.Invocations;
using Csmr.Gateway.Status;

namespace Csmr.Gateway.Problems;

/// <summary>Writes errors as <c>application/problem+json</c>.</summary>
internal static class ProblemWriter
{
    public const string ContentType = "application/problem+json";

    /// <summary>Answers a request with a problem. Nothing of the answer may have been sent yet.</summary>
    public static async Task WriteAsync(HttpContext context, Problem problem)
    {
        var output = new ArrayBufferWriter<byte>(512);
        Write(context, problem, output);
        var response = context.Response;
        response.StatusCode = problem.Type.Status;
        response.ContentType = ContentType;
        response.ContentLength = output.WrittenCount;
        response.Headers[HeaderNames.RequestId] = IdOf(context, problem);
        if (problem.RetryAfterMs > 0)
        {
            response.Headers.RetryAfter = ((problem.RetryAfterMs + 999L) / 1000).ToString(CultureInfo.InvariantCulture);
        }

        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(output.WrittenMemory, context.RequestAborted);
        }
    }

    private static string IdOf(HttpContext context, in Problem problem) =>
        string.IsNullOrEmpty(problem.RequestId) ? context.TraceIdentifier : problem.RequestId;

    private static void Write(HttpContext context, in Problem problem, IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output, JsonAnswer.Readable);
        json.WriteStartObject();
        json.WriteString("type"u8, problem.Type.Uri);
        json.WriteString("title"u8, problem.Type.Title);
        json.WriteNumber("status"u8, problem.Type.Status);
        json.WriteString("detail"u8, problem.Detail);
        json.WriteString("code"u8, string.IsNullOrEmpty(problem.Code) ? problem.Type.Slug : problem.Code);
        json.WriteString("outcome"u8, NameOf(problem.Outcome));
        json.WriteString("requestId"u8, IdOf(context, problem));
        json.WriteString("traceId"u8, Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier);
        WriteOptional(json, "argument"u8, problem.Argument);
        WriteOptional(json, "idempotencyKey"u8, problem.IdempotencyKey);
        if (problem.RetryAfterMs > 0)
        {
            json.WriteNumber("retryAfterMs"u8, problem.RetryAfterMs);
        }

        WriteSteps(json, problem);
        if (problem.Groups is { Count: > 0 } groups)
        {
            json.WriteStartArray("groups"u8);
            foreach (var group in groups)
            {
                json.WriteStringValue(group);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void WriteOptional(Utf8JsonWriter json, ReadOnlySpan<byte> name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            json.WriteString(name, value);
        }
    }

    private static void WriteSteps(Utf8JsonWriter json, in Problem problem)
    {
        if (problem.Steps is not { Count: > 0 } steps)
        {
            return;
        }

        json.WritePropertyName(StepsJson.Name);
        StepsJson.Write(json, steps);
    }

    private static string NameOf(Certainty certainty) => certainty switch
    {
        Certainty.NotDone => "not-done",
        Certainty.Done => "done",
        _ => "unknown",
    };
}
