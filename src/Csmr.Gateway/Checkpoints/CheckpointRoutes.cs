using System.Text.Json;
using Csmr.Gateway.Access;
using Csmr.Gateway.Invocations;
using Csmr.Gateway.Problems;
using Csmr.Gateway.Status;
using Csmr.Grains.Checkpoints;
using Csmr.Replication.Ports;
using Microsoft.AspNetCore.Http.Features;

namespace Csmr.Gateway.Checkpoints;

/// <summary>The routes of checkpoints and of the jobs that make, verify and restore them.</summary>
internal static class CheckpointRoutes
{
    private const string Binary = "application/octet-stream";

    public static void Map(IEndpointRouteBuilder routes, ICheckpoints checkpoints)
    {
        var administration = routes.MapGroup("/v1").RequireAdministration(AdministrationArea.Checkpoints);
        administration.MapGet("/checkpoints", context => WithStoreAsync(context, checkpoints, store => JsonAnswer.WriteAsync(context, json => CheckpointJson.Write(json, store.List()))));

        // Before an operation of that name, which is still called by its service.
        administration.MapPost("/checkpoints", context => CreateAsync(context, checkpoints)).WithOrder(-1);
        administration.MapGet("/checkpoints/{checkpoint}", context => FindAsync(context, checkpoints, static (context, _, found) => JsonAnswer.WriteAsync(context, json => CheckpointJson.Write(json, found))));
        administration.MapDelete("/checkpoints/{checkpoint}", context => FindAsync(context, checkpoints, DeleteAsync));
        administration.MapGet("/checkpoints/{checkpoint}/content", context => FindAsync(context, checkpoints, DownloadAsync));
        administration.MapPut("/checkpoints/{checkpoint}/content", context => WithStoreAsync(context, checkpoints, store => UploadAsync(context, store)));
        administration.MapPost("/checkpoints/{checkpoint}/verify", context => StartAsync(context, () => checkpoints.Verify(IdOf(context))));
        administration.MapPost("/checkpoints/{checkpoint}/restore", context => RestoreAsync(context, checkpoints));
        administration.MapGet("/jobs", context => JsonAnswer.WriteAsync(context, json => CheckpointJson.Write(json, checkpoints.Jobs)));
        administration.MapGet("/jobs/{job}", context => AnswerJobAsync(context, checkpoints));
    }

    private static string IdOf(HttpContext context) => context.Request.RouteValues["checkpoint"] as string ?? "";

    private static async Task CreateAsync(HttpContext context, ICheckpoints checkpoints)
    {
        var body = await JsonBody.ReadAsync(context, ["id", "services"], static json => new
        {
            Id = json.TryGetProperty("id", out var id) ? id.GetString() : null,
            Services = json.TryGetProperty("services", out var services) ? services.EnumerateArray().Select(static name => name.GetString() ?? "").ToArray() : null,
        });
        if (body is not null)
        {
            await StartAsync(context, () => checkpoints.Create(body.Id, body.Services));
        }
    }

    private static async Task RestoreAsync(HttpContext context, ICheckpoints checkpoints)
    {
        var body = await JsonBody.ReadAsync(context, ["services"], static json => new
        {
            Services = json.TryGetProperty("services", out var services)
                ? services.EnumerateObject().ToDictionary(static pair => pair.Name, static pair => pair.Value.GetString() ?? "", StringComparer.Ordinal)
                : null,
        });
        if (body is not null)
        {
            var key = context.Request.Headers[HeaderNames.IdempotencyKey];
            await (key.Count > 1
                ? ProblemWriter.WriteAsync(context, new Problem(ProblemTypes.InvalidRequest, $"The header {HeaderNames.IdempotencyKey} is given {key.Count} times.") { Argument = HeaderNames.IdempotencyKey })
                : StartAsync(context, () => checkpoints.Restore(IdOf(context), body.Services, string.IsNullOrEmpty(key) ? null : key.ToString())));
        }
    }

