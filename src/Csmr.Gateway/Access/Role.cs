namespace Csmr.Gateway.Access;

/// <summary>What a caller may do.</summary>
/// <param name="Name">The role's name.</param>
/// <param name="Operations">The operations of the composition that it may call, by name.</param>
/// <param name="Areas">The areas of administration, or <see cref="AdministrationArea.Everything"/>.</param>
internal sealed record Role(string Name, IReadOnlySet<string> Operations, IReadOnlySet<string> Areas);

/// <summary>Somebody who has shown who it is.</summary>
/// <param name="Name">Its name in the access file, or the subject of its token.</param>
/// <param name="Roles">What it may do.</param>
internal sealed record Principal(string Name, IReadOnlyList<Role> Roles)
{
    public bool MayCall(string operation) => Roles.Any(role => role.Operations.Contains(operation));

    public bool MayAdminister(string area) =>
        Roles.Any(role => role.Areas.Contains(area) || role.Areas.Contains(AdministrationArea.Everything));
}
