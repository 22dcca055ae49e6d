using Csmr.Mutation;

namespace Csmr.Storage.Tests.Mutants;

/// <summary>The mutants of the journal, the compiler that plants them, and the table of what caught them.</summary>
public sealed class StorageMutants : IDisposable
{
    private static readonly string Folder = Path.Combine(MutantCompiler.Root(), "tests", "Csmr.Storage.Tests", "Mutants");

    private readonly MutantCompiler _compiler = new(typeof(SegmentedJournal).Assembly, AsPlainImports);

    /// <summary>The names of all.</summary>
    public static IEnumerable<string> Names =>
        Directory.EnumerateFiles(Folder, "*.txt").Select(path => Path.GetFileNameWithoutExtension(path)!).Order(StringComparer.Ordinal);

    public MutantTable Table { get; } = new();

    public static Mutant Read(string name) => Mutant.Read(Path.Combine(Folder, name + ".txt"));

    /// <summary>A place where these tests run the journal with a mutant, or as it is.</summary>
    public MutantContext Load(Mutant? mutant)
    {
        var context = new MutantContext(_compiler.Compile(mutant), typeof(StorageHunt).Assembly);
        Assert.Equal(context.Project.ManifestModule.ModuleVersionId, context.Call(typeof(StorageHunt), nameof(StorageHunt.Journal)));
        return context;
    }

    public void Dispose() => Table.Write("storage", Names.Count());

    // The generator of LibraryImport does not run here, and on the simulated disk nothing is called: a plain import compiles.
    private static string AsPlainImports(string text) => text
        .Replace("[LibraryImport(", "[DllImport(", StringComparison.Ordinal)
        .Replace(", StringMarshalling = StringMarshalling.Utf8", "", StringComparison.Ordinal)
        .Replace("private static partial ", "private static extern ", StringComparison.Ordinal);
}
