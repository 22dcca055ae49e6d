using System.Reflection;
using Csmr.Composition.Compiling;
using Csmr.Composition.Findings;
using Csmr.Composition.Manifests;
using Csmr.Composition.Plans;
using Csmr.Server.Options;
using Csmr.Services;

namespace Csmr.Server.Plans;

/// <summary>Reads a manifest's files and compiles them.</summary>
internal static class PlanReader
{
    private const string Sample = "samples/compositions/audited-store.yaml";

    /// <summary>Reads and compiles a manifest.</summary>
    /// <param name="path">Its file; null for the sample of the repository.</param>
    /// <param name="warnings">Takes the findings that do not keep it from running.</param>
    /// <returns>The plan.</returns>
    /// <exception cref="StartException">There is none, or it has errors: they are in the message, one a line.</exception>
    public static Plan Read(string? path, TextWriter warnings)
    {
        var file = path ?? FindSample();
        if (!File.Exists(file))
        {
            throw new StartException(StartException.Usage, $"there is no manifest '{file}'; give one with --manifest");
        }

        var source = new ManifestSource(file, ReadText) { AddAssembly = static (catalog, assembly) => catalog.With(Load(assembly)) };
        var result = ManifestCompiler.Compile(source, ShippedMachines.Catalog);
        if (result.Plan is not { } plan)
        {
            var findings = string.Join(Environment.NewLine, result.Findings);
            throw new StartException(StartException.Usage, $"the manifest '{file}' cannot be used:{Environment.NewLine}{findings}");
        }

        foreach (var finding in result.Findings.Where(static finding => finding.Severity == Severity.Warning))
        {
            warnings.WriteLine(finding);
        }

        return plan;
    }

    private static string? ReadText(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    private static Assembly Load(string path)
    {
        try
        {
            return Assembly.LoadFrom(Path.GetFullPath(path));
        }
        catch (Exception cause) when (cause is IOException or BadImageFormatException or UnauthorizedAccessException)
        {
            throw new MachineCatalogException($"Assembly '{path}' cannot be loaded: {cause.Message}", cause);
        }
    }

    /// <summary>The sample: in the working directory's repository, or in the one that this program was built in.</summary>
    private static string FindSample()
    {
        foreach (var start in new[] { Directory.GetCurrentDirectory(), AppContext.BaseDirectory })
        {
            for (var at = new DirectoryInfo(start); at is not null; at = at.Parent)
            {
                var file = Path.Combine(at.FullName, Sample);
                if (File.Exists(file))
                {
                    return file;
                }
            }
        }

        throw new StartException(StartException.Usage, $"{Sample} was not found; give a manifest with --manifest");
    }
}
