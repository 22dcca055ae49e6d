using Orleans.GrainDirectory;
using Orleans.Runtime;

namespace Csmr.Grains.Replicas.Pinning;

/// <summary>A grain directory without state or network: a pinned grain is where its key says.</summary>
/// <param name="silos">Where the silos are.</param>
internal sealed class PinnedDirectory(SiloMap silos) : IGrainDirectory
{
    /// <summary>The directory's name in <see cref="GrainDirectoryAttribute"/>.</summary>
    public const string Name = "csmr-pinned";

    /// <inheritdoc/>
    public Task<GrainAddress?> Lookup(GrainId grainId) => Task.FromResult(silos.AddressOf(grainId));

    /// <summary>Accepts the activation at the right silo; for any other one answers where the right one is, so that Orleans drops it.</summary>
    /// <param name="address">The activation.</param>
    /// <returns>The address that counts.</returns>
    public Task<GrainAddress?> Register(GrainAddress address)
    {
        var right = silos.AddressOf(address.GrainId);
        return Task.FromResult<GrainAddress?>(right is null || right.SiloAddress!.Equals(address.SiloAddress) ? address : right);
    }

    /// <inheritdoc/>
    public Task Unregister(GrainAddress address) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task UnregisterSilos(List<SiloAddress> siloAddresses) => Task.CompletedTask;
}
