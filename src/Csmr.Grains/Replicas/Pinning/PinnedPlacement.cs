using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Csmr.Grains.Replicas.Pinning;

/// <summary>Grains of this strategy are activated on the silo that their key names, or nowhere.</summary>
internal sealed class PinnedStrategy : PlacementStrategy
{
    /// <summary>Registration is on: it lets <see cref="PinnedDirectory"/> turn away an activation at the wrong silo.</summary>
    public override bool IsUsingGrainDirectory => true;
}

/// <summary>Pins a grain class; see <see cref="PinnedStrategy"/>.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class PinnedAttribute() : PlacementAttribute(new PinnedStrategy());

/// <summary>Reached only when neither cache nor directory can place a pinned grain: when its silo is not there.</summary>
/// <param name="silos">Where the silos are.</param>
internal sealed class PinnedDirector(SiloMap silos) : IPlacementDirector
{
    /// <inheritdoc/>
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context) =>
        silos.AddressOf(target.GrainIdentity)?.SiloAddress is { } silo
            ? Task.FromResult(silo)
            : throw new ReplicaUnavailableException(target.GrainIdentity.Key.ToString() ?? "");
}

/// <summary>
/// The silo of a replica does not take calls. Not an Orleans exception on purpose: Orleans would try those again for half
/// a second, while the caller has other replicas to ask.
/// </summary>
[GenerateSerializer, Alias("csmr.ReplicaUnavailableException")]
internal sealed class ReplicaUnavailableException : Exception
{
    /// <summary>Makes one.</summary>
    /// <param name="key">The replica's key.</param>
    public ReplicaUnavailableException(string key)
        : base($"The silo of replica '{key}' is not in the cluster.")
    {
    }
}
