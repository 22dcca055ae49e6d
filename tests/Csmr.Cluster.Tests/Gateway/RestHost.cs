using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Csmr.Composition.Plans;
using Csmr.Gateway.Hosting;
using Csmr.Grains.Checkpoints;
using Csmr.Grains.Routing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Csmr.Cluster.Tests.Gateway;

/// <summary>The REST interface on a real web server at a free loopback port, over a fake cluster unless a real one is given.</summary>
public sealed class RestHost : IAsyncLifetime
{
    private WebApplication? _app;

    internal Plan Plan { get; init; } = SamplePlan.Make();

    internal FakeInvoker Invoker { get; private set; } = null!;

    internal FakeView View { get; private set; } = null!;

    internal FakeCheckpoints Checkpoints { get; } = new();

    /// <summary>What the product has logged.</summary>
    internal LogLines Log { get; } = new();

    internal SiloCluster? Cluster { get; init; }

    internal RestOptions Options { get; init; } = new();

    /// <summary>Whether there is a route <c>/bare</c> that does not say who may use it.</summary>
    internal bool IsWithBareRoute { get; init; }

    public HttpClient Http { get; private set; } = null!;

    /// <summary>One over a real cluster.</summary>
    internal static async Task<RestHost> OverAsync(SiloCluster cluster)
    {
        var host = new RestHost { Plan = cluster.Plan, Cluster = cluster };
        await host.InitializeAsync();
        return host;
    }

    public async ValueTask InitializeAsync()
    {
        Invoker = new FakeInvoker(Plan);
        View = new FakeView(Plan);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Logging.AddProvider(Log);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton(Cluster?.Invoker ?? Invoker);
        builder.Services.AddSingleton(Cluster?.View ?? View);
        builder.Services.AddSingleton(Cluster?.ServicesOf("gateway").GetRequiredService<IClusterAdmin>() ?? new FakeAdmin());
        builder.Services.AddSingleton(Cluster?.ServicesOf("gateway").GetRequiredService<ICheckpoints>() ?? Checkpoints);
        builder.Services.AddCsmrRest(Plan, Options);
        _app = builder.Build();
        _app.MapCsmrRest();
        if (IsWithBareRoute)
        {
            _app.MapGet("/bare", static () => "bare");
        }

        await _app.StartAsync();
        var address = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        Http = new HttpClient { BaseAddress = new Uri(address) };
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }
    }

    /// <summary>Sends bytes as they are and reads until the server closes the connection, or until a text has come.</summary>
    internal async Task<string> SendRawAsync(string request, string? until = null)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Http.BaseAddress!.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request));
        var answer = new StringBuilder();
        var buffer = new byte[4096];
        while (until is null || !answer.ToString().Contains(until, StringComparison.Ordinal))
        {
            var read = await stream.ReadAsync(buffer);
            if (read == 0)
            {
                break;
            }

            answer.Append(Encoding.UTF8.GetString(buffer, 0, read));
        }

        return answer.ToString();
    }

    /// <summary>Requires that an answer is a problem and gives its members.</summary>
    internal static async Task<JsonElement> ProblemAsync(HttpResponseMessage response, int status, string slug)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode} {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = JsonDocument.Parse(text).RootElement;
        Assert.Equal($"urn:csmr:problem:{slug}", problem.GetProperty("type").GetString());
        Assert.Equal(status, problem.GetProperty("status").GetInt32());
        foreach (var member in new[] { "title", "detail", "code", "outcome", "requestId", "traceId" })
        {
            Assert.False(string.IsNullOrEmpty(problem.GetProperty(member).GetString()), $"{member} is missing: {text}");
        }

        Assert.Equal(problem.GetProperty("requestId").GetString(), Assert.Single(response.Headers.GetValues("Csmr-Request-Id")));
        Assert.DoesNotContain("   at ", text);
        return problem;
    }
}
