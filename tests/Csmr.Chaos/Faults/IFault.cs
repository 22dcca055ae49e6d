using Csmr.Chaos.Clusters;

namespace Csmr.Chaos.Faults;

/// <summary>
/// One kind of fault. An instance is made for each injection: <see cref="InjectAsync"/>, then the runner waits for a time between
/// <see cref="HoldMin"/> and <see cref="HoldMax"/>, then <see cref="HealAsync"/>, which is called also where the injection failed half-way.
/// A fault that is itself a check (a process that must be refused) throws a <see cref="Processes.HarnessException"/>: the run fails.
/// </summary>
public interface IFault
{
    /// <summary>Its name on the command line: lower-case words with hyphens.</summary>
    string Name { get; }

    /// <summary>What it does, in a line for a person.</summary>
    string Summary { get; }

    /// <summary>The shortest time it lasts.</summary>
    TimeSpan HoldMin { get; }

    /// <summary>The longest time it lasts.</summary>
    TimeSpan HoldMax { get; }

    /// <summary>Why it cannot be had on this machine; null where it can.</summary>
    string? WhyNot => null;

    /// <summary>Changes the cluster before it starts, where the fault needs surroundings of its own. Called once for each kind of a run.</summary>
    Task PrepareAsync(ChaosClusterOptions options) => Task.CompletedTask;

    /// <summary>Makes it happen.</summary>
    Task InjectAsync(FaultContext context);

    /// <summary>Ends it: all processes run, undisturbed.</summary>
    Task HealAsync(FaultContext context);
}

/// <summary>What a fault may use.</summary>
/// <param name="Cluster">The cluster.</param>
/// <param name="Random">The chance of this one injection.</param>
/// <param name="Turn">How often this kind of fault was injected before in this run.</param>
/// <param name="Log">Is told what is done.</param>
/// <param name="Cancellation">Ends the run.</param>
public sealed record FaultContext(ChaosCluster Cluster, Random Random, int Turn, Action<string> Log, CancellationToken Cancellation)
{
    /// <summary>One of several, drawn.</summary>
    public T Pick<T>(IReadOnlyList<T> from)
    {
        ArgumentNullException.ThrowIfNull(from);
        return from[Random.Next(from.Count)];
    }

    /// <summary>The replica that leads a group: of each group in turn. Any replica where that group has no leader now.</summary>
    public async Task<ChaosMember> NextLeaderAsync()
    {
        var groups = await Cluster.GroupsAsync(Cancellation);
        var group = groups[Turn % groups.Count];
        var leader = group.Leader is { } name ? Cluster[name] : Pick(Cluster.Replicas);
        Log($"{leader.Name}, {(group.Leader is null ? "without leader: " : "leader of ")}{group.Group}");
        return leader;
    }

    /// <summary>A replica that leads no group; the one that leads the fewest where each leads one.</summary>
    public async Task<ChaosMember> PickFollowerAsync()
    {
        var led = (await Cluster.GroupsAsync(Cancellation)).CountBy(static group => group.Leader ?? "").ToDictionary(StringComparer.Ordinal);
        var fewest = Cluster.Replicas.Min(member => led.GetValueOrDefault(member.Name));
        var follower = Pick([.. Cluster.Replicas.Where(member => led.GetValueOrDefault(member.Name) == fewest)]);
        Log($"{follower.Name}, leader of {fewest} groups");
        return follower;
    }
}
