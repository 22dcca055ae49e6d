using Csmr.TestKit.Simulation;

namespace Csmr.Simulation.Tests;

public sealed class TimedTests(ITestOutputHelper output)
{
    [Fact]
    public void Timed_ManySeeds_HoldAllInvariants()
    {
        var campaign = Campaign.Run(
            "timed",
            Settings.FirstSeed,
            Settings.Soak is null ? Settings.TimedSeeds : long.MaxValue,
            Settings.Soak ?? TimeSpan.FromMinutes(10),
            failuresMax: 5,
            probes => seed => TimedRuns.Run(seed, probes));
        output.WriteLine(campaign.ToString());
        output.WriteLine(campaign.Probes.ToString());
        Assert.True(campaign.Failures.Count == 0, string.Join('\n', campaign.Failures));
    }
}
