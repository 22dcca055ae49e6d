using System.Globalization;
using Csmr.TestKit.Multicast;
using Csmr.TestKit.Simulation;

namespace Csmr.Simulation.Tests;

/// <summary>Runs that are to be seen again: the one that CSMR_SIM_REPLAY names, and seeds that once broke something.</summary>
public sealed class ReplayTests(ITestOutputHelper output)
{
    [Fact]
    public void Replay_TheSeedOfTheEnvironment_HoldsAllInvariants()
    {
        Assert.SkipWhen(Settings.Replay is null, "CSMR_SIM_REPLAY names no run (timed:17, walk:17, multicast:17, groups:17)");
        var parts = Settings.Replay.Split(':');
        Replay(parts[0], ulong.Parse(parts[1], CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData("timed", 110, "a snapshot comes whole when more is needed already")]
    [InlineData("timed", 4077, "the replica that tells what is gone has lost its snapshot: an older one must do")]
    [InlineData("timed", 9168, "a witness has the only snapshot, and it is an old one")]
    [InlineData("groups", 81, "a witness wants a snapshot before its group is formed")]
    [InlineData("groups", 3392, "the first promise is always of one that has dropped its log and lost its snapshot")]
    [InlineData("walk", 204908, "a configuration that was proposed in vain is chosen late")]
    [InlineData("walk", 759630, "the same, behind two configurations")]
    public void Replay_OfWhatOnceBrokeSomething_HoldsAllInvariants(string engine, ulong seed, string story)
    {
        output.WriteLine(story);
        Replay(engine, seed);
    }

    private void Replay(string engine, ulong seed)
    {
        var outcome = engine switch
        {
            "timed" => TimedRuns.Run(seed, new Probes()),
            "multicast" => new MulticastWalk().Run(seed),
            "groups" => GroupsRuns.Run(seed, new Probes()),
            _ => new ClocklessWalk(new Probes()).Run(seed),
        };
        output.WriteLine(outcome.ToString());
        if (outcome.Violation is not null)
        {
            Assert.Fail(engine switch
            {
                "timed" => Shrinker.ShrinkTimed(outcome),
                "multicast" or "groups" => outcome.ToString(),
                _ => Shrinker.ShrinkWalk(outcome),
            });
        }
    }
}
