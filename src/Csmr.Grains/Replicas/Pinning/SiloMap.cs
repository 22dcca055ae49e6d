using System.Collections.Concurrent;
using System.Collections.Frozen;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;

namespace Csmr.Grains.Replicas.Pinning;

/// <summary>
/// Where the silo of a name is now: computed from the membership snapshot alone, without a network or a table of its own.
/// Where several live silos have one name, the newest generation counts.
/// </summary>
/// <param name="services">The silo's services; membership is fetched late, since it needs what needs this.</param>
internal sealed class SiloMap(IServiceProvider services)
{
    private const int AddressesMax = 10_000;

    private volatile View? _view;
    private IClusterMembershipService? _membership;

    /// <summary>The address of the silo of a name.</summary>
    /// <param name="name">The name.</param>
    /// <returns>The address; null where no silo of that name takes calls.</returns>
    public SiloAddress? Find(string name) => Current().ByName.GetValueOrDefault(name);

    /// <summary>The address of a pinned grain, made once for each view of the membership.</summary>
    /// <param name="id">The grain, with a key of <see cref="ReplicaKey"/>.</param>
    /// <returns>The address; null where its silo does not take calls.</returns>
    public GrainAddress? AddressOf(GrainId id)
    {
        var view = Current();
        if (view.Addresses.TryGetValue(id, out var known))
        {
            return known;
        }

        if (!ReplicaKey.TryRead(id.Key.ToString(), out var name, out _) || view.ByName.GetValueOrDefault(name) is not { } silo)
        {
            return null;
        }

        var address = new GrainAddress { GrainId = id, SiloAddress = silo, MembershipVersion = view.Snapshot.Version };
        if (view.Addresses.Count < AddressesMax)
        {
            view.Addresses.TryAdd(id, address);
        }

        return address;
    }

    private View Current()
    {
        _membership ??= services.GetRequiredService<IClusterMembershipService>();
        var snapshot = _membership.CurrentSnapshot;
        var view = _view;
        if (view is null || !ReferenceEquals(view.Snapshot, snapshot))
        {
            _view = view = new View(snapshot);
        }

        return view;
    }

    private sealed class View(ClusterMembershipSnapshot snapshot)
    {
        public ClusterMembershipSnapshot Snapshot { get; } = snapshot;

        public FrozenDictionary<string, SiloAddress> ByName { get; } = snapshot.Members.Values
            .Where(static member => member.Status == SiloStatus.Active)
            .GroupBy(static member => member.Name, StringComparer.Ordinal)
            .ToFrozenDictionary(
                static members => members.Key,
                static members => members.MaxBy(static member => member.SiloAddress.Generation)!.SiloAddress,
                StringComparer.Ordinal);

        public ConcurrentDictionary<GrainId, GrainAddress> Addresses { get; } = new();
    }
}
