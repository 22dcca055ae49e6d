using Csmr.TestKit.Simulation;

namespace Csmr.Simulation.Tests;

public sealed class WalkTests(ITestOutputHelper output)
{
    [Fact]
    public void Walks_ManySeeds_HoldAllInvariants()
    {
        var campaign = Campaign.Run(
            "walk",
            Settings.FirstSeed,
            Settings.Soak is null ? Settings.Walks : long.MaxValue,
            Settings.Soak ?? TimeSpan.FromMinutes(10),
            failuresMax: 5,
            probes => new ClocklessWalk(probes).Run);
        output.WriteLine(campaign.ToString());
        output.WriteLine(campaign.Probes.ToString());
        Assert.True(campaign.Failures.Count == 0, string.Join('\n', campaign.Failures));
    }
}
