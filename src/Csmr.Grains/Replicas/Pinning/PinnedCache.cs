using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime;
using Orleans.Runtime.GrainDirectory;

namespace Csmr.Grains.Replicas.Pinning;

/// <summary>
/// The cache that Orleans asks first, and synchronously: computes the place of a pinned grain from the membership view, so
/// that no entry can be stale. Everything else goes to an ordinary cache.
/// </summary>
internal sealed class PinnedCache : IGrainDirectoryCache
{
    private readonly SiloMap _silos;
    private readonly IGrainDirectoryCache _others;

    /// <summary>Makes one.</summary>
    /// <param name="services">The silo's services.</param>
    /// <param name="silos">Where the silos are.</param>
    /// <param name="options">The ordinary cache's options.</param>
    public PinnedCache(IServiceProvider services, SiloMap silos, IOptions<GrainDirectoryOptions> options)
    {
        _silos = silos;
        var ordinary = new GrainDirectoryOptions { CacheSize = options.Value.CacheSize, MaximumCacheTTL = options.Value.MaximumCacheTTL };
        _others = GrainDirectoryCacheFactory.CreateGrainDirectoryCache(services, ordinary);
    }

    /// <inheritdoc/>
    public IEnumerable<(GrainAddress ActivationAddress, int Version)> KeyValues => _others.KeyValues;

    /// <inheritdoc/>
    public bool LookUp(GrainId key, [NotNullWhen(true)] out GrainAddress? result, out int version)
    {
        if (!ReplicaKey.IsPinned(key))
        {
            return _others.LookUp(key, out result, out version);
        }

        result = _silos.AddressOf(key);
        version = 0;
        return result is not null;
    }

    /// <inheritdoc/>
    public void AddOrUpdate(GrainAddress value, int version)
    {
        if (!ReplicaKey.IsPinned(value.GrainId))
        {
            _others.AddOrUpdate(value, version);
        }
    }

    /// <inheritdoc/>
    public bool Remove(GrainId key) => !ReplicaKey.IsPinned(key) && _others.Remove(key);

    /// <inheritdoc/>
    public bool Remove(GrainAddress key) => !ReplicaKey.IsPinned(key.GrainId) && _others.Remove(key);

    /// <inheritdoc/>
    public void Clear() => _others.Clear();
}
