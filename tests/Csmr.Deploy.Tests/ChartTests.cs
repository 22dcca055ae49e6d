using Csmr.Composition.Plans;
using Csmr.Deploy.Tests.Helm;
using k8s.Models;

namespace Csmr.Deploy.Tests;

/// <summary>The chart with every file of values: read strictly, and its objects held against each other.</summary>
public sealed class ChartTests
{
    public static TheoryData<string> Values => ["minimal", "production", "external-database", "five-replicas", "existing-manifest", "tls"];

    [Fact]
    public void Values_EveryFile_IsTested() => Assert.Equal(
        Values.Select(static row => row.Data).Order(),
        Directory.GetFiles(Path.Combine(HelmTool.Chart, "ci")).Select(static file => Path.GetFileName(file).Replace("-values.yaml", "", StringComparison.Ordinal)).Order());

    [Theory]
    [InlineData("v32", "3")]
    [InlineData("v35", "4")]
    public async Task Chart_UnderBothMajorVersionsOfHelm_PassesTheLinterAndRendersTheSame(string version, string major)
    {
        Assert.SkipWhen(HelmTool.WhyNot is not null, HelmTool.WhyNot ?? "");
        Assert.StartsWith($"v{major}.", await HelmTool.HelmAsync(version, "version", "--short"), StringComparison.Ordinal);
        foreach (var name in Values.Select(static row => row.Data))
        {
            await HelmTool.HelmAsync(version, "lint", "--strict", HelmTool.Chart, "--values", HelmTool.ValuesFile(name));
        }

        // The password for trials is drawn anew in every rendering, so it is not part of this one.
        string[] arguments = ["--namespace", "csmr", "--values", HelmTool.ValuesFile("production")];
        var rendered = RenderedChart.Read(await HelmTool.HelmAsync(version, ["template", "csmr", HelmTool.Chart, .. arguments]));
        var newest = await RenderedChart.OfAsync("production");
        Assert.Equal(newest.Objects.Select(k8s.KubernetesYaml.Serialize).Order(), rendered.Objects.Select(k8s.KubernetesYaml.Serialize).Order());
    }

    [Theory]
    [MemberData(nameof(Values))]
    public async Task Objects_WithTheseValues_FitEachOther(string values)
    {
        Assert.SkipWhen(HelmTool.WhyNot is not null, HelmTool.WhyNot ?? "");
        var chart = await RenderedChart.OfAsync(values);
        Assert.NotEmpty(chart.Objects);
        Assert.All(chart.Objects, static rendered => Assert.Equal("csmr", rendered.Metadata.NamespaceProperty));
        Assert.Equal(chart.Objects.Count, chart.Objects.Select(static rendered => (rendered.Kind, rendered.Name(), RenderedChart.IsHook(rendered))).Distinct().Count());
        ObjectChecks.SelectorsMatch(chart);
        ObjectChecks.PortsMatch(chart);
        ObjectChecks.VolumesExist(chart);
        ObjectChecks.ReferencesExist(chart);
        ObjectChecks.QuorumIsKept(chart, PodManifest.PlanOf(chart));
        ObjectChecks.PodsAreHardened(chart);
        ObjectChecks.ProbesAreServed(chart);
        ObjectChecks.StopsHaveTheirTime(chart);
        ObjectChecks.ArgumentsAreAccepted(chart);
        ObjectChecks.PoliciesLetThrough(chart);
        ObjectChecks.MetricsAreFound(chart);
    }

    [Theory]
    [MemberData(nameof(Values))]
    public async Task Upgrade_WhateverTheVersionOfTheChart_LeavesSelectorsAndVolumeClaimsAsTheyAre(string values)
    {
        Assert.SkipWhen(HelmTool.WhyNot is not null, HelmTool.WhyNot ?? "");
        var before = await RenderedChart.OfAsync(values);
        using var copy = new Chaos.Processes.TemporaryDirectory();
        CopyChart(copy.Sub("csmr"), static text => text.Replace("ersion: 0.1.0", "ersion: 9.9.9", StringComparison.Ordinal).Replace("\"0.1.0\"", "\"9.9.9\"", StringComparison.Ordinal));
        var after = RenderedChart.Read(await HelmTool.HelmAsync("v35", "template", "csmr", copy.Sub("csmr"), "--namespace", "csmr", "--values", HelmTool.ValuesFile(values)));
        Assert.Contains("9.9.9", k8s.KubernetesYaml.Serialize(after.Replicas), StringComparison.Ordinal);
        Assert.Equal(Fixed(before), Fixed(after));

        static IEnumerable<string> Fixed(RenderedChart chart) =>
        [
            .. chart.Of<V1StatefulSet>().Select(static set =>
                k8s.KubernetesYaml.Serialize(new { set.Spec.Selector, set.Spec.VolumeClaimTemplates, set.Spec.ServiceName, set.Spec.PodManagementPolicy })),
            .. chart.Of<V1Deployment>().Select(static deployment => k8s.KubernetesYaml.Serialize(deployment.Spec.Selector)),
        ];
    }

