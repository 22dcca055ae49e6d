using Csmr.Composition.Plans;
using Csmr.Gateway.Access;
using Csmr.Gateway.Problems;
using Csmr.Grains.Routing;

namespace Csmr.Gateway.Status;

/// <summary>The cluster and its groups, for people and for monitoring. Administration (POST below a group) will stand beside them.</summary>
internal static class ClusterRoutes
{
    public static void Map(IEndpointRouteBuilder routes, Plan plan, IClusterView view)
    {
        var status = routes.MapGroup("/v1").RequireAdministration(AdministrationArea.Status);
        status.MapGet("/cluster", async context =>
        {
            var now = await view.GetStatusAsync(context.RequestAborted);
            await JsonAnswer.WriteAsync(context, json => ClusterJson.WriteCluster(json, plan, now));
        });
        status.MapGet("/groups", async context =>
        {
            var now = await view.GetStatusAsync(context.RequestAborted);
            await JsonAnswer.WriteAsync(context, json => ClusterJson.WriteGroups(json, plan, now.Groups));
        });
        status.MapGet("/groups/{group}", context => AnswerGroupAsync(context, plan, view));
    }

    private static async Task AnswerGroupAsync(HttpContext context, Plan plan, IClusterView view)
    {
        var id = new GroupId(context.Request.RouteValues["group"] as string ?? "");
        var status = plan.Group(id) is null ? null : await view.GetGroupAsync(id, context.RequestAborted);
        if (status is null)
        {
            await ProblemWriter.WriteAsync(context, new Problem(ProblemTypes.UnknownGroup, $"The composition has no group '{id}'."));
            return;
        }

        await JsonAnswer.WriteAsync(context, json => ClusterJson.WriteGroup(json, plan, status));
    }
}
