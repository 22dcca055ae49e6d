using k8s;
using k8s.Models;

namespace Csmr.Deploy.Tests.Helm;

/// <summary>What the chart uses of the Prometheus operator's ServiceMonitor, which is no part of the Kubernetes API.</summary>
internal sealed class ServiceMonitor : IKubernetesObject<V1ObjectMeta>
{
    public string ApiVersion { get; set; } = "";

    public string Kind { get; set; } = "";

    public V1ObjectMeta Metadata { get; set; } = new();

    public ServiceMonitorSpec Spec { get; set; } = new();
}

internal sealed class ServiceMonitorSpec
{
    public V1LabelSelector Selector { get; set; } = new();

    public IList<ServiceMonitorEndpoint> Endpoints { get; set; } = [];
}

internal sealed class ServiceMonitorEndpoint
{
    public string Port { get; set; } = "";

    public string Path { get; set; } = "";

    public string Interval { get; set; } = "";

    public string Scheme { get; set; } = "";

    public ServiceMonitorTls? TlsConfig { get; set; }

    public ServiceMonitorAuthorization? Authorization { get; set; }
}

internal sealed class ServiceMonitorTls
{
    public bool InsecureSkipVerify { get; set; }
}

internal sealed class ServiceMonitorAuthorization
{
    public string Type { get; set; } = "";

    public V1SecretKeySelector? Credentials { get; set; }
}