    private static async Task StartAsync(HttpContext context, Func<JobStatus> start)
    {
        try
        {
            var job = start();
            context.Response.StatusCode = StatusCodes.Status202Accepted;
            context.Response.Headers.Location = $"/v1/jobs/{job.Id}";
            await JsonAnswer.WriteAsync(context, json => CheckpointJson.Write(json, job));
        }
        catch (CheckpointRefusedException cause)
        {
            await WriteAsync(context, cause);
        }
    }

    private static Task AnswerJobAsync(HttpContext context, ICheckpoints checkpoints)
    {
        var id = context.Request.RouteValues["job"] as string;
        return checkpoints.Jobs.FirstOrDefault(job => string.Equals(job.Id, id, StringComparison.Ordinal)) is { } found
            ? JsonAnswer.WriteAsync(context, json => CheckpointJson.Write(json, found))
            : ProblemWriter.WriteAsync(context, new Problem(
                ProblemTypes.UnknownJob, $"This gateway has no job '{id}': jobs are known where they were begun, until that process ends, and the last hundred only."));
    }

    private static Task FindAsync(HttpContext context, ICheckpoints checkpoints, Func<HttpContext, ICheckpointStore, StoredCheckpoint, Task> serve) =>
        WithStoreAsync(context, checkpoints, store => store.Find(IdOf(context)) is { } found
            ? serve(context, store, found)
            : WriteAsync(context, new CheckpointRefusedException(CheckpointRefusal.Unknown, $"there is no checkpoint '{IdOf(context)}' here")));

    private static async Task WithStoreAsync(HttpContext context, ICheckpoints checkpoints, Func<ICheckpointStore, Task> serve)
    {
        if (checkpoints.Store is not { } store)
        {
            await WriteAsync(context, new CheckpointRefusedException(CheckpointRefusal.NotHere, "this silo keeps no checkpoints: start it with --checkpoints DIR, or ask another one"));
            return;
        }

        try
        {
            await serve(store);
        }
        catch (CheckpointException cause) when (!context.Response.HasStarted)
        {
            // What failed is a disk, or else what was sent.
            var type = cause.InnerException is IOException or UnauthorizedAccessException ? ProblemTypes.Fault : ProblemTypes.InvalidArgument;
            await ProblemWriter.WriteAsync(context, new Problem(type, cause.Message));
        }
    }

    private static Task DeleteAsync(HttpContext context, ICheckpointStore store, StoredCheckpoint found)
    {
        store.Delete(found.Id);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    private static async Task DownloadAsync(HttpContext context, ICheckpointStore store, StoredCheckpoint found)
    {
        await using var content = store.OpenRead(found.Id);
        var response = context.Response;
        response.ContentType = Binary;
        response.ContentLength = content.Length;
        response.Headers.ContentDisposition = $"attachment; filename=\"{found.Id}.checkpoint\"";
        await content.CopyToAsync(response.Body, context.RequestAborted);
    }

    private static async Task UploadAsync(HttpContext context, ICheckpointStore store)
    {
        if (store.Find(IdOf(context)) is not null)
        {
            await WriteAsync(context, new CheckpointRefusedException(CheckpointRefusal.Conflict, $"checkpoint '{IdOf(context)}' is there already: delete it first"));
            return;
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            // As large as the disk allows: it is written as it comes, and verified before it is one.
            limit.MaxRequestBodySize = null;
        }

        var stored = await store.ImportAsync(IdOf(context), context.Request.Body, context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status201Created;
        await JsonAnswer.WriteAsync(context, json => CheckpointJson.Write(json, stored));
    }

    private static Task WriteAsync(HttpContext context, CheckpointRefusedException refused) => ProblemWriter.WriteAsync(context, new Problem(
        refused.Reason switch
        {
            CheckpointRefusal.Unknown => ProblemTypes.UnknownCheckpoint,
            CheckpointRefusal.Invalid => ProblemTypes.InvalidArgument,
            _ => ProblemTypes.Refused,
        },
        refused.Message));
}
