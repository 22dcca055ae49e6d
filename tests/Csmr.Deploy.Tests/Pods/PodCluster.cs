using System.Net;
using System.Security.Cryptography;
using System.Text;
using Csmr.Chaos.Loads;
using Csmr.Chaos.Processes;
using Csmr.Deploy.Tests.Helm;
using Csmr.TestKit.Security;
using k8s.Models;

namespace Csmr.Deploy.Tests.Pods;

/// <summary>
/// The pods of a rendered chart, with TLS and an access file, as processes of this machine, started and stopped as Kubernetes would do it. The database is one of
/// this machine, everything else is what the chart says.
/// </summary>
internal sealed class PodCluster : IAsyncDisposable
{
    public const int RestPort = 8080;

    private const int AddressesMax = 8;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly TemporaryDirectory _directory = new();
    private readonly TestCertificates _certificates = new();
    private readonly PostgresServer _postgres;
    private readonly string _key = "csmr_" + Convert.ToHexString(RandomNumberGenerator.GetBytes(32));
    private readonly string[] _addresses;
    private readonly Dictionary<string, OwnedProcess> _running = new(StringComparer.Ordinal);
    private readonly List<string> _names = [];
    private RenderedChart _chart = null!;
    private PodNode _node = null!;

    private PodCluster(PostgresServer postgres)
    {
        _postgres = postgres;
        var (a, b) = (RandomNumberGenerator.GetInt32(1, 255), RandomNumberGenerator.GetInt32(1, 255));
        _addresses = [.. Enumerable.Range(1, AddressesMax).Select(last => $"127.{a}.{b}.{last}")];
    }

    /// <summary>What a client of the cluster shows and trusts.</summary>
    public RestAccess Access => new(_certificates.Authorities, _key);

    /// <summary>The chart as it is installed now.</summary>
    public RenderedChart Chart => _chart;

    private PodOf Replica => _chart.Pods.Single(pod => ReferenceEquals(pod.Owner, _chart.Replicas));

    private PodOf Gateway => _chart.Pods.Single(pod => ReferenceEquals(pod.Owner, _chart.Gateways));

