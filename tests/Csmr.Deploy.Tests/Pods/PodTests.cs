using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Csmr.Chaos.Processes;
using Csmr.Deploy.Tests.Helm;
using Csmr.TestKit.Security;
using k8s.Models;

namespace Csmr.Deploy.Tests.Pods;

/// <summary>
/// The rendered pods started for real, with TLS and an access file: their init steps, probes, stops and the test of the chart. All replicas are replaced
/// one after the other under load, as an update does it, and one is lost. Addresses and paths are mapped; the database is one of this machine. Takes
/// a minute, so it is run on request: <c>CSMR_PODS=1</c>.
/// </summary>
public sealed class PodTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Pods_OfTheChart_Serve_AndAreReplacedWithoutALostWrite()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("CSMR_PODS") == "1", "Takes a minute: run with CSMR_PODS=1.");
        Assert.SkipWhen(HelmTool.WhyNot is not null, HelmTool.WhyNot ?? "");
        Assert.SkipWhen(PostgresServer.WhyNot is not null, PostgresServer.WhyNot ?? "");
        var chart = await RenderedChart.OfAsync("tls", "--set", "access.requestsPerSecond=0", "--set", "traces.otlp=");
        using var directory = new TemporaryDirectory();
        using var certificates = new TestCertificates();
        await using var postgres = await PostgresServer.StartAsync();
        var (a, b) = (RandomNumberGenerator.GetInt32(1, 255), RandomNumberGenerator.GetInt32(1, 255));
        string[] addresses = [.. Enumerable.Range(1, 4).Select(last => $"127.{a}.{b}.{last}")];
        var gatewayAddress = addresses[3];
        var key = "csmr_" + Convert.ToHexString(RandomNumberGenerator.GetBytes(32));
        var node = new PodNode(directory.Path, FilesOf(chart, certificates, postgres.ConnectionString, key, addresses));
        var replicas = chart.Pods.Single(pod => ReferenceEquals(pod.Owner, chart.Replicas));
        var gateways = chart.Pods.Single(pod => ReferenceEquals(pod.Owner, chart.Gateways));

        var pods = new List<OwnedProcess>();
        try
        {
            for (var ordinal = 0; ordinal < 3; ordinal++)
            {
                await CheckAsync(node, replicas, $"csmr-replica-{ordinal}");
                pods.Add(StartReplica(ordinal));
            }

            var gateway = node.Start(gateways, gateways.Spec.Containers[0], "csmr-gateway-x", gatewayAddress);
            pods.Add(gateway);
            await ReadyAsync(certificates, gateways.Spec.Containers[0], gatewayAddress, gateway);
            var test = chart.Pods.Single(static pod => pod.Owner is V1Pod);
            await using (var run = node.Start(test, test.Spec.Containers[0], "csmr-test", gatewayAddress, ("csmr-gateway:80", $"{gatewayAddress}:8080")))
            {
                Assert.True(await run.WaitForExitAsync(Patience) == 0, run.Output);
            }

            using var http = Client($"https://{gatewayAddress}:8080", key, certificates);
            await AssertOnlyWithKeyAsync(certificates, gatewayAddress);
            var written = new List<int>();
            using var stop = new CancellationTokenSource();
            var load = WriteAsync(http, written, stop.Token);
            await Wait.UntilAsync(Patience, () => Task.FromResult(written.Count > 20), TestContext.Current.CancellationToken);

            // SIGTERM, as the update of a StatefulSet has it, the highest ordinal first; then a new pod with the volume of the old one.
            var grace = TimeSpan.FromSeconds(replicas.Spec.TerminationGracePeriodSeconds!.Value);
            for (var ordinal = 2; ordinal >= 0; ordinal--)
            {
                pods[ordinal].Signal(OwnedProcess.SignalTerminate);
                Assert.True(await pods[ordinal].WaitForExitAsync(grace) == 0, pods[ordinal].Output);
                await ReplaceAsync(ordinal);
            }

            // A host is lost, its volume is not.
            await pods[0].KillAsync();
            await ReplaceAsync(0);
            var before = written.Count;
            await Wait.UntilAsync(Patience, () => Task.FromResult(written.Count > before + 20), TestContext.Current.CancellationToken);
            await stop.CancelAsync();
            await load;
            foreach (var number in written)
            {
                using var answer = await http.PostAsync("/v1/get", Body(new { key = $"k{number}" }), TestContext.Current.CancellationToken);
                Assert.Contains($"\"result\":{number},", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
            }

            var metrics = await http.GetStringAsync("/metrics", TestContext.Current.CancellationToken);
            Assert.Contains("csmr_operation_duration_seconds_count", metrics, StringComparison.Ordinal);
        }
        finally
        {
            await Task.WhenAll(pods.Select(static pod => pod.DisposeAsync().AsTask()));
        }

        async Task ReplaceAsync(int ordinal)
        {
            await pods[ordinal].DisposeAsync();
            pods[ordinal] = StartReplica(ordinal);
            await ReadyAsync(certificates, replicas.Spec.Containers[0], addresses[ordinal], pods[ordinal]);
        }

        OwnedProcess StartReplica(int ordinal) =>
            node.Start(replicas, replicas.Spec.Containers[0], $"csmr-replica-{ordinal}", addresses[ordinal]);
    }

    /// <summary>What the secrets and config maps hold that the pods mount.</summary>
    private static Dictionary<string, IReadOnlyDictionary<string, string>> FilesOf(
        RenderedChart chart, TestCertificates certificates, string connection, string key, IEnumerable<string> addresses)
    {
        var files = chart.Of<V1ConfigMap>().Where(static map => !RenderedChart.IsHook(map)).ToDictionary(static map => map.Name(), static map => (IReadOnlyDictionary<string, string>)map.Data.AsReadOnly());
        var rules = $$$"""
            apiVersion: csmr/v1
            kind: Access
            roles: {all: {call: [store.*, locks.*], administer: [metrics]}}
            principals: {test: {roles: [all], keys: [{sha256: {{{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))}}}}]}}
            """;
        files["csmr-postgres"] = new Dictionary<string, string>(StringComparer.Ordinal) { ["connection-string"] = connection };
        files["access"] = new Dictionary<string, string>(StringComparer.Ordinal) { ["rules.yaml"] = rules };
        files["rest-certificate"] = SecretOf(certificates.Make("rest", "csmr-gateway", addresses: addresses.Select(IPAddress.Parse)));
        files["silo-certificate"] = SecretOf(certificates.Make("silo", "silo.csmr-csmr"));
        return files;
    }

    private static Dictionary<string, string> SecretOf(string directory) =>
        Directory.GetFiles(directory).ToDictionary(static file => Path.GetFileName(file), File.ReadAllText, StringComparer.Ordinal);

    private static async Task CheckAsync(PodNode node, PodOf pod, string name)
    {
        foreach (var container in pod.Spec.InitContainers)
        {
            await using var step = node.Start(pod, container, name, "127.0.0.1");
            Assert.True(await step.WaitForExitAsync(Patience) == 0, step.Output);
        }
    }

    private static async Task ReadyAsync(TestCertificates certificates, V1Container container, string address, OwnedProcess process)
    {
        var probe = container.ReadinessProbe.HttpGet;
        using var http = Client($"{probe.Scheme}://{address}:{container.Ports.Single(port => port.Name == probe.Port.Value).ContainerPort}", key: null, certificates);
        var isReady = await Wait.UntilAsync(Patience, async () =>
        {
            Assert.False(process.HasExited, process.Output);
            using var answer = await http.GetAsync(probe.Path, TestContext.Current.CancellationToken);
            return answer.IsSuccessStatusCode;
        });
        Assert.True(isReady, process.Output);
    }

    private static async Task AssertOnlyWithKeyAsync(TestCertificates certificates, string address)
    {
        using var stranger = Client($"https://{address}:8080", key: null, certificates);
        foreach (var path in new[] { "/metrics", "/v1/cluster" })
        {
            using var answer = await stranger.GetAsync(path, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        }
    }

    /// <summary>Writes one number after the other; what is answered is written.</summary>
    private static async Task WriteAsync(HttpClient http, List<int> written, CancellationToken stop)
    {
        for (var number = 0; !stop.IsCancellationRequested; number++)
        {
            try
            {
                using var answer = await http.PostAsync("/v1/put", Body(new { key = $"k{number}", value = number }), CancellationToken.None);
                if (answer.IsSuccessStatusCode)
                {
                    written.Add(number);
                }
            }
            catch (HttpRequestException)
            {
                // Not known: not counted.
            }
        }
    }

    private static StringContent Body(object arguments) => new(JsonSerializer.Serialize(arguments), Encoding.UTF8, "application/json");

    private static HttpClient Client(string address, string? key, TestCertificates certificates)
    {
        var trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        trust.CustomTrustStore.AddRange(certificates.Authorities);
        var http = new HttpClient(new SocketsHttpHandler { SslOptions = { CertificateChainPolicy = trust } }) { BaseAddress = new Uri(address) };
        http.DefaultRequestHeaders.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
        return http;
    }
}
