using Csmr.TestKit.Simulation;

namespace Csmr.Simulation.Tests;

/// <summary>How a campaign ends: one line, and a failure that says how to see it again.</summary>
internal static class Closing
{
    /// <summary>
    /// Prints the closing line; fails on broken invariants, on fewer runs than were asked for, and on rare paths that a full
    /// run has not reached.
    /// </summary>
    public static void Check(
        Campaign campaign, long runs, Probe[] required, long runsForProbes, Func<RunOutcome, string> shrink, ITestOutputHelper output)
    {
        output.WriteLine(campaign.ToString());
        output.WriteLine(campaign.Probes.ToString());
        if (campaign.Failures.Count > 0)
        {
            Assert.Fail($"{string.Join('\n', campaign.Failures)}\n\nThe first one, shortened:\n{shrink(campaign.Failures[0])}");
        }

        if (!Settings.IsSoak)
        {
            Assert.True(campaign.Runs == runs, $"only {campaign.Runs:n0} of {runs:n0} runs were done in {campaign.Elapsed.TotalSeconds:n0} s");
        }

        if (campaign.Runs >= runsForProbes)
        {
            Assert.Empty(required.Where(probe => campaign.Probes[probe] == 0));
        }
    }
}
