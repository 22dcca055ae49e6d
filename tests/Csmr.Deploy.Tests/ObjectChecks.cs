using System.Globalization;
using Csmr.Composition.Plans;
using Csmr.Deploy.Tests.Helm;
using Csmr.Server.Options;
using k8s.Models;

namespace Csmr.Deploy.Tests;

/// <summary>What must hold among the objects of any rendering.</summary>
internal static class ObjectChecks
{
    private const string Data = "/var/lib/csmr";

    /// <summary>Every selector selects the pods of exactly one owner (those of the silos: of both), and owners select their own.</summary>
    public static void SelectorsMatch(RenderedChart chart)
    {
        PodOf[] pods = [.. chart.Pods];
        foreach (var pod in pods.Where(static pod => pod.Owner is V1StatefulSet or V1Deployment))
        {
            var selector = pod.Owner is V1StatefulSet set ? set.Spec.Selector : ((V1Deployment)pod.Owner).Spec.Selector;
            Assert.Equal([pod.Name], pods.Where(candidate => candidate.HasLabels(selector.MatchLabels)).Select(static candidate => candidate.Name));
        }

        IEnumerable<(string Name, IDictionary<string, string> Labels)> selectors =
        [
            .. chart.Of<V1Service>().Select(static service => ($"service {service.Name()}", service.Spec.Selector)),
            .. chart.Of<V1PodDisruptionBudget>().Select(static budget => ($"budget {budget.Name()}", budget.Spec.Selector.MatchLabels)),
            .. chart.Of<V1NetworkPolicy>().Select(static policy => ($"policy {policy.Name()}", policy.Spec.PodSelector.MatchLabels)),
            .. pods.SelectMany(static pod => (pod.Spec.TopologySpreadConstraints ?? []).Select(constraint => ($"spread of {pod.Name}", constraint.LabelSelector.MatchLabels))),
            .. pods.SelectMany(static pod => Terms(pod.Spec).Select(term => ($"affinity of {pod.Name}", term.LabelSelector.MatchLabels))),
        ];
        Assert.All(selectors, selector => Assert.Single(pods, pod => pod.HasLabels(selector.Labels)));
        Assert.All(chart.Of<V1StatefulSet>(), set => Assert.Null(chart.Named<V1Service>(set.Spec.ServiceName).Spec.Selector.Except(set.Spec.Selector.MatchLabels).Cast<object>().FirstOrDefault()));
        Assert.All(chart.Of<V2HorizontalPodAutoscaler>(), scaler =>
        {
            Assert.Equal(chart.Gateways.Name(), scaler.Spec.ScaleTargetRef.Name);
            Assert.Null(chart.Gateways.Spec.Replicas);
            Assert.True(scaler.Spec.MinReplicas <= scaler.Spec.MaxReplicas);
            Assert.All(chart.Gateways.Spec.Template.Spec.Containers, static container => Assert.Contains("cpu", container.Resources.Requests));
        });
    }

    /// <summary>Services, probes, policies and ingresses name ports that their pods have.</summary>
    public static void PortsMatch(RenderedChart chart)
    {
        foreach (var service in chart.Of<V1Service>())
        {
            var pod = chart.Pods.Single(candidate => candidate.HasLabels(service.Spec.Selector));
            Assert.All(service.Spec.Ports, port =>
            {
                Assert.Equal("TCP", port.Protocol);
                Assert.Contains(pod.Spec.Containers.SelectMany(static container => container.Ports), candidate => candidate.Name == port.TargetPort.Value);
            });
        }

        foreach (var (pod, container) in chart.Pods.SelectMany(static pod => pod.Containers.Select(container => (pod, container))))
        {
            var ports = (container.Ports ?? []).Select(static port => port.Name).ToArray();
            Assert.Equal(ports.Distinct().Count(), ports.Length);
            V1Probe?[] probes = [container.StartupProbe, container.ReadinessProbe, container.LivenessProbe];
            Assert.All(probes.OfType<V1Probe>().Where(static probe => probe.HttpGet is not null), probe => Assert.Contains(probe.HttpGet.Port.Value, ports));
            Assert.True(pod.Owner is not (V1StatefulSet or V1Deployment) || container == pod.Spec.InitContainers?[0] || Array.TrueForAll(probes, static probe => probe is not null), $"{pod.Name} has all probes");
        }

        foreach (var backend in chart.Of<V1Ingress>().SelectMany(static ingress => ingress.Spec.Rules).SelectMany(static rule => rule.Http.Paths).Select(static path => path.Backend.Service))
        {
            Assert.Contains(chart.Named<V1Service>(backend.Name).Spec.Ports, port => port.Name == backend.Port.Name);
        }
    }

