using Csmr.Chaos.Processes;
using Csmr.Composition.Compiling;
using Csmr.Composition.Manifests;
using Csmr.Composition.Plans;
using Csmr.Services;

namespace Csmr.Chaos.Clusters;

/// <summary>The plan that the servers made of the manifest.</summary>
public static class ChaosPlan
{
    public static Plan Read(string file)
    {
        var result = ManifestCompiler.Compile(new ManifestSource(file, File.ReadAllText), ShippedMachines.Catalog);
        return result.Plan ?? throw new HarnessException(string.Join('\n', result.Findings));
    }
}
