using System.Net;
using Csmr.Chaos.Clusters;
using Csmr.Chaos.Processes;
using Csmr.Client;

namespace Csmr.Load.Compare.Systems;

/// <summary>Three replica processes and a gateway, with a PostgreSQL of their own that they meet in.</summary>
public sealed class CsmrSystem : ILoadSystem
{
    private readonly ChaosCluster _cluster;

    private CsmrSystem(ChaosCluster cluster) => _cluster = cluster;

    /// <summary>A store and locks, one group each, whose operations clients see as they are.</summary>
    public const string Plain = """
        services:
          store: {machine: kv}
          locks: {machine: lock}
        compose:
          api: {add: [{from: store}, {from: locks}]}
        expose: [api]
        """;

    /// <inheritdoc/>
    public string Name => "CSMR";

    /// <inheritdoc/>
    public IReadOnlyList<int> Processes => [.. _cluster.Members.Where(static member => member.IsRunning).Select(static member => member.Process!.Id)];

    /// <summary>The cluster.</summary>
    public ChaosCluster Cluster => _cluster;

    /// <summary>Where the gateway serves REST.</summary>
    public Uri Url => _cluster.Gateways[0].Url!;

    /// <summary>Starts one.</summary>
    /// <param name="composition">What the manifest has beyond names, nodes and defaults.</param>
    /// <param name="log">Is told what happens to processes.</param>
    /// <param name="place">Where its processes run; null for as they are.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The system: all its groups are led, and led by the same replica, as the members of etcd have one leader.</returns>
    public static async Task<CsmrSystem> StartAsync(string composition, Action<string> log, Place? place = null, CancellationToken cancellationToken = default)
    {
        var options = new ChaosClusterOptions
        {
            Gateways = 1,
            IsArchived = false,
            SnapshotJournalMib = 64,
            Log = log,
            Manifest = nodes => $$"""
                apiVersion: csmr/v1
                kind: Composition
                metadata: {name: bench, version: 1}
                nodes: [{{string.Join(", ", nodes)}}]
                defaults: {f: 1, durability: fsync}

                """ + composition,
        };
        foreach (var name in place is null ? [] : options.ReplicaNames.Concat(options.GatewayNames))
        {
            options.Change(name, _ => place!);
        }

        return new CsmrSystem(await ChaosCluster.StartAsync(options, cancellationToken));
    }

    /// <summary>A client of Orleans, connected to the gateway.</summary>
    /// <returns>The client.</returns>
    public Task<CsmrClient> ConnectAsync() => ConnectAsync(_cluster.Gateways[0].OrleansGateway);

    /// <summary>A client of Orleans, connected to the silo whose replica leads a group.</summary>
    /// <param name="group">The group.</param>
    /// <returns>The client.</returns>
    public async Task<CsmrClient> ConnectToLeaderAsync(string group) =>
        await ConnectAsync((await _cluster.LeaderOfAsync(group) ?? throw new InvalidOperationException($"group {group} has no leader")).OrleansGateway);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    private static Task<CsmrClient> ConnectAsync(IPEndPoint gateway) =>
        CsmrClient.ConnectAsync(new CsmrClientOptions { ClusterId = "bench", Gateways = [gateway] });
}
