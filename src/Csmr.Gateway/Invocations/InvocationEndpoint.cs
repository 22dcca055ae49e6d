using System.Globalization;
using Csmr.Client;
using Csmr.Gateway.Hosting;
using Csmr.Gateway.Problems;
using Csmr.Grains.Routing;

namespace Csmr.Gateway.Invocations;

/// <summary>
/// One operation as an endpoint. The fast path: the body goes into one array, one call is made, its bytes go out; nothing
/// is bound, mapped or looked up in between.
/// </summary>
/// <param name="invoker">Executes calls.</param>
/// <param name="options">The limits.</param>
/// <param name="operation">The operation's name.</param>
/// <param name="service">The exposed service, where the path names it.</param>
/// <param name="log">Told which calls could not be served.</param>
internal sealed partial class InvocationEndpoint(IInvoker invoker, RestOptions options, string operation, string? service, ILogger<InvocationEndpoint> log)
{
    public async Task HandleAsync(HttpContext context)
    {
        var request = context.Request;
        if (!JsonContent.IsAccepted(request))
        {
            await ProblemWriter.WriteAsync(context, new Problem(ProblemTypes.UnsupportedMediaType, ProblemTypes.UnsupportedMediaType.Meaning));
            return;
        }

        if (!CallHeaders.TryRead(request, options, out var headers, out var problem))
        {
            await ProblemWriter.WriteAsync(context, problem);
            return;
        }

        var body = await BodyReader.ReadAsync(request, options.BodyBytesMax);
        if (body is null)
        {
            await ProblemWriter.WriteAsync(context, new Problem(ProblemTypes.TooLarge, $"The body must not have more than {options.BodyBytesMax} bytes."));
            return;
        }

        var invocation = new InvocationRequest
        {
            Operation = operation,
            Service = service,
            Arguments = body,
            IdempotencyKey = headers.IdempotencyKey,
            Session = headers.Session,
            Sequence = headers.Sequence,
            AcknowledgedBelow = headers.AcknowledgedBelow,
            ExpiresAtMs = headers.ExpiresAtMs,
            TimeoutMs = headers.TimeoutMs,
            IsExplained = headers.IsExplained,
        };
        await AnswerAsync(context, invocation, await invoker.InvokeAsync(invocation, context.RequestAborted));
    }

    private Task AnswerAsync(HttpContext context, InvocationRequest request, InvocationReply reply)
    {
        var response = context.Response;
        if (reply.IsReplayed)
        {
            response.Headers[HeaderNames.IdempotencyReplayed] = "true";
        }

        if (SlotsOf(reply.Steps) is { } slots)
        {
            response.Headers[HeaderNames.Slots] = slots;
        }

        if (reply.Status != CallStatus.Done)
        {
            var problem = Problem.Of(request, reply);
            Log(problem);
            return ProblemWriter.WriteAsync(context, problem);
        }

        if (reply.RequestId.Length > 0)
        {
            response.Headers[HeaderNames.RequestId] = reply.RequestId;
        }

        response.ContentType = JsonContent.Type;
        var body = request.IsExplained ? StepsJson.AddTo(reply.Body, reply.Steps) : reply.Body;
        response.ContentLength = body.Length;
        return response.BodyWriter.WriteAsync(body, context.RequestAborted).AsTask();
    }

    // What the caller got wrong is the caller's to know; what was not served, or has an unknown outcome, is the operator's too.
    private void Log(in Problem problem)
    {
        if (problem.Type.Status >= 500 && log.IsEnabled(LogLevel.Information))
        {
            var groups = (problem.Steps ?? []).Select(static step => step.Group).Where(static group => group.Length > 0).Distinct(StringComparer.Ordinal);
            LogNotServed(operation, problem.RequestId ?? "", problem.Type.Slug, string.Join(", ", groups), problem.Detail);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Operation} (request {RequestId}): {Problem}, group {Group}: {Detail}")]
    private partial void LogNotServed(string operation, string requestId, string problem, string group, string detail);

    // One entry for each step that was executed: "store.early=17, events=9".
    private static string? SlotsOf(StepReply[] steps)
    {
        string? slots = null;
        foreach (var step in steps)
        {
            if (step.Slot > 0 && step.Group.Length > 0)
            {
                var entry = string.Create(CultureInfo.InvariantCulture, $"{step.Group}={step.Slot}");
                slots = slots is null ? entry : $"{slots}, {entry}";
            }
        }

        return slots;
    }
}
