using Csmr.Composition.Plans;
using Csmr.Grains.Hosting;
using Csmr.Grains.Replicas;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Runtime;

namespace Csmr.Grains.Routing;

/// <summary>What this silo knows about the groups; see <see cref="IClusterView"/>.</summary>
/// <param name="plan">The plan.</param>
/// <param name="self">This silo.</param>
/// <param name="membership">Who is in the cluster.</param>
/// <param name="grains">Makes references.</param>
/// <param name="options">The timing.</param>
internal sealed class ClusterView(
    Plan plan,
    ILocalSiloDetails self,
    IClusterMembershipService membership,
    IGrainFactory grains,
    IOptions<GatewayOptions> options) : IClusterView
{
    private static readonly TimeSpan DigestTimeout = TimeSpan.FromSeconds(10);

    private volatile bool _isReady;

    /// <inheritdoc/>
    public bool IsReady
    {
        get => _isReady;
        internal set => _isReady = value;
    }

    /// <inheritdoc/>
    public async Task<ClusterStatus> GetStatusAsync(CancellationToken cancellationToken = default)
    {
        var groups = await Task.WhenAll(plan.Groups.Select(group => AskAsync(group, withDigest: false, cancellationToken)));
        var silos = membership.CurrentSnapshot.Members.Values
            .GroupBy(static member => member.Name, StringComparer.Ordinal)
            .Select(static members => members.MaxBy(static member => member.SiloAddress.Generation)!)
            .OrderBy(static member => member.Name, StringComparer.Ordinal)
            .Select(static member => new SiloEntry(member.Name, member.SiloAddress.ToParsableString(), member.Status.ToString()));
        return new ClusterStatus(self.Name, IsReady, [.. silos], groups);
    }

    /// <inheritdoc/>
    public async Task<GroupStatus?> GetGroupAsync(GroupId group, CancellationToken cancellationToken = default) =>
        plan.Group(group) is { } found ? await AskAsync(found, withDigest: true, cancellationToken) : null;

    private async Task<GroupStatus> AskAsync(GroupPlan group, bool withDigest, CancellationToken cancellationToken)
    {
        var replicas = await Task.WhenAll(group.Replicas.Select(replica => AskAsync(group.Id, replica, withDigest, cancellationToken)));
        var leader = replicas.FirstOrDefault(static replica => replica.Status is { IsServing: true });
        return new GroupStatus(group.Id, leader?.Node, replicas);
    }

    private async Task<ReplicaEntry> AskAsync(GroupId group, ReplicaPlan replica, bool withDigest, CancellationToken cancellationToken)
    {
        var grain = grains.GetGrain<IPaxosLogGrain>(ReplicaKey.Of(replica.Node, group));
        var timeout = withDigest ? DigestTimeout : TimeSpan.FromMilliseconds(2.0 * options.Value.ProbeTimeoutMs);
        var status = await LeaderFinder.ProbeAsync(grain, timeout, withDigest, cancellationToken);
        return new ReplicaEntry(replica.Id, replica.Node, replica.IsWitness, status is not null, status);
    }
}

/// <summary>
/// Looks after the leaders in the background, so that a call finds a good one known: and so that readiness is a field read.
/// </summary>
/// <param name="groups">The ways to the groups.</param>
/// <param name="view">Gets the result.</param>
/// <param name="options">The timing.</param>
/// <param name="clock">The time.</param>
internal sealed class ClusterWatch(GroupDirectory groups, ClusterView view, IOptions<GatewayOptions> options, TimeProvider clock) : BackgroundService
{
    // Until all groups have been found once, look more often: someone waits for the start.
    private static readonly TimeSpan EagerPeriod = TimeSpan.FromMilliseconds(50);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var period = TimeSpan.FromMilliseconds(options.Value.WatchEveryMs);
        while (!stoppingToken.IsCancellationRequested)
        {
            var isServing = await Task.WhenAll(groups.All.Select(static group => group.Leaders.CheckAsync()));
            view.IsReady = Array.TrueForAll(isServing, static serves => serves);
            await Task.Delay(view.IsReady ? period : EagerPeriod, clock, stoppingToken);
        }
    }

    /// <inheritdoc/>
    public override Task StopAsync(CancellationToken cancellationToken)
    {
        view.IsReady = false;
        return base.StopAsync(cancellationToken);
    }
}