    /// <summary>What is mounted exists, and what exists is mounted; nothing is mounted twice at one place.</summary>
    public static void VolumesExist(RenderedChart chart)
    {
        foreach (var pod in chart.Pods)
        {
            var claims = pod.Owner is V1StatefulSet set ? set.Spec.VolumeClaimTemplates.Select(static claim => claim.Name()) : [];
            var volumes = (pod.Spec.Volumes ?? []).Select(static volume => volume.Name).Concat(claims).ToArray();
            var mounted = pod.Containers.SelectMany(static container => container.VolumeMounts ?? []).Select(static mount => mount.Name).Distinct();
            Assert.Equal(volumes.Order(), mounted.Order());
            Assert.All(pod.Containers, static container => Assert.Equal(
                container.VolumeMounts?.Count, container.VolumeMounts?.Select(static mount => mount.MountPath).Distinct().Count()));
        }
    }

    /// <summary>Secrets, config maps and accounts that are named are part of the rendering, or the values name them.</summary>
    public static void ReferencesExist(RenderedChart chart)
    {
        string[] given = ["membership-database", "database-app", "trial-database", "compositions", "csmr-tls", "registry", "rest-certificate", "silo-certificate", "access"];
        foreach (var pod in chart.Pods)
        {
            foreach (var volume in (pod.Spec.Volumes ?? []).Where(static volume => volume.Secret is not null))
            {
                var secret = chart.Of<V1Secret>().SingleOrDefault(secret => secret.Name() == volume.Secret.SecretName);
                Assert.True(secret is not null || given.Contains(volume.Secret.SecretName), $"{pod.Name}: secret {volume.Secret.SecretName}");
                Assert.All(volume.Secret.Items, item => Assert.True(secret is null || secret.StringData.ContainsKey(item.Key), item.Key));
            }

            foreach (var name in (pod.Spec.Volumes ?? []).Where(static volume => volume.ConfigMap is not null).Select(static volume => volume.ConfigMap.Name))
            {
                var maps = chart.Of<V1ConfigMap>().Where(map => RenderedChart.IsHook(map) == RenderedChart.IsHook(pod.Owner)).Select(static map => map.Name());
                Assert.True(maps.Contains(name) || given.Contains(name), $"{pod.Name}: config map {name}");
            }

            // What runs before an installation finds nothing of it.
            string[] accounts = RenderedChart.IsHook(pod.Owner) ? [] : [.. chart.Of<V1ServiceAccount>().Select(static account => account.Name())];
            Assert.Equal(accounts, pod.Spec.ServiceAccountName is { } account ? [account] : Array.Empty<string>());
            Assert.All(pod.Spec.ImagePullSecrets ?? [], secret => Assert.Contains(secret.Name, given));
        }

        Assert.All(chart.Of<V1Ingress>().SelectMany(static ingress => ingress.Spec.Tls), tls => Assert.Contains(tls.SecretName, given));
    }

