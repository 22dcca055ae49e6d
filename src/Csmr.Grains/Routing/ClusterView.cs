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
    public LocalReplicaStatus? LocalReplicas { get; internal set; }

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
        var asked = await Task.WhenAll(plan.Nodes.Select(async node => (Node: node, Status: await AskAsync(group.Id, node, withDigest, cancellationToken))));
        var answers = asked.Where(static answer => answer.Status is not null).ToDictionary(static answer => answer.Node, static answer => answer.Status!, StringComparer.Ordinal);

        // Who knows the most tells who belongs to the group; before anybody does, the plan. One that forms knows no more than the plan of its node.
        var newest = answers.Values.Where(static status => status.Members.Count > 0).MaxBy(static status => (status.Role != "forming", status.Configuration));
        var members = newest?.Members ?? [.. group.Replicas.Select(static replica => new MemberEntry(replica.Id.Ordinal, replica.Node, replica.IsWitness, IsLearner: false))];
        ReplicaEntry[] replicas =
        [
            .. members.Select(member => new ReplicaEntry(new ReplicaId(member.Id), member.Node, member.IsWitness, answers.ContainsKey(member.Node), StatusOf(member))),
        ];
        var leader = replicas.FirstOrDefault(static replica => replica.Status is { IsServing: true });
        return new GroupStatus(group.Id, leader?.Node, replicas, newest?.Configuration ?? 0);

        // A node may have the disk of a replica that is no member any more.
        ReplicaStatus? StatusOf(MemberEntry member) =>
            answers.TryGetValue(member.Node, out var status) && (status.Replica == member.Id || status.Replica < 0) ? status : null;
    }

    private async Task<ReplicaStatus?> AskAsync(GroupId group, string node, bool withDigest, CancellationToken cancellationToken)
    {
        var grain = grains.GetGrain<IPaxosLogGrain>(ReplicaKey.Of(node, group));
        var timeout = withDigest ? DigestTimeout : TimeSpan.FromMilliseconds(2.0 * options.Value.ProbeTimeoutMs);
        return (await LeaderFinder.AskAsync(grain, timeout, withDigest, cancellationToken)).Status;
    }
}

/// <summary>
/// Looks after the leaders in the background, so that a call finds a good one known: and so that readiness is a field read.
/// </summary>
/// <param name="groups">The ways to the groups.</param>
/// <param name="view">Gets the result.</param>
/// <param name="local">The replicas of this silo, where it has some.</param>
/// <param name="grains">Makes references.</param>
/// <param name="options">The timing.</param>
/// <param name="clock">The time.</param>
internal sealed class ClusterWatch(
    GroupDirectory groups, ClusterView view, IEnumerable<LocalReplicas> local, IGrainFactory grains, IOptions<GatewayOptions> options, TimeProvider clock) : BackgroundService
{
    // Until all groups have been found once, look more often: someone waits for the start.
    private static readonly TimeSpan EagerPeriod = TimeSpan.FromMilliseconds(50);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var replicas = local.FirstOrDefault() is { } found ? new ReplicaWatch(found, groups, grains) : null;
        view.LocalReplicas = replicas?.Unknown;
        var period = TimeSpan.FromMilliseconds(options.Value.WatchEveryMs);
        while (!stoppingToken.IsCancellationRequested)
        {
            var isServing = await Task.WhenAll(groups.All.Select(static group => group.Leaders.CheckAsync()));
            view.IsReady = Array.TrueForAll(isServing, static serves => serves);
            view.LocalReplicas = replicas is null ? null : await replicas.LookAsync();
            await Task.Delay(view.IsReady ? period : EagerPeriod, clock, stoppingToken);
        }
    }

    /// <inheritdoc/>
    public override Task StopAsync(CancellationToken cancellationToken)
    {
        view.IsReady = false;
        if (local.FirstOrDefault() is { } replicas)
        {
            ReplicaGauges.Forget(replicas.Silo);
        }

        return base.StopAsync(cancellationToken);
    }
}
