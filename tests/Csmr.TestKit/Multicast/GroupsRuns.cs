using Csmr.TestKit.Simulation;

namespace Csmr.TestKit.Multicast;

/// <summary>Runs timed simulations of several groups by seed.</summary>
public static class GroupsRuns
{
    /// <summary>Runs a seed.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="probes">Where rare paths are counted.</param>
    /// <returns>How it ended.</returns>
    public static RunOutcome Run(ulong seed, Probes probes) => GroupsSimulation.Run(GroupsPlan.Of(seed), probes);
}
