using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Csmr.Client.Security;
using Csmr.Server.Hosting;
using Csmr.TestKit.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Csmr.Cluster.Tests.Security;

/// <summary>HTTPS: only what TLS protects is answered, and a renewed certificate holds without a restart.</summary>
public sealed class RestTlsTests : IAsyncLifetime
{
    private readonly TestCertificates _certificates = new();
    private WebApplication _app = null!;
    private Uri _address = null!;

    public async ValueTask InitializeAsync()
    {
        var directory = _certificates.Make("rest", "localhost");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("https://127.0.0.1:0");
        RestTls.Use(builder.WebHost, directory);
        _app = builder.Build();
        _app.MapGet("/", static () => "secret");
        await _app.StartAsync();
        var port = new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port;
        _address = new Uri($"https://localhost:{port}/");
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _certificates.Dispose();
    }

    [Fact]
    public async Task Caller_WhoTrustsTheAuthority_IsServed_AndSeesARenewedCertificate()
    {
        var before = await AskAsync();
        _certificates.Make("rest", "localhost");
        await Until.TrueAsync(async () => await AskAsync() != before, "the renewed certificate is shown");
    }

    [Fact]
    public async Task Caller_WithoutTls_OrWithAnOldOne_IsNotServed()
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, _address.Port, TestContext.Current.CancellationToken);
        await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(socket.GetStream());
        var answer = "";
        try
        {
            answer = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
        }
        catch (IOException)
        {
            // Closed without a word.
        }

        Assert.DoesNotContain("secret", answer, StringComparison.Ordinal);
        using var stranger = new HttpClient();
        await Assert.ThrowsAsync<HttpRequestException>(() => stranger.GetStringAsync(_address, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Directory_WithoutACertificate_IsRefusedWithWhatIsMissing()
    {
        var failure = Assert.Throws<TlsException>(() => TlsCertificates.Watch("/nowhere", withAuthorities: true, static _ => { }));
        Assert.Contains("'/nowhere' (tls.crt, tls.key, ca.crt)", failure.Message, StringComparison.Ordinal);
    }

    private async Task<string> AskAsync()
    {
        var shown = "";
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(_certificates.Authorities);
        handler.SslOptions.EnabledSslProtocols = SslProtocols.Tls13;
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
        {
            shown = certificate!.GetCertHashString();
            return errors == System.Net.Security.SslPolicyErrors.None;
        };
        using var http = new HttpClient(handler);
        Assert.Equal("secret", await http.GetStringAsync(_address, TestContext.Current.CancellationToken));
        return shown;
    }
}
