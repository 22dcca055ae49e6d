using Csmr.Composition.Plans;
using Csmr.Gateway.Problems;
using Csmr.Grains.Routing;

namespace Csmr.Gateway.Status;

/// <summary>The cluster and its groups, for people and for monitoring. Administration (POST below a group) will stand beside them.</summary>
internal static class ClusterRoutes
{
    public static void Map(IEndpointRouteBuilder routes, Plan plan, IClusterView view)
    {
        routes.MapGet("/v1/cluster", async context =>
        {
            var status = await view.GetStatusAsync(context.RequestAborted);
            await JsonAnswer.WriteAsync(context, json => ClusterJson.WriteCluster(json, plan, status));
        });
        routes.MapGet("/v1/groups", async context =>
        {
            var status = await view.GetStatusAsync(context.RequestAborted);
            await JsonAnswer.WriteAsync(context, json => ClusterJson.WriteGroups(json, plan, status.Groups));
        });
        routes.MapGet("/v1/groups/{group}", context => AnswerGroupAsync(context, plan, view));
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
