using Csmr.Composition.Plans;
using Csmr.Gateway.Problems;

namespace Csmr.Gateway.Access;

/// <summary>
/// Lets a call through to the route that was found for it, or refuses it, before anything of its body is read. The decision is by the route
/// and not by the path, so that no spelling of a path leads around it.
/// </summary>
/// <param name="next">The route.</param>
/// <param name="control">Tells who callers are; null where everybody may do everything, and only the audit is wanted.</param>
/// <param name="audit">Takes administration and refusals; null for nowhere.</param>
internal sealed class AccessMiddleware(RequestDelegate next, AccessControl? control, AuditLog? audit)
{
    /// <summary>Notes who the caller is, for the limits and for the decision.</summary>
    public static async Task IdentifyAsync(HttpContext context, AccessControl control, RequestDelegate next)
    {
        context.Features.Set(await control.IdentifyAsync(context.Request));
        await next(context);
    }

    public Task InvokeAsync(HttpContext context)
    {
        var endpoint = context.GetEndpoint();
        var operation = endpoint?.Metadata.GetMetadata<OperationPlan>();
        var access = endpoint?.Metadata.GetMetadata<RouteAccess>() ?? (endpoint is RouteEndpoint ? RouteAccess.Default : RouteAccess.Unserved);
        if (control is not null && (operation is not null || access.Need != RouteNeed.Nothing) && RefusalOf(context, operation, access) is { } refusal)
        {
            return RefuseAsync(context, refusal, NeedOf(operation, access));
        }

        return audit is not null && operation is null && access.Need == RouteNeed.Administration && AdministrationArea.IsAudited(access.Area)
            ? AdministerAsync(context, access.Area)
            : next(context);
    }

    private static Problem? RefusalOf(HttpContext context, OperationPlan? operation, RouteAccess access)
    {
        var identity = context.Features.Get<CallerIdentity>()!;
        if (identity.Principal is not { } principal)
        {
            return new Problem(ProblemTypes.Unauthenticated, identity.Reason) { Outcome = Certainty.NotDone };
        }

        var isAllowed = operation is not null ? principal.MayCall(operation.Name)
            : access.Need == RouteNeed.Principal || principal.MayAdminister(access.Area);
        return isAllowed ? null : new Problem(
            ProblemTypes.Forbidden, $"'{principal.Name}' has no role that allows {NeedOf(operation, access)}.") { Outcome = Certainty.NotDone };
    }

    private static string NeedOf(OperationPlan? operation, RouteAccess access) =>
        operation is not null ? $"call {operation.Service}.{operation.Name}"
        : access.Need == RouteNeed.Administration ? $"administer {access.Area}"
        : "to be known";

    private Task RefuseAsync(HttpContext context, Problem problem, string needed)
    {
        RestMeter.Refused(problem.Type.Slug);
        audit?.Refused(context, context.Features.Get<CallerIdentity>()?.Principal?.Name, needed, problem.Type.Status, problem.Detail);
        if (problem.Type == ProblemTypes.Unauthenticated)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
        }

        return ProblemWriter.WriteAsync(context, problem);
    }

    private async Task AdministerAsync(HttpContext context, string area)
    {
        try
        {
            await next(context);
        }
        catch
        {
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            throw;
        }
        finally
        {
            audit!.Administered(context, context.Features.Get<CallerIdentity>()?.Principal?.Name, $"administer {area}");
        }
    }
}
