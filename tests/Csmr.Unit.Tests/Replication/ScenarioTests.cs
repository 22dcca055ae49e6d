using Csmr.TestKit.Scenarios;
using Csmr.Unit.Tests.Composition;

namespace Csmr.Unit.Tests.Replication;

/// <summary>The protocol's stories: scripts with what they lead to (docs/simulation.md).</summary>
public sealed class ScenarioTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, "tests", "Csmr.Unit.Tests", "Scripts");

    public static TheoryData<string> Stories => [.. Directory.GetFiles(Folder, "*.txt").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)];

    // To approve a change: run with CSMR_APPROVE=1 and look at the difference.
    [Theory]
    [MemberData(nameof(Stories))]
    public void Script_IsAsItSays(string story)
    {
        var file = Path.Combine(Folder, story + ".txt");
        var outcome = ScenarioRunner.Run(File.ReadAllText(file));
        if (Environment.GetEnvironmentVariable("CSMR_APPROVE") == "1")
        {
            File.WriteAllText(file, outcome.Script);
        }

        Assert.True(outcome.Violation is null, $"{story}: {outcome.Violation?.Id} is broken: {outcome.Violation?.What}");
        Assert.True(outcome.IsAsExpected, $"{story}, {outcome.FirstDifference}");
    }

    [Fact]
    public void Run_AnotherTrace_ShowsWhereItDiffers()
    {
        var outcome = ScenarioRunner.Run("group 3\nstate 0\n----\nr0 leads\n");
        Assert.False(outcome.IsAsExpected);
        Assert.Contains("- r0 leads\n+ r0 follows, promised 0.0", outcome.FirstDifference, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_UnknownCommand_IsRefused() =>
        Assert.Contains("'jump 1'", Assert.Throws<ScenarioException>(() => ScenarioRunner.Run("group 3\njump 1\n")).Message, StringComparison.Ordinal);
}
