using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Csmr.Load.Compare.Serving;

/// <summary>
/// Kestrel that reads a put's JSON and answers it: nothing behind it, or one durable append that is shared by all that come meanwhile.
/// No replicated system with an HTTP interface of .NET can be faster on the machine.
/// </summary>
public static class EchoServer
{
    /// <summary>The answer.</summary>
    internal static readonly byte[] Answer = "{\"result\":true,\"version\":1}"u8.ToArray();

    /// <summary>Serves.</summary>
    /// <param name="port">Where.</param>
    /// <param name="data">Where it keeps its data; null for nowhere.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>Completes at the end.</returns>
    public static async Task<int> RunAsync(int port, string? data, CancellationToken cancellation)
    {
        using var commit = data is null ? null : new GroupCommit(data);
        await using var application = Build(port);
        application.Run(async context =>
        {
            var body = await ReadAsync(context);
            if (!IsPut(body))
            {
                context.Response.StatusCode = StatusCodes.Status400BadRequest;
                return;
            }

            if (commit is not null)
            {
                await commit.AppendAsync(body);
            }

            await AnswerAsync(context, Answer);
        });
        await application.StartAsync(cancellation);
        await Task.Delay(Timeout.Infinite, cancellation).ContinueWith(static _ => { }, TaskScheduler.Default); // pause: until the end
        return 0;
    }

    /// <summary>An application without anything but Kestrel.</summary>
    /// <param name="port">Where it serves.</param>
    /// <returns>The application.</returns>
    internal static WebApplication Build(int port)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = [] });
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        return builder.Build();
    }

    /// <summary>Reads a body.</summary>
    /// <param name="context">The request.</param>
    /// <returns>Its bytes.</returns>
    internal static async ValueTask<byte[]> ReadAsync(HttpContext context)
    {
        var reader = context.Request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync();
            if (read.IsCompleted)
            {
                var body = read.Buffer.ToArray();
                reader.AdvanceTo(read.Buffer.End);
                return body;
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    /// <summary>Answers with JSON.</summary>
    /// <param name="context">The request.</param>
    /// <param name="body">The answer.</param>
    /// <returns>Completes when it is sent.</returns>
    internal static Task AnswerAsync(HttpContext context, ReadOnlyMemory<byte> body)
    {
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.Length;
        return context.Response.BodyWriter.WriteAsync(body).AsTask();
    }

    private static bool IsPut(byte[] body)
    {
        var reader = new Utf8JsonReader(body);
        var json = JsonElement.ParseValue(ref reader);
        return json.TryGetProperty("key", out _) && json.TryGetProperty("value", out _);
    }
}
