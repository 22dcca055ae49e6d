using Csmr.Mutation;
using Csmr.TestKit.Simulation;

namespace Csmr.Simulation.Tests;

/// <summary>The test of the test: every defect planted into the host must be caught, and soon.</summary>
public sealed class PlantedBugTests(PlantedBugTests.Figures figures, ITestOutputHelper output) : IClassFixture<PlantedBugTests.Figures>
{
    private const int TimedSeedsMax = 1_000;
    private const int WalksMax = 100_000;

    public static TheoryData<HostBug> Bugs => [.. Enum.GetValues<HostBug>().Where(bug => bug != HostBug.None)];

    [Theory]
    [MemberData(nameof(Bugs))]
    public void PlantedBug_Simulated_IsCaught(HostBug bug)
    {
        // The walk has neither sessions nor answers of a state machine.
        var isOfClients = bug is HostBug.SessionsForgotten or HostBug.RetryWithNewId or HostBug.AnsweredTooEarly;
        var walk = new ClocklessWalk(new Probes(), bug);
        var walked = First(isOfClients ? 0 : WalksMax, walk.Run);
        var timed = First(walked is null ? TimedSeedsMax : 60, seed => TimedRuns.Run(seed, new Probes(), bug));
        output.WriteLine($"{bug}: {Describe("walk", walked)}; {Describe("timed", timed)}");
        Assert.True(walked is not null || timed is not null, $"{bug} was not caught");
        figures.Table.Add(bug.ToString(), Words(bug), string.Join("; ", new[] { walked, timed }.OfType<RunOutcome>().Select(Cell)));
    }

    private static RunOutcome? First(int runs, Func<ulong, RunOutcome> run)
    {
        for (var seed = 1UL; seed <= (ulong)runs; seed++)
        {
            var outcome = run(seed);
            if (outcome.Violation is not null)
            {
                return outcome;
            }
        }

        return null;
    }

    private static string Describe(string engine, RunOutcome? outcome) => outcome is null
        ? $"{engine} not"
        : $"{engine} seed {outcome.Seed} ({outcome.Violation!.Id}: {outcome.Violation.What.Split('\n')[0]})";

    private static string Cell(RunOutcome outcome) => $"{outcome.Engine}: {outcome.Seed} ({outcome.Violation!.Id})";

    private static string Words(HostBug bug) =>
        string.Concat(bug.ToString().Select((letter, i) => i > 0 && char.IsUpper(letter) ? $" {char.ToLowerInvariant(letter)}" : $"{letter}"));

    /// <summary>The table of what caught what, written when all were tried.</summary>
    public sealed class Figures : IDisposable
    {
        public MutantTable Table { get; } = new();

        public void Dispose() => Table.Write("host", Bugs.Count);
    }
}