    /// <summary>There are as many replica pods as the largest group has replicas, and while one is away every group that bears a loss has its majority.</summary>
    public static void QuorumIsKept(RenderedChart chart, Plan? plan)
    {
        var replicas = chart.Replicas;
        var budget = chart.Of<V1PodDisruptionBudget>().Single(candidate => candidate.Spec.Selector.MatchLabels.SequenceEqual(replicas.Spec.Selector.MatchLabels));
        Assert.Equal("1", budget.Spec.MaxUnavailable.Value);
        Assert.Null(budget.Spec.MinAvailable);
        Assert.Equal("RollingUpdate", replicas.Spec.UpdateStrategy.Type);
        Assert.True(replicas.Spec.MinReadySeconds > 0);
        if (plan is null)
        {
            return;
        }

        string[] pods = [.. Enumerable.Range(0, replicas.Spec.Replicas!.Value).Select(ordinal => $"{replicas.Name()}-{ordinal}")];
        Assert.Equal(pods.Order(), plan.Nodes.Order());
        Assert.All(plan.Groups, group =>
        {
            Assert.All(group.Replicas, replica => Assert.Contains(replica.Node, pods));
            Assert.Equal(group.Replicas.Count, group.Replicas.Select(static replica => replica.Node).Distinct().Count());
            Assert.True(group.Replicas.Count - 1 > group.Replicas.Count / 2, $"{group.Id.Name} has a majority without one pod");
        });
    }

    /// <summary>No pod has more rights than it needs, and none is without limits for what it may use up.</summary>
    public static void PodsAreHardened(RenderedChart chart)
    {
        foreach (var pod in chart.Pods)
        {
            Assert.True(pod.Spec.SecurityContext.RunAsNonRoot, pod.Name);
            Assert.True(pod.Spec.SecurityContext.RunAsUser > 0, pod.Name);
            Assert.Equal(pod.Spec.SecurityContext.RunAsUser, pod.Spec.SecurityContext.FsGroup);
            Assert.Equal("RuntimeDefault", pod.Spec.SecurityContext.SeccompProfile.Type);
            Assert.False(pod.Spec.AutomountServiceAccountToken);
            Assert.False(pod.Spec.EnableServiceLinks);
            Assert.Null(pod.Spec.HostNetwork);
            foreach (var container in pod.Containers)
            {
                Assert.False(container.SecurityContext.AllowPrivilegeEscalation);
                Assert.True(container.SecurityContext.ReadOnlyRootFilesystem);
                Assert.Equal(["ALL"], container.SecurityContext.Capabilities.Drop);
                Assert.Null(container.SecurityContext.Capabilities.Add);
                Assert.Contains("memory", container.Resources.Limits);
                Assert.Equal(["cpu", "memory"], container.Resources.Requests.Keys.Order());

                // A secret in the environment is in every crash dump and in /proc.
                Assert.All(container.Env ?? [], static variable => Assert.Null(variable.ValueFrom?.SecretKeyRef));
                Assert.Null(container.EnvFrom);
            }
        }

        Assert.All(chart.Of<V1ServiceAccount>(), static account => Assert.False(account.AutomountServiceAccountToken));
        Assert.Empty(chart.Objects.Where(static candidate => candidate.Kind.Contains("Role", StringComparison.Ordinal)));
    }

    /// <summary>Probes ask what the server serves; being alive does not rest on others, and a start has the time that the values give.</summary>
    public static void ProbesAreServed(RenderedChart chart)
    {
        foreach (var container in Servers(chart).Select(static server => server.Container))
        {
            Assert.Equal("/health/live", container.StartupProbe.HttpGet.Path);
            Assert.Equal("/health/live", container.LivenessProbe.HttpGet.Path);
            Assert.Equal("/health/ready", container.ReadinessProbe.HttpGet.Path);
            var waits = Flag(container, "startup-seconds");
            Assert.True(container.StartupProbe.FailureThreshold * container.StartupProbe.PeriodSeconds >= waits, "a start may take as long as the server waits");
        }
    }

    /// <summary>The time until SIGKILL is longer than the drain and all that the server allows its stop.</summary>
    public static void StopsHaveTheirTime(RenderedChart chart)
    {
        foreach (var (pod, container) in Servers(chart))
        {
            Assert.True(pod.Spec.TerminationGracePeriodSeconds > Flag(container, "drain-seconds") + 60, pod.Name);
            Assert.Null(container.Lifecycle);
        }
    }

