using System.Net;
using System.Security.Cryptography;
using Csmr.Cluster.Tests.Gateway;
using Csmr.Gateway.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Csmr.Cluster.Tests.Security;

/// <summary>The issuer's keys from an address: fetched when they are needed; without them nobody gets in, and nothing breaks.</summary>
public sealed class TokenKeysTests : IAsyncLifetime
{
    private readonly AccessFiles _files = new();
    private WebApplication _issuer = null!;
    private int _fetched;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _issuer = builder.Build();
        _issuer.MapGet("/keys", () =>
        {
            _fetched++;
            return File.ReadAllText(_files.At("keys.json"));
        });
        await _issuer.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _issuer.DisposeAsync();
        _files.Dispose();
    }

    [Fact]
    public async Task Keys_AreFetchedOnce_AndGoodTokensGetIn()
    {
        var address = _issuer.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        await using var host = await StartAsync($"{address}/keys");
        Assert.Equal(0, _fetched);
        using var stranger = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(HttpStatusCode.OK, await CallAsync(host, _files.Token()));
        }

        Assert.Equal(1, _fetched);
        Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(host, _files.Token(key: stranger)));
    }

    [Fact]
    public async Task Keys_ThatCannotBeFetched_LetNobodyIn()
    {
        await using var host = await StartAsync("http://127.0.0.1:1/keys");
        Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(host, _files.Token()));
        Assert.Equal(HttpStatusCode.Forbidden, await CallAsync(host, _files.Shop));
    }

    private async Task<RestHost> StartAsync(string keys)
    {
        _files.Write(_files.Text().Replace("keys: keys.json", $"keys: '{keys}'", StringComparison.Ordinal));
        var host = new RestHost { Options = new RestOptions { AccessFile = _files.Path } };
        await host.InitializeAsync();
        return host;
    }

    private static async Task<HttpStatusCode> CallAsync(RestHost host, string proof)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/acquire") { Content = Bodies.Json("""{"key":"a"}""") };
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {proof}");
        using var answer = await host.Http.SendAsync(request);
        return answer.StatusCode;
    }
}
