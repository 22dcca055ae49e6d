using Csmr.Composition.Plans;
using Csmr.Replication.Ports;

namespace Csmr.Grains.Checkpoints;

/// <summary>Where the states of a checkpoint go: checked before anything is sent.</summary>
internal sealed class RestorePlan
{
    private RestorePlan(IReadOnlyList<GroupPlan> targets, IReadOnlyList<GroupPlan[]> bySource) => (Targets, BySource) = (targets, bySource);

    /// <summary>The groups whose states are replaced, in order of their names.</summary>
    public IReadOnlyList<GroupPlan> Targets { get; }

    /// <summary>For each group of the checkpoint the groups that its state is spread over; none where it is not restored.</summary>
    public IReadOnlyList<GroupPlan[]> BySource { get; }

    /// <summary>Makes one.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="head">The checkpoint.</param>
    /// <param name="services">By the services of the checkpoint, those that get their states; null for all, each into the service of its name.</param>
    /// <returns>The plan.</returns>
    /// <exception cref="CheckpointRefusedException">The checkpoint does not fit.</exception>
    public static RestorePlan Make(Plan plan, CheckpointHead head, IReadOnlyDictionary<string, string>? services)
    {
        services ??= head.Groups.Select(static group => group.Service).Distinct(StringComparer.Ordinal).ToDictionary(static service => service, StringComparer.Ordinal);
        var bySource = new GroupPlan[head.Groups.Count][];
        Array.Fill(bySource, []);
        foreach (var (from, to) in services.OrderBy(static pair => pair.Key, StringComparer.Ordinal))
        {
            int[] sources = [.. Enumerable.Range(0, head.Groups.Count).Where(index => string.Equals(head.Groups[index].Service, from, StringComparison.Ordinal))];
            GroupPlan[] targets = [.. plan.Groups.Where(group => string.Equals(group.Service, to, StringComparison.Ordinal)).OrderBy(static group => group.Part)];
            Require(sources.Length > 0, CheckpointRefusal.Invalid, $"the checkpoint has no service '{from}'; it has {Names(head.Groups.Select(static group => group.Service))}");
            Require(targets.Length > 0, CheckpointRefusal.Invalid, $"the composition has no service '{to}'; it has {Names(plan.Groups.Select(static group => group.Service))}");
            Spread(head, from, to, sources, targets, bySource);
        }

        GroupPlan[] all = [.. bySource.SelectMany(static groups => groups).DistinctBy(static group => group.Id).OrderBy(static group => group.Id.Name, StringComparer.Ordinal)];
        Require(all.Length > 0, CheckpointRefusal.Invalid, "no service is named");
        Require(
            services.Values.Distinct(StringComparer.Ordinal).Count() == services.Count, CheckpointRefusal.Invalid, "two services are to be restored into one");
        Require(
            all.Length <= Replication.Multicast.MulticastCall.DestinationsMax,
            CheckpointRefusal.Conflict,
            $"{all.Length} groups are to be restored; at most {Replication.Multicast.MulticastCall.DestinationsMax} can be at one time");
        return new RestorePlan(all, bySource);
    }

    /// <summary>Where an item goes.</summary>
    /// <param name="source">The position of its group in the checkpoint.</param>
    /// <param name="key">Its key.</param>
    /// <returns>The group.</returns>
    public GroupPlan GroupOf(int source, string key)
    {
        var targets = BySource[source];
        return targets[0].Function is { } function ? targets[function.PartitionOf(key)] : targets[0];
    }

    private static void Spread(CheckpointHead head, string from, string to, int[] sources, GroupPlan[] targets, GroupPlan[][] bySource)
    {
        var machine = targets[0].Machine.Definition.Name;
        foreach (var (source, position) in sources.Select(static (source, position) => (source, position)))
        {
            var group = head.Groups[source];
            Require(
                string.Equals(group.Machine, machine, StringComparison.Ordinal),
                CheckpointRefusal.Conflict,
                $"service '{from}' of the checkpoint is a {group.Machine}, '{to}' is a {machine}");
            Require(
                group.IsItemized || sources.Length == targets.Length,
                CheckpointRefusal.Conflict,
                $"service '{from}' of the checkpoint has {sources.Length} partitions, '{to}' has {targets.Length}: the state of a {machine} cannot be divided anew");
            Require(
                group.IsItemized == CheckpointMaker.IsItemized(targets[0]),
                CheckpointRefusal.Conflict,
                $"the state of service '{from}' was kept in another form than this version's {machine} takes");
            bySource[source] = group.IsItemized ? targets : [targets[position]];
        }
    }

    private static string Names(IEnumerable<string> names) => string.Join(", ", names.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));

    private static void Require(bool condition, CheckpointRefusal reason, string otherwise)
    {
        if (!condition)
        {
            throw new CheckpointRefusedException(reason, otherwise);
        }
    }
}
