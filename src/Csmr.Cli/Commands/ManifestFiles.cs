using System.CommandLine;
using System.Reflection;
using Csmr.Composition.Compiling;
using Csmr.Composition.Manifests;
using Csmr.Services;

namespace Csmr.Cli.Commands;

/// <summary>Manifests on disk.</summary>
internal static class ManifestFiles
{
    /// <summary>The argument that names the manifest.</summary>
    public static Argument<string> Argument() => new("FILE") { Description = "The manifest, a YAML file." };

    /// <summary>Compiles a manifest, with the shipped machines and those of its assemblies.</summary>
    /// <param name="path">The root file.</param>
    /// <returns>The plan and the findings.</returns>
    public static CompilationResult Compile(string path) =>
        ManifestCompiler.Compile(new ManifestSource(path.Replace('\\', '/'), ReadText) { AddAssembly = AddAssembly }, ShippedMachines.Catalog);

    private static string? ReadText(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return null;
        }
    }

    private static MachineCatalog AddAssembly(MachineCatalog catalog, string path)
    {
        try
        {
            return catalog.With(Assembly.LoadFrom(Path.GetFullPath(path)));
        }
        catch (Exception error) when (error is IOException or BadImageFormatException or UnauthorizedAccessException or ArgumentException)
        {
            throw new MachineCatalogException(error.Message, error);
        }
    }
}