    /// <summary>The server and the command understand what they are started with, and mean by it what the pod has.</summary>
    public static void ArgumentsAreAccepted(RenderedChart chart)
    {
        foreach (var (pod, container) in Servers(chart))
        {
            Assert.Equal(["/app/Csmr.Server"], container.Command);
            var isReplica = pod.Owner is V1StatefulSet;
            using var secret = new Chaos.Processes.TemporaryDirectory();
            File.WriteAllText(secret.Sub("connection-string"), "Host=database");
            var arguments = container.Args.Select(argument => argument
                .Replace("$(POD_NAME)", "pod-0", StringComparison.Ordinal).Replace("$(POD_IP)", "10.1.2.3", StringComparison.Ordinal)
                .Replace("/etc/csmr-postgres", secret.Path, StringComparison.Ordinal)).ToArray();
            Assert.All(arguments, static argument => Assert.DoesNotContain("$(", argument, StringComparison.Ordinal));
            Assert.Equal(["POD_IP", "POD_NAME"], container.Env.Select(static variable => variable.Name).Order());
            var options = CommandLine.Read(arguments, static _ => null);
            Assert.Equal(isReplica ? ServerRole.Replica : ServerRole.Gateway, options.Role);
            Assert.Equal(("pod-0", "10.1.2.3", "Host=database"), (options.Name, options.Advertised.ToString(), options.Postgres));
            Assert.Equal(Port(container, "silo"), options.SiloPort);
            Assert.Equal(Port(container, "orleans"), options.GatewayPort);
            Assert.Equal($"{container.LivenessProbe.HttpGet.Scheme.ToLowerInvariant()}://*:{Port(container, "http")}", options.Urls);
            AssertMounted(pod, container, options.TlsDirectory, "tls.crt", "tls.key");
            AssertMounted(pod, container, options.SiloTlsDirectory, "tls.crt", "tls.key", "ca.crt");
            AssertMounted(pod, container, Path.GetDirectoryName(options.Rest.AccessFile), "access.yaml");
            Assert.Contains(container.VolumeMounts, mount => options.Manifest!.StartsWith(mount.MountPath + "/", StringComparison.Ordinal));
            Assert.True(!isReplica || (options.DataDirectory == Data && container.VolumeMounts.Any(static mount => mount is { MountPath: Data, Name: "data" })));
        }

        foreach (var container in chart.Pods.SelectMany(static pod => pod.Containers).Where(static container => container.Command?[0] == "/app/csmr"))
        {
            // It is understood, but neither the file nor the server is here: another exit code would be 2 with a complaint about the usage.
            using var output = new StringWriter();
            using var errors = new StringWriter();
            Csmr.Cli.CommandLine.Run([.. container.Args.Select(static argument => argument == "120" ? "0" : argument)], output, errors);
            Assert.Matches("cannot be read|is not ready", errors.ToString());
        }
    }

    /// <summary>Silos reach each other, and the database; callers reach gateways and nobody replicas' REST.</summary>
    public static void PoliciesLetThrough(RenderedChart chart)
    {
        V1NetworkPolicy[] policies = [.. chart.Of<V1NetworkPolicy>()];
        if (policies.Length == 0)
        {
            return;
        }

        foreach (var (pod, container) in Servers(chart))
        {
            var policy = policies.Single(candidate => pod.HasLabels(candidate.Spec.PodSelector.MatchLabels));
            Assert.Equal(["Ingress", "Egress"], policy.Spec.PolicyTypes);
            var ports = policy.Spec.Ingress.SelectMany(static rule => rule.Ports).Select(static port => port.Port.Value).ToArray();
            Assert.Contains("silo", ports);
            Assert.Equal(pod.Owner is V1Deployment || chart.Of<ServiceMonitor>().Any(), ports.Contains("http"));
            Assert.All(ports, port => Assert.Contains(container.Ports, candidate => candidate.Name == port));
            foreach (var (_, other) in Servers(chart).Select(static server => (server.Container, server.Pod)))
            {
                Assert.Contains(policy.Spec.Ingress[0].FromProperty, peer => other.HasLabels(peer.PodSelector.MatchLabels));
                Assert.Contains(policy.Spec.Egress[0].To, peer => other.HasLabels(peer.PodSelector.MatchLabels));
            }

            Assert.Contains(policy.Spec.Egress.SelectMany(static rule => rule.Ports), static port => port.Port.Value == "53");
            var collector = container.Args.SingleOrDefault(static argument => argument.StartsWith("--otlp=", StringComparison.Ordinal))?.Split(':')[^1];
            Assert.True(collector is null || policy.Spec.Egress.SelectMany(static rule => rule.Ports).Any(port => port.Port.Value == collector), "the collector is reached");
        }

        Assert.All(policies.SelectMany(static policy => policy.Spec.Ingress).SelectMany(static rule => rule.Ports), static port => Assert.Equal("TCP", port.Protocol));
    }

