using System.Reflection;
using Csmr.Gateway.Hosting;
using Csmr.Gateway.Invocations;
using Csmr.Gateway.Problems;

namespace Csmr.Cluster.Tests.Gateway;

/// <summary>Holds <c>docs/http.md</c> against the code.</summary>
public sealed class HttpDocumentTests(RestHost host) : IClassFixture<RestHost>
{
    private static readonly string[] Lines = File.ReadAllLines(SourceFolder.At("docs", "http.md"));

    [Fact]
    public void ProblemTable_EqualsTheCode() => Assert.Equal(
        ProblemTypes.All.Select(static type => $"| `{type.Uri}` | {type.Status} | {type.Meaning} |"),
        Lines.Where(static line => line.StartsWith("| `urn:csmr:problem:", StringComparison.Ordinal)));

    [Fact]
    public void Problems_EveryUriIsUnique_AndEveryOneIsListed()
    {
        Assert.Equal(ProblemTypes.All.Count, ProblemTypes.All.Select(static type => type.Uri).Distinct().Count());
        Assert.All(Enum.GetValues<CallStatus>(), static status => Assert.Contains(ProblemTypes.Of(status), ProblemTypes.All));
    }

    [Fact]
    public void HeaderTables_NameEveryHeader()
    {
        var headers = typeof(HeaderNames).GetFields(BindingFlags.Public | BindingFlags.Static).Select(static field => (string)field.GetRawConstantValue()!);
        Assert.All(headers, header => Assert.Single(Lines, line => line.StartsWith($"| `{header}` |", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task RouteTable_NamesEveryFixedPathOfTheDocument()
    {
        using var document = System.Text.Json.JsonDocument.Parse(await host.Http.GetStringAsync("/openapi/v1.json"));
        var paths = document.RootElement.GetProperty("paths").EnumerateObject()
            .Where(static path => path.Value.TryGetProperty("get", out _))
            .Select(static path => path.Name);
        Assert.All(paths, path => Assert.Single(Lines, line => line.StartsWith($"| `GET {path}` |", StringComparison.Ordinal)));
    }

    [Fact]
    public void Limits_AreTheDefaults()
    {
        var options = new RestOptions();
        Assert.Equal((1 << 20, 8 << 10, 64, 16 << 10), (options.BodyBytesMax, options.RequestLineBytesMax, options.HeaderCountMax, options.HeaderBytesMax));
        Assert.Equal((15, 240, 5, 120), (options.HeadersTimeout.TotalSeconds, options.BodyBytesPerSecondMin, options.BodyGrace.TotalSeconds, options.KeepAlive.TotalSeconds));
        Assert.Equal(60_000, options.TimeoutMsMax);
    }

    [Fact]
    public void Options_WithoutALimit_AreRefused() =>
        Assert.Throws<InvalidOperationException>(static () => new RestOptions { BodyBytesMax = 0 }.Validate());
}
