namespace Csmr.TestKit.Simulation;

/// <summary>Runs timed simulations by seed.</summary>
public static class TimedRuns
{
    /// <summary>Runs a seed.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="probes">Where rare paths are counted.</param>
    /// <param name="bug">A planted defect.</param>
    /// <param name="outcomesOnly">Whether only what a client could notice is checked.</param>
    /// <returns>How it ended.</returns>
    public static RunOutcome Run(ulong seed, Probes probes, HostBug bug = HostBug.None, bool outcomesOnly = false) =>
        TimedSimulation.Run(TimedPlan.Of(seed), probes, bug, outcomesOnly);
}
