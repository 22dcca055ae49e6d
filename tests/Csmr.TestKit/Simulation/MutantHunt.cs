using Csmr.Replication.Paxos;
using Csmr.TestKit.Multicast;

namespace Csmr.TestKit.Simulation;

/// <summary>
/// The way into a copy of the test kit that is bound to a mutated core (<c>Csmr.Mutation</c>): only types of the base
/// library come in and go out.
/// </summary>
public static class MutantHunt
{
    /// <summary>Which core this copy of the test kit is bound to.</summary>
    /// <returns>The core's module version.</returns>
    public static Guid Core() => typeof(PaxosNode).Module.ModuleVersionId;

    /// <summary>Runs seeds until one breaks something, or a directed schedule.</summary>
    /// <param name="means"><c>walk</c>, <c>timed</c>, <c>multicast</c>, <c>groups</c>, or the name of a schedule.</param>
    /// <param name="firstSeed">The first seed.</param>
    /// <param name="seedsMax">How many seeds at most.</param>
    /// <returns>The first seed that broke something, the invariant's number, and what was seen; null where all held.</returns>
    public static (ulong Seed, string Invariant, string What)? Run(string means, ulong firstSeed, int seedsMax)
    {
        if (Schedules.Names.Contains(means))
        {
            return Schedules.Run(means) is { } broken ? (0, broken.Id, broken.What) : null;
        }

        if (MulticastSchedules.Names.Contains(means))
        {
            return MulticastSchedules.Run(means) is { } broken ? (0, broken.Id, broken.What) : null;
        }

        var run = Engine(means);
        for (var seed = firstSeed; seed < firstSeed + (ulong)seedsMax; seed++)
        {
            if (run(seed).Violation is { } violation)
            {
                return (seed, violation.Id, violation.What);
            }
        }

        return null;
    }

    /// <summary>One hash over all that happened in many runs.</summary>
    /// <param name="engine"><c>walk</c>, <c>timed</c>, <c>multicast</c> or <c>groups</c>.</param>
    /// <param name="firstSeed">The first seed.</param>
    /// <param name="seeds">How many seeds.</param>
    /// <returns>The hash.</returns>
    public static ulong Trace(string engine, ulong firstSeed, int seeds)
    {
        var run = Engine(engine);
        var hash = 0UL;
        for (var seed = firstSeed; seed < firstSeed + (ulong)seeds; seed++)
        {
            hash = Digests.Add(hash, run(seed).Trace);
        }

        return hash;
    }

    private static Func<ulong, RunOutcome> Engine(string name) => name switch
    {
        "walk" => new ClocklessWalk(new Probes()).Run,
        "multicast" => new MulticastWalk().Run,
        "groups" => static seed => GroupsRuns.Run(seed, new Probes()),
        "timed" => static seed => TimedRuns.Run(seed, new Probes()),
        _ => throw new ArgumentException($"there is no engine and no schedule '{name}'", nameof(name)),
    };
}
