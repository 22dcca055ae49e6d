using Csmr.Composition.Compiling;
using Csmr.Composition.Manifests;
using Csmr.Composition.Plans;
using Csmr.Deploy.Tests.Helm;
using Csmr.Services;
using k8s.Models;

namespace Csmr.Deploy.Tests;

/// <summary>The composition that the pods of a rendering get.</summary>
internal static class PodManifest
{
    /// <summary>The plan; null where the composition is somebody else's.</summary>
    public static Plan? PlanOf(RenderedChart chart)
    {
        if (chart.Of<V1ConfigMap>().SingleOrDefault(static map => !RenderedChart.IsHook(map) && map.Data.ContainsKey("manifest.yaml")) is not { } map)
        {
            return null;
        }

        var result = ManifestCompiler.Compile(
            new ManifestSource("/etc/csmr/manifest.yaml", path => map.Data.TryGetValue(Path.GetFileName(path), out var text) ? text : null), ShippedMachines.Catalog);
        Assert.True(result.Plan is not null, string.Join('\n', result.Findings));
        return result.Plan;
    }
}