    [Fact]
    public async Task Manifest_Changed_GetsAConfigMapOfItsOwn_AndReplacesEveryPod()
    {
        Assert.SkipWhen(HelmTool.WhyNot is not null, HelmTool.WhyNot ?? "");
        var one = await RenderedChart.OfAsync("minimal");
        var other = await RenderedChart.OfAsync("minimal", "--set-string", "manifest.text=services: {store: {machine: kv}}");
        Assert.NotEqual(MapOf(one).Name(), MapOf(other).Name());
        Assert.All([one, other], static chart =>
        {
            Assert.True(MapOf(chart).Immutable);
            Assert.Equal("keep", MapOf(chart).Metadata.Annotations["helm.sh/resource-policy"]);
            Assert.Equal(
                [MapOf(chart).Name(), MapOf(chart).Name()],
                new[] { chart.Replicas.Spec.Template.Spec, chart.Gateways.Spec.Template.Spec }.Select(static pod => pod.Volumes.Single(static volume => volume.Name == "manifest").ConfigMap.Name));
        });

        static V1ConfigMap MapOf(RenderedChart chart) => chart.Of<V1ConfigMap>().Single(static map => !RenderedChart.IsHook(map));
    }

    [Theory]
    [InlineData("replica.count=0", "replica/count")]
    [InlineData("replica.count=three", "replica/count")]
    [InlineData("replica.cuont=3", "cuont")]
    [InlineData("replica.storageSize=10 GB", "storageSize")]
    [InlineData("replica.spreadOverHosts=maybe", "spreadOverHosts")]
    [InlineData("replica.drainSeconds=0", "drainSeconds")]
    [InlineData("replica.resources.limits.memory=much", "memory")]
    [InlineData("gateway.service.type=Headless", "service/type")]
    [InlineData("gateway.service.port=80000", "port")]
    [InlineData("gateway.ingress.enabled=true", "hosts")]
    [InlineData("gateway.autoscaling.cpuPercent=0", "cpuPercent")]
    [InlineData("image.digest=sha256:12", "digest")]
    [InlineData("image.pullPolicy=Sometimes", "pullPolicy")]
    [InlineData("clusterName=a b", "clusterName")]
    [InlineData("fullnameOverride=Csmr", "fullnameOverride")]
    [InlineData("log=loud", "log")]
    [InlineData("tls.enabled=true", "tls")]
    [InlineData("tls.secret=My Secret", "tls/secret")]
    [InlineData("access.requestsPerSecond=-1", "requestsPerSecond")]
    [InlineData("metrics.serviceMonitor.interval=often", "interval")]
    [InlineData("traces.otlp=collector", "otlp")]
    [InlineData("networkPolicy.callers[0].pods=all", "pods")]
    [InlineData("manifest.text=- a list", "not a composition")]
    [InlineData("manifest.text=services: {", "not a composition")]
    [InlineData("manifest.text=nodes: [n1\\, n2\\, n3]\nservices: {store: {machine: kv}}", "csmr-replica-0 is missing")]
    public async Task Values_ThatAreWrong_AreRefused(string value, string named)
    {
        Assert.SkipWhen(HelmTool.WhyNot is not null, HelmTool.WhyNot ?? "");
        var refusal = await Assert.ThrowsAsync<Chaos.Processes.HarnessException>(() => HelmTool.TemplateAsync("--set", value));
        Assert.Contains(named, refusal.Message, StringComparison.Ordinal);
    }

    private static void CopyChart(string target, Func<string, string> change)
    {
        foreach (var file in Directory.GetFiles(HelmTool.Chart, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(target, Path.GetRelativePath(HelmTool.Chart, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            var text = File.ReadAllText(file);
            File.WriteAllText(copy, Path.GetFileName(file) == "Chart.yaml" ? change(text) : text);
        }
    }
}
