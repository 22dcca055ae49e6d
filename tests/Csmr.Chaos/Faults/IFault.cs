using Csmr.Chaos.Clusters;

namespace Csmr.Chaos.Faults;

/// <summary>
/// One kind of fault. An instance is made for each injection: <see cref="InjectAsync"/>, then the runner waits for a time between
/// <see cref="HoldMin"/> and <see cref="HoldMax"/>, then <see cref="HealAsync"/>, which is called also where the injection failed half-way.
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
/// <param name="Log">Is told what is done.</param>
/// <param name="Cancellation">Ends the run.</param>
public sealed record FaultContext(ChaosCluster Cluster, Random Random, Action<string> Log, CancellationToken Cancellation)
{
    /// <summary>One of several, drawn.</summary>
    public T Pick<T>(IReadOnlyList<T> from) => from[Random.Next(from.Count)];

    /// <summary>A replica that leads a group, drawn among the groups; any replica where no group has a leader.</summary>
    public async Task<ChaosMember> PickLeaderAsync()
    {
        var leaders = (await Cluster.GroupsAsync(Cancellation)).Where(static group => group.Leader is not null).ToArray();
        if (leaders.Length == 0)
        {
            return Pick(Cluster.Replicas);
        }

        var chosen = Pick(leaders);
        Log($"leader of {chosen.Group}: {chosen.Leader}");
        return Cluster[chosen.Leader!];
    }

    /// <summary>A replica that leads no group; any replica where each leads one.</summary>
    public async Task<ChaosMember> PickFollowerAsync()
    {
        var leaders = (await Cluster.GroupsAsync(Cancellation)).Select(static group => group.Leader).ToHashSet();
        var others = Cluster.Replicas.Where(member => !leaders.Contains(member.Name)).ToArray();
        return Pick(others.Length > 0 ? others : Cluster.Replicas);
    }
}
