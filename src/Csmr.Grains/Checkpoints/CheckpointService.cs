using Csmr.Composition.Plans;
using Csmr.Grains.Hosting;
using Csmr.Grains.Replicas.Pinning;
using Csmr.Grains.Routing;
using Csmr.Replication.Multicast;
using Csmr.Replication.Ports;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Csmr.Grains.Checkpoints;

/// <summary>See <see cref="ICheckpoints"/>.</summary>
internal sealed class CheckpointService : ICheckpoints
{
    private readonly Plan _plan;
    private readonly TimeProvider _clock;
    private readonly CheckpointOptions _options;
    private readonly JobList _jobs;
    private readonly TransferCalls _calls;
    private readonly CutReader _cuts;

    /// <summary>Makes it.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="groups">The ways to the groups.</param>
    /// <param name="silos">Where the silos are.</param>
    /// <param name="grains">Makes references.</param>
    /// <param name="services">Has the store, where this silo keeps checkpoints.</param>
    /// <param name="options">How long they are kept.</param>
    /// <param name="clock">The time.</param>
    public CheckpointService(
        Plan plan, GroupDirectory groups, SiloMap silos, IGrainFactory grains, IServiceProvider services, IOptions<CheckpointOptions> options, TimeProvider clock)
    {
        (_plan, _clock, _options, _jobs) = (plan, clock, options.Value, new JobList(clock));
        Store = services.GetService<ICheckpointStore>();
        _calls = new TransferCalls(groups, clock);
        _cuts = new CutReader(plan, groups, silos, grains, clock);
    }

    /// <inheritdoc/>
    public ICheckpointStore? Store { get; }

    /// <inheritdoc/>
    public IReadOnlyList<JobStatus> Jobs => _jobs.All;

    /// <inheritdoc/>
    public JobStatus Create(string? id, IReadOnlyList<string>? services)
    {
        var store = RequireStore();
        var name = id ?? _jobs.NewId();
        if (!CheckpointHead.IsId(name))
        {
            throw new CheckpointRefusedException(
                CheckpointRefusal.Invalid, $"'{name}' is no name of a checkpoint: lower-case letters, digits and hyphens, at most {CheckpointHead.IdCharsMax}, no hyphen first");
        }

        if (store.Find(name) is not null)
        {
            throw new CheckpointRefusedException(CheckpointRefusal.Conflict, $"checkpoint '{name}' is there already: delete it first, or take another name");
        }

        var groups = GroupsOf(services);
        var maker = new CheckpointMaker(_plan, _calls, _cuts, store, _clock);
        return _jobs.Start("create", name, async job =>
        {
            await maker.MakeAsync(job, name, groups);
            _options.Retain(store, _clock.GetUtcNow());
        });
    }

    /// <inheritdoc/>
    public JobStatus Verify(string id)
    {
        var (store, checkpoint) = Require(id);
        return _jobs.Start("verify", id, job =>
        {
            new CheckpointRestorer(_calls, store).Verify(job, checkpoint);
            return Task.CompletedTask;
        });
    }

    /// <inheritdoc/>
    public JobStatus Restore(string id, IReadOnlyDictionary<string, string>? services, string? key)
    {
        var (store, checkpoint) = Require(id);
        var head = checkpoint.Head ?? throw new CheckpointRefusedException(CheckpointRefusal.Conflict, checkpoint.Damage ?? "the checkpoint cannot be read");
        var plan = RestorePlan.Make(_plan, head, services);
        return _jobs.Start("restore", id, job => new CheckpointRestorer(_calls, store).RestoreAsync(job, checkpoint, plan, key));
    }

    private ICheckpointStore RequireStore() => Store
        ?? throw new CheckpointRefusedException(CheckpointRefusal.NotHere, "this silo keeps no checkpoints: start it with --checkpoints DIR, or ask another one");

    private (ICheckpointStore Store, StoredCheckpoint Checkpoint) Require(string id)
    {
        var store = RequireStore();
        return (store, store.Find(id) ?? throw new CheckpointRefusedException(CheckpointRefusal.Unknown, $"there is no checkpoint '{id}' here"));
    }

    private GroupPlan[] GroupsOf(IReadOnlyList<string>? services)
    {
        var known = _plan.Groups.Select(static group => group.Service).ToHashSet(StringComparer.Ordinal);
        if (services?.FirstOrDefault(service => !known.Contains(service)) is { } unknown)
        {
            throw new CheckpointRefusedException(
                CheckpointRefusal.Invalid, $"the composition has no service '{unknown}'; it has {string.Join(", ", known.Order(StringComparer.Ordinal))}");
        }

        GroupPlan[] groups =
        [
            .. _plan.Groups
                .Where(group => services?.Contains(group.Service, StringComparer.Ordinal) != false)
                .OrderBy(static group => group.Service, StringComparer.Ordinal)
                .ThenBy(static group => group.Part),
        ];
        return groups.Length is > 0 and <= MulticastCall.DestinationsMax
            ? groups
            : throw new CheckpointRefusedException(
                CheckpointRefusal.Invalid,
                groups.Length == 0 ? "no service is named" : $"{groups.Length} groups; at most {MulticastCall.DestinationsMax} can be cut at one point: name fewer services");
    }
}
