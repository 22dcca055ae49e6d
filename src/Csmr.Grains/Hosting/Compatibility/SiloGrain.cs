using Csmr.Composition.Plans;
using Csmr.Grains.Replicas;
using Csmr.Grains.Replicas.Pinning;
using Orleans.Concurrency;
using Orleans.GrainDirectory;

namespace Csmr.Grains.Hosting.Compatibility;

/// <summary>Speaks for a silo; there is one on each, with a key of <see cref="ReplicaKey"/>.</summary>
[Alias("csmr.ISiloGrain")]
internal interface ISiloGrain : IGrainWithStringKey
{
    /// <summary>What the silo tells of itself.</summary>
    /// <returns>That.</returns>
    [Alias("Hello"), ResponseTimeout("00:00:05")]
    Task<SiloHello> HelloAsync();
}

/// <summary>See <see cref="ISiloGrain"/>.</summary>
/// <param name="plan">The running plan.</param>
/// <param name="version">What this program speaks.</param>
[GrainType(ReplicaKey.SiloGrainType), Pinned, GrainDirectory(PinnedDirectory.Name), Reentrant]
internal sealed class SiloGrain(Plan plan, ProtocolVersion version) : SiloOnlyGrain, ISiloGrain
{
    /// <inheritdoc/>
    public Task<SiloHello> HelloAsync() => Task.FromResult(SiloHello.Of(plan, version));
}
