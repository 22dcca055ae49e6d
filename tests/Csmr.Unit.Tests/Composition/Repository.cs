using Csmr.Composition.Compiling;
using Csmr.Composition.Manifests;
using Csmr.Services;

namespace Csmr.Unit.Tests.Composition;

/// <summary>The repository's files, and compilation with the shipped machines.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    public static string Samples => Path.Combine(Root, "samples", "compositions");

    public static CompilationResult Compile(string path) => ManifestCompiler.Compile(
        new ManifestSource(path.Replace('\\', '/'), static file => File.Exists(file) ? File.ReadAllText(file) : null), ShippedMachines.Catalog);

    public static CompilationResult CompileText(string text) =>
        ManifestCompiler.Compile(ManifestSource.OfText("test.yaml", text), ShippedMachines.Catalog);

    private static string Find()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "CsmrOrleans.sln")))
            {
                return at.FullName;
            }
        }

        throw new DirectoryNotFoundException($"No CsmrOrleans.sln above {AppContext.BaseDirectory}.");
    }
}
