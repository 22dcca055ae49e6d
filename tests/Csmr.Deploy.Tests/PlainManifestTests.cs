using Csmr.Chaos.Processes;
using Csmr.Deploy.Tests.Helm;
using k8s.Models;

namespace Csmr.Deploy.Tests;

/// <summary>What <c>kubectl apply -k k8s</c> applies is the chart, rendered with the values that stand beside it. <c>CSMR_APPROVE=1</c> writes it.</summary>
public sealed class PlainManifestTests
{
    private static readonly string Folder = Path.Combine(ServerProcess.Root, "k8s");

    [Fact]
    public async Task Csmr_OfTheFolder_IsTheChartRendered()
    {
        Assert.SkipWhen(HelmTool.WhyNot is not null, HelmTool.WhyNot ?? "");
        var file = Path.Combine(Folder, "csmr.yaml");
        var rendered = await HelmTool.TemplateAsync("--no-hooks", "--skip-tests", "--values", Path.Combine(Folder, "values.yaml"));
        if (Environment.GetEnvironmentVariable("CSMR_APPROVE") == "1")
        {
            await File.WriteAllTextAsync(file, rendered);
        }

        Assert.Equal(await File.ReadAllTextAsync(file), rendered);
    }

    [Fact]
    public async Task Kustomization_Built_HasEveryObject()
    {
        Assert.SkipWhen(HelmTool.WhyNot is not null, HelmTool.WhyNot ?? "");
        var built = RenderedChart.Read(await HelmTool.KubectlAsync("kustomize", Folder));
        var rendered = RenderedChart.Read(await File.ReadAllTextAsync(Path.Combine(Folder, "csmr.yaml")));
        var names = rendered.Objects.Select(static candidate => $"{candidate.Kind} {candidate.Metadata.NamespaceProperty}/{candidate.Name()}").Append("Namespace /csmr");
        Assert.Equal(names.Order(), built.Objects.Select(static candidate => $"{candidate.Kind} {candidate.Metadata.NamespaceProperty}/{candidate.Name()}").Order());
        Assert.DoesNotContain(built.Objects, static candidate => candidate is V1Secret);
        var space = built.Of<V1Namespace>().Single();
        Assert.Equal("restricted", space.Metadata.Labels["pod-security.kubernetes.io/enforce"]);
    }
}
