using Csmr.Gateway.Invocations;
using Csmr.Gateway.Problems;
using Csmr.Grains.Routing;

namespace Csmr.Gateway.Status;

/// <summary>The two questions of an orchestrator: is the process alive, and can it serve.</summary>
internal static class HealthRoutes
{
    private static readonly byte[] Live = """{"status":"live"}"""u8.ToArray();
    private static readonly byte[] Ready = """{"status":"ready"}"""u8.ToArray();

    public static void Map(IEndpointRouteBuilder routes, IClusterView view)
    {
        routes.MapGet("/health/live", static context => JsonAnswer.WriteAsync(context, Live));
        routes.MapGet("/health/ready", context => view.IsReady ? JsonAnswer.WriteAsync(context, Ready) : AnswerNotReadyAsync(context, view));
    }

    private static async Task AnswerNotReadyAsync(HttpContext context, IClusterView view)
    {
        var status = await view.GetStatusAsync(context.RequestAborted);
        string[] missing = [.. status.Groups.Where(static group => !group.IsServed()).Select(static group => group.Id.Name)];
        var detail = missing.Length > 0
            ? $"No serving leader is reached of: {string.Join(", ", missing)}."
            : "Every group has a serving leader again; this silo has not noted it yet.";
        await ProblemWriter.WriteAsync(context, new Problem(ProblemTypes.NotReady, detail) { Groups = missing, RetryAfterMs = 1000 });
    }

    /// <summary>Whether a group's leader answers commands.</summary>
    public static bool IsServed(this GroupStatus group) => group.Replicas.Any(static replica => replica is { IsReachable: true, Status.IsServing: true });
}
