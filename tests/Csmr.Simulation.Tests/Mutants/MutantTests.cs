using Csmr.Mutation;
using Csmr.TestKit.Multicast;
using Csmr.TestKit.Simulation;

namespace Csmr.Simulation.Tests.Mutants;

/// <summary>
/// The test of the test: every defect planted into the core must be caught by each means that its file names, within its
/// bound, and under the number of an invariant that it breaks.
/// </summary>
public sealed class MutantTests(CoreMutants core, ITestOutputHelper output) : IClassFixture<CoreMutants>
{
    private const int ControlWalks = 2_000;
    private const int ControlTimedSeeds = 100;
    private const int ControlMulticastWalks = 200;

    public static TheoryData<string> Names => [.. CoreMutants.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Mutant_OfTheCore_IsCaught(string name)
    {
        var mutant = CoreMutants.Read(name);
        using var context = core.Load(mutant);
        var caught = new List<string>();
        foreach (var means in mutant.Catches)
        {
            var found = Hunt(context, means.Means, means.SeedsMax, means.FirstSeed);
            Assert.True(found is not null, $"{name} was not caught by {means.Means} within {means.SeedsMax} seeds from {means.FirstSeed} on");
            var (seed, invariant, what) = found.Value;
            var where = seed > 0 ? $"{means.Means}: {seed}" : means.Means;
            output.WriteLine($"{where}: {invariant}: {what.Split('\n')[0]}");
            Assert.Contains(invariant.Replace("core ", "", StringComparison.Ordinal).Split(' ')[0], mutant.Breaks);
            caught.Add($"{where} ({invariant})");
        }

        core.Table.Add(name, mutant.Description, string.Join("; ", caught));
    }

    /// <summary>The control: compiled in the same way without a mutant, the core behaves as the built one and breaks nothing.</summary>
    [Fact]
    public void Core_CompiledWithoutAMutant_RunsAsTheBuiltOne()
    {
        using var context = core.Load(mutant: null);
        Assert.All([.. Schedules.Names, .. MulticastSchedules.Names], name => Assert.Null(Hunt(context, name, 1)));
        foreach (var (engine, seeds) in new[] { ("walk", ControlWalks), ("timed", ControlTimedSeeds), ("multicast", ControlMulticastWalks) })
        {
            Assert.Null(Hunt(context, engine, seeds));
            Assert.Equal(MutantHunt.Trace(engine, 1, seeds), context.Call(typeof(MutantHunt), nameof(MutantHunt.Trace), engine, 1UL, seeds));
        }
    }

    [Fact]
    public void Mutant_WhoseTextIsGone_IsRefused()
    {
        var mutant = new Mutant("gone", "", ["A1"], [], [new MutantEdit("src/Csmr.Replication/Paxos/Ballot.cs", "no such text", "")]);
        Assert.Contains("no such text any more", Assert.Throws<MutantException>(() => core.Load(mutant)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Mutant_WhoseTextIsThereTwice_IsRefused()
    {
        var mutant = new Mutant("twice", "", ["A1"], [], [new MutantEdit("src/Csmr.Replication/Paxos/Ballot.cs", "operator", "")]);
        Assert.Contains("more than once", Assert.Throws<MutantException>(() => core.Load(mutant)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Mutant_ThatDoesNotCompile_IsRefused()
    {
        var mutant = new Mutant("broken", "", ["A1"], [], [new MutantEdit("src/Csmr.Replication/Paxos/Ballot.cs", "=> default;", "=> nothing;")]);
        Assert.Contains("does not compile", Assert.Throws<MutantException>(() => core.Load(mutant)).Message, StringComparison.Ordinal);
    }

    private static (ulong Seed, string Invariant, string What)? Hunt(MutantContext context, string means, int seedsMax, long firstSeed = 1) =>
        ((ulong, string, string)?)context.Call(typeof(MutantHunt), nameof(MutantHunt.Run), means, (ulong)firstSeed, seedsMax);
}
