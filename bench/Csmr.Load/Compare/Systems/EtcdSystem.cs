using Csmr.Load.Storage;

namespace Csmr.Load.Compare.Systems;

/// <summary>Three members of etcd.</summary>
public sealed class EtcdSystem : ILoadSystem
{
    private readonly EtcdCluster _cluster;

    private EtcdSystem(EtcdCluster cluster, string name, IReadOnlyList<Uri> urls) => (_cluster, Name, Urls) = (cluster, name, urls);

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public IReadOnlyList<int> Processes => _cluster.Processes;

    /// <summary>The members, the leader first.</summary>
    public IReadOnlyList<Uri> Urls { get; }

    /// <summary>The cluster.</summary>
    public EtcdCluster Cluster => _cluster;

    /// <summary>Starts one.</summary>
    /// <returns>The system.</returns>
    public static async Task<EtcdSystem> StartAsync()
    {
        var cluster = await EtcdCluster.StartAsync();
        return new EtcdSystem(cluster, $"etcd {await EtcdCluster.VersionAsync()}", await cluster.UrlsAsync());
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _cluster.DisposeAsync();
}
