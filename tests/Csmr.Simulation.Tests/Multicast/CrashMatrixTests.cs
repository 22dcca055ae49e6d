using Csmr.Mutation;
using Csmr.TestKit.Multicast;

namespace Csmr.Simulation.Tests.Multicast;

public sealed class CrashMatrixTests(ITestOutputHelper output)
{
    // What the protocol consists of, for each group; a run in which one of these does not happen shows too little.
    private static readonly string[] LeaderSteps =
        ["gets the call", "has met it", "sends messages to", "gets messages of", "knows the final timestamp", "has executed its steps", "answers the gateway", "has it exposed"];

    [Fact]
    public void EveryStep_WithEveryFaultOfEverybody_IsAtomicAndEnds()
    {
        var cases = CrashMatrix.Run();
        var steps = cases.Select(static one => one.Step).Distinct().ToArray();
        Assert.All([0, 1, 2], group => Assert.All(LeaderSteps, step => Assert.Contains(steps, seen => seen.StartsWith($"the leader of g{group} {step}", StringComparison.Ordinal))));
        output.WriteLine($"crash matrix: {cases.Count:n0} runs, {steps.Length - 1} steps");
        var broken = cases.Where(static one => one.Outcome.Violation is not null).ToArray();
        Assert.True(broken.Length == 0, string.Join('\n', broken.Take(5).Select(static one => $"{one.Program}: {one.Fault} of the {one.Victim} when {one.Step}: {one.Outcome.Violation}")));
        var folder = Directory.CreateDirectory(Path.Combine(MutantCompiler.Root(), "artifacts", "figures"));
        File.WriteAllLines(Path.Combine(folder.FullName, "crash-matrix.md"), CrashMatrix.Table(cases));
    }
}
