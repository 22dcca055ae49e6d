using Csmr.TestKit.Simulation;

namespace Csmr.Simulation.Tests;

public sealed class WalkTests(ITestOutputHelper output)
{
    private static readonly Probe[] Required =
    [
        Probe.LeaderElected, Probe.UnchosenAdopted, Probe.AdoptedFromTwoBallots, Probe.HoleFilled, Probe.TwoLeaders, Probe.PreVoteDenied,
        Probe.RejectReceived, Probe.DuplicateDelivered, Probe.TornTail, Probe.CrashAtSend, Probe.CrashBeforeFlush, Probe.AllDown,
        Probe.CatchUpFromFar, Probe.ReadAfterLeaderChange, Probe.ReadGivenUp, Probe.ProposalGivenUp, Probe.Overloaded, Probe.HandOver,
        Probe.Outcast, Probe.PromiseInChunks, Probe.WitnessVoted, Probe.StartedFromSnapshot, Probe.SnapshotLost, Probe.SnapshotInstalled, Probe.TransferResumed,
        Probe.Truncated, Probe.Reconfigured, Probe.Learned, Probe.Removed, Probe.ConfigurationAdopted, Probe.JoinedOnOldDisk,
    ];

    [Fact]
    public void Walks_ManySeeds_HoldAllInvariants()
    {
        var campaign = Campaign.Run(
            "walk", Settings.FirstSeed, Settings.Walks, Settings.Limit, failuresMax: 5, probes => new ClocklessWalk(probes).Run);
        Closing.Check(campaign, Settings.Walks, Required, runsForProbes: 10_000, failure => Shrinker.ShrinkWalk(failure), output);
    }
}
