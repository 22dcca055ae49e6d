using Csmr.TestKit.Multicast;
using Csmr.TestKit.Simulation;

namespace Csmr.Simulation.Tests.Multicast;

public sealed class MulticastTests(ITestOutputHelper output)
{
    [Fact]
    public void Walks_ManySeeds_AreAtomicAndStrictlySerializable()
    {
        var campaign = Campaign.Run(
            "multicast", Settings.FirstSeed, Settings.MulticastWalks, Settings.Limit, failuresMax: 5, _ => new MulticastWalk().Run);
        Closing.Check(campaign, Settings.MulticastWalks, [], runsForProbes: long.MaxValue, static failure => failure.ToString(), output);
    }

    [Fact]
    public void GroupsOfReplicas_ManySeeds_AreAtomicStrictlySerializableAndLive()
    {
        var campaign = Campaign.Run(
            "groups", Settings.FirstSeed, Settings.GroupsSeeds, Settings.Limit, failuresMax: 5, static probes => seed => GroupsRuns.Run(seed, probes));
        Closing.Check(
            campaign,
            Settings.GroupsSeeds,
            [Probe.LeaderElected, Probe.TwoLeaders, Probe.AllDown, Probe.TornTail, Probe.CrashAtSend, Probe.DuplicateDelivered, Probe.WitnessVoted],
            runsForProbes: 1_000,
            static failure => failure.ToString(),
            output);
    }

    [Fact]
    public void SameSeed_SameTrace()
    {
        for (var seed = 1UL; seed <= 50; seed++)
        {
            Assert.Equal(new MulticastWalk().Run(seed), new MulticastWalk().Run(seed));
            Assert.Equal(GroupsRuns.Run(seed, new Probes()), GroupsRuns.Run(seed, new Probes()));
        }
    }
}
