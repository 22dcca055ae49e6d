using k8s;
using k8s.Models;

namespace Csmr.Deploy.Tests.Helm;

/// <summary>The objects of a rendering, read as strictly as the Kubernetes API would: an unknown field or a wrong type is an error.</summary>
internal sealed class RenderedChart
{
    private static readonly Dictionary<string, Type> Kinds = new(StringComparer.Ordinal)
    {
        ["monitoring.coreos.com/v1/ServiceMonitor"] = typeof(ServiceMonitor),
        ["monitoring.coreos.com/v1/PrometheusRule"] = typeof(PrometheusRule),
    };

    private RenderedChart(IReadOnlyList<IKubernetesObject<V1ObjectMeta>> objects) => Objects = objects;

    public IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Objects { get; }

    /// <summary>Every pod that comes of them, with the name of its object.</summary>
    public IEnumerable<PodOf> Pods => Objects.Select(static candidate => candidate switch
    {
        V1StatefulSet set => new PodOf(set, set.Spec.Template.Metadata, set.Spec.Template.Spec),
        V1Deployment deployment => new PodOf(deployment, deployment.Spec.Template.Metadata, deployment.Spec.Template.Spec),
        V1Job job => new PodOf(job, job.Spec.Template.Metadata, job.Spec.Template.Spec),
        V1Pod pod => new PodOf(pod, pod.Metadata, pod.Spec),
        _ => null,
    }).OfType<PodOf>();

    public V1StatefulSet Replicas => Of<V1StatefulSet>().Single(static set => set.Name().EndsWith("-replica", StringComparison.Ordinal));

    public V1Deployment Gateways => Of<V1Deployment>().Single();

    public static RenderedChart Read(string yaml) =>
        new([.. KubernetesYaml.LoadAllFromString(yaml, Kinds, strict: true).Cast<IKubernetesObject<V1ObjectMeta>>()]);

    /// <summary>Renders the chart with a file of values.</summary>
    public static async Task<RenderedChart> OfAsync(string values, params IReadOnlyList<string> arguments) =>
        Read(await HelmTool.TemplateAsync(["--values", HelmTool.ValuesFile(values), .. arguments]));

    public IEnumerable<T> Of<T>() => Objects.OfType<T>();

    public T Named<T>(string name)
        where T : IKubernetesObject<V1ObjectMeta> => Of<T>().Single(candidate => candidate.Name() == name && !IsHook(candidate));

    /// <summary>Whether Helm makes and removes it by itself in the course of an installation.</summary>
    public static bool IsHook(IKubernetesObject<V1ObjectMeta> candidate) => candidate.Metadata.Annotations?.ContainsKey("helm.sh/hook") == true;
}

/// <summary>A pod, or what pods are made of.</summary>
/// <param name="Owner">The object that says so.</param>
/// <param name="Metadata">Its labels.</param>
/// <param name="Spec">What it is.</param>
internal sealed record PodOf(IKubernetesObject<V1ObjectMeta> Owner, V1ObjectMeta Metadata, V1PodSpec Spec)
{
    public string Name => $"{Owner.Kind} {Owner.Name()}";

    public IEnumerable<V1Container> Containers => [.. Spec.InitContainers ?? [], .. Spec.Containers];

    public bool HasLabels(IDictionary<string, string>? wanted) =>
        (wanted ?? new Dictionary<string, string>(StringComparer.Ordinal)).All(label => Metadata.Labels.TryGetValue(label.Key, out var value) && value == label.Value);
}
