using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Csmr.Client;
using Csmr.Client.Security;
using Csmr.Server.Hosting;
using Csmr.TestKit.Security;

namespace Csmr.Cluster.Tests.Security;

/// <summary>A cluster whose silos have certificates.</summary>
public sealed class TlsCluster : IAsyncLifetime
{
    internal TestCertificates Certificates { get; } = new();

    internal SiloCluster Cluster { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        var plan = Plans.Store();
        var silo = Certificates.Make("silo", $"silo.{plan.Name}");
        Cluster = await SiloCluster.StartAsync(plan, builder => SiloTls.Use(builder, silo, plan.Name));
    }

    public async ValueTask DisposeAsync()
    {
        await Cluster.DisposeAsync();
        Certificates.Dispose();
    }
}

/// <summary>A cluster whose silos have certificates: it serves, and nobody joins or calls who has none of the right kind.</summary>
public sealed class SiloTlsTests(TlsCluster tls) : IClassFixture<TlsCluster>
{
    // Orleans tries again until it is told to stop; that others get in is shown beside it.
    private static readonly TimeSpan Trying = TimeSpan.FromSeconds(4);

    private readonly TestCertificates _certificates = tls.Certificates;
    private readonly SiloCluster _cluster = tls.Cluster;
    private readonly string _name = tls.Cluster.Plan.Name;

    private SiloSettings Gateway => _cluster.NodeOf("gateway").Settings;

    [Fact]
    public async Task Cluster_WithTls_ServesItsClients_AndNobodyElse()
    {
        Assert.Equal(CallStatus.Done, (await _cluster.CallAsync("put", """{"key": "a", "value": 1}""")).Status);
        await using (var client = await ConnectAsync(_certificates.Make("client", $"client.{_name}")))
        {
            Assert.Equal(1, (await client.Service<IKeyValueStore>().GetAsync("a"))!.Value.GetInt32());
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Trying);
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await using var plain = await ConnectAsync(null, limit.Token);
        });
    }

    [Theory]
    [InlineData(true, null)]
    [InlineData(true, "client.{0}")]
    [InlineData(true, "silo.another")]
    [InlineData(true, "*.{0}")]
    [InlineData(true, "silo.{0}", true)]
    [InlineData(true, "silo.{0}", false, true)]
    [InlineData(false, null)]
    [InlineData(false, "client.another")]
    [InlineData(false, "*.{0}")]
    [InlineData(false, "client.{0}", true)]
    [InlineData(false, "client.{0}", false, true)]
    public async Task Port_TakesNobodyWithAnotherCertificate(bool isForSilos, string? name, bool isStrange = false, bool isExpired = false)
    {
        // A bare connection, as the other side of a handshake sees it: what is sent after it is never taken.
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, isForSilos ? Gateway.SiloPort : Gateway.GatewayPort, TestContext.Current.CancellationToken);
        var own = name is null ? null : TlsCertificates.Watch(
            _certificates.Make("intruder", string.Format(null, name, _name), isStrange, isExpired), withAuthorities: true, static cause => throw cause).Current;
        await using var stream = new SslStream(socket.GetStream(), leaveInnerStreamOpen: false);
        Assert.True(await IsClosedAsync(stream, own), "the silo went on with a stranger");
    }

    [Fact]
    public async Task Port_ForSilos_TakesNoPlainBytes()
    {
        foreach (var port in new[] { Gateway.SiloPort, Gateway.GatewayPort })
        {
            using var socket = new TcpClient();
            await socket.ConnectAsync(IPAddress.Loopback, port, TestContext.Current.CancellationToken);
            await socket.GetStream().WriteAsync(new byte[512], TestContext.Current.CancellationToken);
            Assert.True(await IsClosedAsync(socket.GetStream()), "the silo went on with plain bytes");
        }
    }

    [Fact]
    public async Task Silo_WithAClientsCertificate_DoesNotJoin()
    {
        var directory = _certificates.Make("joiner", $"client.{_name}");
        await using var intruder = SiloNode.Open(_cluster.SettingsOf("intruder") with { Further = builder => SiloTls.Use(builder, directory, _name) });
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Trying);
        await Assert.ThrowsAnyAsync<Exception>(() => intruder.StartAsync(limit.Token));
        Assert.DoesNotContain((await _cluster.View.GetStatusAsync(TestContext.Current.CancellationToken)).Silos, static silo => silo is { Name: "intruder", Status: "Active" });
        Assert.Equal(CallStatus.Done, (await _cluster.CallAsync("put", """{"key": "b", "value": 1}""")).Status);
    }

    [Fact]
    public async Task Certificate_Renewed_HoldsWithoutARestart()
    {
        var before = await ShownAsync();
        _certificates.Make("silo", $"silo.{_name}");
        await Until.TrueAsync(async () => await ShownAsync() != before, "the silo shows its renewed certificate");
        await using var client = await ConnectAsync(_certificates.Make("client", $"client.{_name}"));
        await client.Service<IKeyValueStore>().PutAsync("renewed", 1);
    }

    private Task<CsmrClient> ConnectAsync(string? directory, CancellationToken cancellation = default) => CsmrClient.ConnectAsync(
        new CsmrClientOptions
        {
            ClusterId = _name,
            Gateways = [new IPEndPoint(IPAddress.Loopback, Gateway.GatewayPort)],
            TlsDirectory = directory,
        },
        cancellation);

    private async Task<string> ShownAsync()
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, Gateway.SiloPort, TestContext.Current.CancellationToken);
        await using var stream = new SslStream(socket.GetStream(), leaveInnerStreamOpen: false);
        var shown = "";
        await IsClosedAsync(stream, own: null, certificate => shown = certificate.GetCertHashString());
        return shown;
    }

    private async Task<bool> IsClosedAsync(SslStream stream, TlsCertificates? own, Action<X509Certificate>? onShown = null)
    {
        try
        {
            await stream.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = $"silo.{_name}",
                    ClientCertificateContext = own?.Own,
                    RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                    {
                        // The attacker does not mind who the silo is.
                        onShown?.Invoke(certificate!);
                        return certificate is not null;
                    },
                },
                TestContext.Current.CancellationToken);
            return await IsClosedAsync(stream);
        }
        catch (Exception cause) when (cause is IOException or System.Security.Authentication.AuthenticationException)
        {
            return true;
        }
    }

    private static async Task<bool> IsClosedAsync(Stream stream)
    {
        try
        {
            return await stream.ReadAsync(new byte[16], TestContext.Current.CancellationToken) == 0;
        }
        catch (IOException)
        {
            return true;
        }
    }
}
