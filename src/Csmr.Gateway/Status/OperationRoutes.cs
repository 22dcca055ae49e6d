using Csmr.Composition.Plans;
using Csmr.Gateway.Access;
using Csmr.Gateway.Problems;
using Csmr.Grains.Routing;

namespace Csmr.Gateway.Status;

/// <summary>What can be called, and which replicas a call would reach: 𝒪, R(x) and R(x, a) of the model.</summary>
internal static class OperationRoutes
{
    public static void Map(IEndpointRouteBuilder routes, Plan plan, IInvoker invoker)
    {
        routes.MapGet("/v1/operations", context => JsonAnswer.WriteAsync(context, invoker.Describe())).RequirePrincipal();
        routes.MapGet("/v1/operations/{operation}/replicas", context => AnswerReplicasAsync(context, plan)).RequirePrincipal();
    }

    private static Task AnswerReplicasAsync(HttpContext context, Plan plan)
    {
        var name = context.Request.RouteValues["operation"] as string;
        var operation = plan.Operations.FirstOrDefault(candidate => candidate.Name == name);
        if (operation is null)
        {
            return ProblemWriter.WriteAsync(context, new Problem(ProblemTypes.UnknownOperation, $"The composition has no operation '{name}'."));
        }

        if (operation.RemovedReason is { } reason)
        {
            return ProblemWriter.WriteAsync(context, new Problem(ProblemTypes.RemovedOperation, $"The operation '{name}' was removed: {reason}"));
        }

        if (!QueryArguments.TryRead(context.Request.Query, operation.Parameters, out var arguments, out var problem))
        {
            return ProblemWriter.WriteAsync(context, problem);
        }

        var steps = ReplicationSets.Of(operation, arguments);
        return JsonAnswer.WriteAsync(context, json => ReplicationSetJson.Write(json, plan, operation, arguments, steps));
    }
}