    /// <summary>Installs the chart: all of its replicas, and one gateway.</summary>
    public static async Task<PodCluster> InstallAsync()
    {
        var cluster = new PodCluster(await PostgresServer.StartAsync());
        try
        {
            await cluster.UpgradeAsync();
            for (var ordinal = 0; ordinal < cluster.Chart.Replicas.Spec.Replicas; ordinal++)
            {
                await cluster.StartAsync(NameOf(ordinal));
            }

            await cluster.StartAsync("gateway-0");
            await cluster.ReadyAsync("gateway-0");
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>The name of a replica's pod.</summary>
    public static string NameOf(int ordinal) => $"csmr-replica-{ordinal}";

    /// <summary>Where a pod serves REST.</summary>
    public Uri UrlOf(string name) => new($"https://{AddressOf(name)}:{RestPort}");

    /// <summary>Renders the chart anew: what is started from now on is of this one.</summary>
    public async Task UpgradeAsync(params string[] settings)
    {
        _chart = await RenderedChart.OfAsync("tls", ["--set", "access.requestsPerSecond=0", "--set", "traces.otlp=", .. settings.SelectMany(static setting => new[] { "--set", setting })]);
        _node = new PodNode(_directory.Path, Files());
    }

    /// <summary>Starts a pod: its init steps, and then its server.</summary>
    public async Task StartAsync(string name)
    {
        var pod = PodOf(name);
        foreach (var container in pod.Spec.InitContainers ?? [])
        {
            await using var step = _node.Start(pod, container, name, AddressOf(name));
            Assert.True(await step.WaitForExitAsync(Patience) == 0, step.Output);
        }

        _running.Add(name, _node.Start(pod, pod.Spec.Containers[0], name, AddressOf(name)));
    }

    /// <summary>SIGTERM. The pod ends within its grace period, or Kubernetes would kill it.</summary>
    public async Task StopAsync(string name)
    {
        var grace = TimeSpan.FromSeconds(PodOf(name).Spec.TerminationGracePeriodSeconds!.Value);
        await using var process = Take(name);
        process.Signal(OwnedProcess.SignalTerminate);
        Assert.True(await process.WaitForExitAsync(grace) == 0, process.Output);
    }

    /// <summary>SIGKILL, as when its host is lost.</summary>
    public async Task KillAsync(string name)
    {
        await using var process = Take(name);
        await process.KillAsync();
    }

    /// <summary>Deletes the claim of a pod that does not run: the volume is empty when it starts again.</summary>
    public void DeleteClaim(string name) => Directory.Delete(Path.Combine(_directory.Path, name, _chart.Replicas.Spec.VolumeClaimTemplates.Single().Name()), recursive: true);

    /// <summary>Waits until a pod's own probe says that it is ready.</summary>
    public async Task ReadyAsync(string name)
    {
        var (container, process) = (PodOf(name).Spec.Containers[0], _running[name]);
        var probe = container.ReadinessProbe.HttpGet;
        using var http = (Access with { Key = null }).Connect();
        var url = new Uri($"{probe.Scheme}://{AddressOf(name)}:{container.Ports.Single(port => port.Name == probe.Port.Value).ContainerPort}{probe.Path}");
        var isReady = await Wait.UntilAsync(Patience, async () =>
        {
            Assert.False(process.HasExited, process.Output);
            using var answer = await http.GetAsync(url, TestContext.Current.CancellationToken);
            return answer.IsSuccessStatusCode;
        });
        Assert.True(isReady, process.Output);
    }

    /// <summary>Runs the chart's test pod.</summary>
    public async Task TestAsync()
    {
        var test = _chart.Pods.Single(static pod => pod.Owner is V1Pod);
        var gateway = AddressOf("gateway-0");
        await using var run = _node.Start(test, test.Spec.Containers[0], "csmr-test", gateway, ("csmr-gateway:80", $"{gateway}:{RestPort}"));
        Assert.True(await run.WaitForExitAsync(Patience) == 0, run.Output);
    }

    /// <summary>Runs the command line program at the first gateway, as an operator does.</summary>
    /// <returns>What it says.</returns>
    public async Task<string> OperateAsync(params string[] arguments)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["CSMR_TOKEN"] = _key,
            ["CSMR_CA_FILE"] = Path.Combine(_certificates.Make("operator", "operator"), "ca.crt"),
        };
        await using var run = OwnedProcess.Start(
            ServerProcess.Command("Csmr.Cli", "csmr.dll", [.. arguments, "--url", UrlOf("gateway-0").ToString()]), new Place { Environment = environment });
        Assert.True(await run.WaitForExitAsync(Patience) == 0, $"{string.Join(' ', arguments)}: {run.Output}");
        return run.Output;
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_running.Values.Select(static process => process.DisposeAsync().AsTask()));
        await _postgres.DisposeAsync();
        _certificates.Dispose();
        _directory.Dispose();
    }

    private OwnedProcess Take(string name)
    {
        _running.Remove(name, out var process);
        return process!;
    }

    private PodOf PodOf(string name) => name.StartsWith("gateway", StringComparison.Ordinal) ? Gateway : Replica;

    /// <summary>Each pod has an address of its own, and keeps it.</summary>
    private string AddressOf(string name)
    {
        if (!_names.Contains(name, StringComparer.Ordinal))
        {
            _names.Add(name);
        }

        return _addresses[_names.IndexOf(name)];
    }

    /// <summary>What the secrets and config maps hold that the pods mount.</summary>
    private Dictionary<string, IReadOnlyDictionary<string, string>> Files()
    {
        var files = _chart.Of<V1ConfigMap>().Where(static map => !RenderedChart.IsHook(map)).ToDictionary(static map => map.Name(), static map => (IReadOnlyDictionary<string, string>)map.Data.AsReadOnly());
        var rules = $$$"""
            apiVersion: csmr/v1
            kind: Access
            roles: {all: {call: [store.*, locks.*], administer: [metrics, status, members]}}
            principals: {test: {roles: [all], keys: [{sha256: {{{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(_key)))}}}}]}}
            """;
        files["csmr-postgres"] = new Dictionary<string, string>(StringComparer.Ordinal) { ["connection-string"] = _postgres.ConnectionString };
        files["access"] = new Dictionary<string, string>(StringComparer.Ordinal) { ["rules.yaml"] = rules };
        files["rest-certificate"] = SecretOf(_certificates.Make("rest", "csmr-gateway", addresses: _addresses.Select(IPAddress.Parse)));
        files["silo-certificate"] = SecretOf(_certificates.Make("silo", "silo.csmr-csmr"));
        return files;
    }

    private static Dictionary<string, string> SecretOf(string directory) =>
        Directory.GetFiles(directory).ToDictionary(static file => Path.GetFileName(file), File.ReadAllText, StringComparer.Ordinal);
}
