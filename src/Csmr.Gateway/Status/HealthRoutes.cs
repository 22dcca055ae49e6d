using Csmr.Gateway.Access;
using Csmr.Gateway.Hosting;
using Csmr.Gateway.Invocations;
using Csmr.Gateway.Problems;
using Csmr.Grains.Routing;

namespace Csmr.Gateway.Status;

/// <summary>
/// The two questions of an orchestrator. Is the process alive: it answers, whatever its neighbours do. Is it ready: a silo with replicas
/// when each of them takes part in its group, with all that was chosen a moment ago; another one when every group has a leader that it
/// reaches.
/// </summary>
internal static class HealthRoutes
{
    private static readonly byte[] Live = """{"status":"live"}"""u8.ToArray();
    private static readonly byte[] Ready = """{"status":"ready"}"""u8.ToArray();

    public static void Map(IEndpointRouteBuilder routes, IClusterView view, ServingState state)
    {
        // Open, and outside the limits: a silo that is busy is alive.
        var health = routes.MapGroup("/health").AllowEverybody().DisableRateLimiting();
        health.MapGet("/live", static context => JsonAnswer.WriteAsync(context, Live));
        health.MapGet("/ready", context =>
            state.IsDraining ? AnswerAsync(context, "This silo is about to stop.", [])
            : view.LocalReplicas is { } replicas ? AnswerReplicaAsync(context, replicas)
            : view.IsReady ? JsonAnswer.WriteAsync(context, Ready)
            : AnswerNotReadyAsync(context, view));
    }

    private static Task AnswerReplicaAsync(HttpContext context, LocalReplicaStatus replicas) => replicas.Absent.Count == 0
        ? JsonAnswer.WriteAsync(context, Ready)
        : AnswerAsync(
            context,
            $"Replicas of this silo do not take part: {string.Join("; ", replicas.Absent.Select(static absent => $"{absent.Key}: {absent.Value}"))}.",
            [.. replicas.Absent.Keys.Select(static group => group.Name)]);

    private static async Task AnswerNotReadyAsync(HttpContext context, IClusterView view)
    {
        var status = await view.GetStatusAsync(context.RequestAborted);
        string[] missing = [.. status.Groups.Where(static group => !group.IsServed()).Select(static group => group.Id.Name)];
        await AnswerAsync(
            context,
            missing.Length > 0
                ? $"No serving leader is reached of: {string.Join(", ", missing)}."
                : "Every group has a serving leader again; this silo has not noted it yet.",
            missing);
    }

    private static Task AnswerAsync(HttpContext context, string detail, string[] groups) =>
        ProblemWriter.WriteAsync(context, new Problem(ProblemTypes.NotReady, detail) { Groups = groups, RetryAfterMs = 1000 });

    /// <summary>Whether a group's leader answers commands.</summary>
    public static bool IsServed(this GroupStatus group) => group.Replicas.Any(static replica => replica is { IsReachable: true, Status.IsServing: true });
}
