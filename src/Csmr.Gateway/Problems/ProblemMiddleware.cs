namespace Csmr.Gateway.Problems;

/// <summary>The edge: every error leaves as a problem, whoever met it, and nothing of the inside leaves with it.</summary>
internal sealed partial class ProblemMiddleware(RequestDelegate next, ILogger<ProblemMiddleware> log)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (BadHttpRequestException exception)
        {
            await AnswerAsync(context, new Problem(ProblemTypes.OfBareStatus(exception.StatusCode), exception.Message));
            return;
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller is gone: there is nobody to answer.
            return;
        }
        catch (Exception exception)
        {
            UnhandledException(log, exception, context.Request.Method, context.Request.Path, context.TraceIdentifier);
            await AnswerAsync(context, new Problem(ProblemTypes.Fault, "A defect of the gateway was met; it has been reported.")
            {
                Outcome = Certainty.Unknown,
            });
            return;
        }

        var response = context.Response;
        if (response.StatusCode >= 400 && !response.HasStarted && response.ContentType is null && response.ContentLength is null)
        {
            await ProblemWriter.WriteAsync(context, OfBareAnswer(context));
        }
    }

    private static Task AnswerAsync(HttpContext context, Problem problem)
    {
        if (context.Response.HasStarted)
        {
            // Half an answer is out: only a broken connection tells the caller so.
            context.Abort();
            return Task.CompletedTask;
        }

        context.Response.Clear();
        return ProblemWriter.WriteAsync(context, problem);
    }

    private static Problem OfBareAnswer(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "";
        var type = ProblemTypes.OfBareStatus(context.Response.StatusCode);
        if (type == ProblemTypes.NotFound && IsOperationPath(path))
        {
            return new Problem(ProblemTypes.UnknownOperation, $"The composition has no operation '{Shorten(path[(path.LastIndexOf('/') + 1)..])}'.");
        }

        return new Problem(type, type.Meaning);
    }

    private static bool IsOperationPath(string path)
    {
        var segments = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return segments is ["v1", _] or ["v1", "services", _, _];
    }

    private static string Shorten(string text) => text.Length <= 80 ? text : $"{text[..80]}…";

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} (request {RequestId}) met a defect of the gateway")]
    private static partial void UnhandledException(ILogger logger, Exception exception, string method, string path, string requestId);
}