    /// <summary>A monitor finds the services of both kinds of pods, asks where they listen, as they speak, and shows a key where one is wanted.</summary>
    public static void MetricsAreFound(RenderedChart chart)
    {
        foreach (var monitor in chart.Of<ServiceMonitor>())
        {
            var expression = Assert.Single(monitor.Spec.Selector.MatchExpressions);
            Assert.Equal("In", expression.OperatorProperty);
            var services = chart.Of<V1Service>().Where(service =>
                monitor.Spec.Selector.MatchLabels.All(label => service.Metadata.Labels[label.Key] == label.Value) && expression.Values.Contains(service.Metadata.Labels[expression.Key])).ToArray();
            Assert.Equal(2, services.Length);
            var endpoint = Assert.Single(monitor.Spec.Endpoints);
            Assert.All(services, service => Assert.Contains(service.Spec.Ports, port => port.Name == endpoint.Port));
            Assert.Equal("/metrics", endpoint.Path);
            Assert.All(Servers(chart), server => Assert.Equal(server.Container.LivenessProbe.HttpGet.Scheme, endpoint.Scheme, ignoreCase: true));
            Assert.All(Servers(chart), server => Assert.Equal(server.Container.Args.Any(static argument => argument.StartsWith("--access=", StringComparison.Ordinal)), endpoint.Authorization is not null));
        }
    }

    /// <summary>A directory that the server is told of is a secret's, with these files, and not by a path that changes never reach.</summary>
    private static void AssertMounted(PodOf pod, V1Container container, string? directory, params string[] files)
    {
        if (directory is null)
        {
            return;
        }

        var mount = container.VolumeMounts.Single(candidate => candidate.MountPath == directory);
        Assert.Null(mount.SubPath);
        Assert.Equal(files, pod.Spec.Volumes.Single(volume => volume.Name == mount.Name).Secret.Items.Select(static item => item.Path));
    }

    /// <summary>The pods that run the server.</summary>
    public static IEnumerable<(PodOf Pod, V1Container Container)> Servers(RenderedChart chart) => chart.Pods
        .SelectMany(static pod => pod.Spec.Containers.Select(container => (pod, container)))
        .Where(static server => server.container.Command?[0] == "/app/Csmr.Server");

    private static int Port(V1Container container, string name) => container.Ports.Single(port => port.Name == name).ContainerPort;

    private static int Flag(V1Container container, string flag) => int.Parse(
        container.Args.Single(argument => argument.StartsWith($"--{flag}=", StringComparison.Ordinal)).Split('=')[1], CultureInfo.InvariantCulture);

    private static IEnumerable<V1PodAffinityTerm> Terms(V1PodSpec pod) => pod.Affinity?.PodAntiAffinity is { } anti
        ? [.. anti.RequiredDuringSchedulingIgnoredDuringExecution ?? [], .. (anti.PreferredDuringSchedulingIgnoredDuringExecution ?? []).Select(static term => term.PodAffinityTerm)]
        : [];
}
