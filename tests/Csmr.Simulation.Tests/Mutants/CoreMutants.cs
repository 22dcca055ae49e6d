using Csmr.Mutation;
using Csmr.Replication.Paxos;
using Csmr.TestKit.Simulation;

namespace Csmr.Simulation.Tests.Mutants;

/// <summary>The mutants of the core, the compiler that plants them, and the table of what caught them.</summary>
public sealed class CoreMutants : IDisposable
{
    private static readonly string Folder = Path.Combine(MutantCompiler.Root(), "tests", "Csmr.Simulation.Tests", "Mutants");

    private readonly MutantCompiler _compiler = new(typeof(PaxosNode).Assembly);

    /// <summary>The names of all.</summary>
    public static IEnumerable<string> Names =>
        Directory.EnumerateFiles(Folder, "*.txt").Select(path => Path.GetFileNameWithoutExtension(path)!).Order(StringComparer.Ordinal);

    public MutantTable Table { get; } = new();

    public static Mutant Read(string name) => Mutant.Read(Path.Combine(Folder, name + ".txt"));

    /// <summary>A place where the test kit runs the core with a mutant, or as it is.</summary>
    public MutantContext Load(Mutant? mutant)
    {
        var context = new MutantContext(_compiler.Compile(mutant), typeof(MutantHunt).Assembly);
        Assert.Equal(context.Project.ManifestModule.ModuleVersionId, context.Call(typeof(MutantHunt), nameof(MutantHunt.Core)));
        return context;
    }

    public void Dispose() => Table.Write("core", Names.Count());
}
