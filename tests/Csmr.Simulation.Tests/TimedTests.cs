using Csmr.TestKit.Simulation;

namespace Csmr.Simulation.Tests;

public sealed class TimedTests(ITestOutputHelper output)
{
    private static readonly Probe[] Required =
    [
        Probe.LeaderElected, Probe.UnchosenAdopted, Probe.TwoLeaders, Probe.PreVoteDenied, Probe.RejectReceived, Probe.DuplicateDelivered,
        Probe.TornTail, Probe.CrashAtSend, Probe.CrashBeforeFlush, Probe.AllDown, Probe.CatchUpFromFar, Probe.ReadAfterLeaderChange,
        Probe.ReadGivenUp, Probe.ProposalGivenUp, Probe.HandOver, Probe.LateFormation, Probe.Outcast, Probe.PromiseInChunks,
        Probe.Replayed, Probe.Expired, Probe.WitnessVoted, Probe.StartedFromSnapshot, Probe.Reconfigured, Probe.SnapshotLost, Probe.SnapshotInstalled, Probe.Truncated,
    ];

    [Fact]
    public void Timed_ManySeeds_HoldAllInvariants()
    {
        var campaign = Campaign.Run(
            "timed", Settings.FirstSeed, Settings.TimedSeeds, Settings.Limit, failuresMax: 5, probes => seed => TimedRuns.Run(seed, probes));
        Closing.Check(campaign, Settings.TimedSeeds, Required, runsForProbes: 1_000, failure => Shrinker.ShrinkTimed(failure), output);
    }
}
