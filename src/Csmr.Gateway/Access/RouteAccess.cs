namespace Csmr.Gateway.Access;

/// <summary>The areas of administration that a role may be given.</summary>
public static class AdministrationArea
{
    /// <summary>To see the cluster: silos, groups, replicas.</summary>
    public const string Status = "status";

    /// <summary>To read the metrics.</summary>
    public const string Metrics = "metrics";

    /// <summary>To change who belongs to a group and who leads it.</summary>
    public const string Members = "members";

    /// <summary>To take, fetch and restore checkpoints.</summary>
    public const string Checkpoints = "checkpoints";

    /// <summary>All areas, also those to come.</summary>
    public const string Everything = "*";

    /// <summary>All of them.</summary>
    internal static IReadOnlyList<string> All { get; } = [Status, Metrics, Members, Checkpoints, Everything];

    /// <summary>Whether what is done in an area is worth a line of the audit log: not what monitoring does every few seconds.</summary>
    internal static bool IsAudited(string area) => area is not (Status or Metrics);
}

/// <summary>
/// Who may use a route, where there is an access file. A route of an operation needs that operation; one that says nothing needs
/// <see cref="AdministrationArea.Everything"/>.
/// </summary>
public static class RouteAccessExtensions
{
    /// <summary>Makes routes administration: they need the area, and are audited.</summary>
    /// <param name="routes">The routes, or a group of them.</param>
    /// <param name="area">One of <see cref="AdministrationArea"/>.</param>
    /// <typeparam name="T">The kind of builder.</typeparam>
    /// <returns>The same.</returns>
    public static T RequireAdministration<T>(this T routes, string area)
        where T : IEndpointConventionBuilder => routes.WithMetadata(new RouteAccess(RouteNeed.Administration, area));

    /// <summary>Opens routes to everybody who has shown who it is.</summary>
    internal static T RequirePrincipal<T>(this T routes)
        where T : IEndpointConventionBuilder => routes.WithMetadata(new RouteAccess(RouteNeed.Principal, ""));

    /// <summary>Opens routes to everybody.</summary>
    internal static T AllowEverybody<T>(this T routes)
        where T : IEndpointConventionBuilder => routes.WithMetadata(new RouteAccess(RouteNeed.Nothing, ""));
}

/// <summary>What a route needs.</summary>
internal enum RouteNeed
{
    /// <summary>Nothing: it is open.</summary>
    Nothing = 0,

    /// <summary>That the caller has shown who it is.</summary>
    Principal = 1,

    /// <summary>An area of administration.</summary>
    Administration = 2,
}

/// <summary>What a route needs, as its metadata.</summary>
/// <param name="Need">What kind of thing.</param>
/// <param name="Area">The area of administration.</param>
internal sealed record RouteAccess(RouteNeed Need, string Area)
{
    /// <summary>What a route needs that does not say so.</summary>
    public static RouteAccess Default { get; } = new(RouteNeed.Administration, AdministrationArea.Everything);

    /// <summary>What a path needs that nobody serves, or by another method.</summary>
    public static RouteAccess Unserved { get; } = new(RouteNeed.Principal, "");
}
