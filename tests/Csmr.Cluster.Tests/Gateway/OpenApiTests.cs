using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using Csmr.Composition.Json;

namespace Csmr.Cluster.Tests.Gateway;

/// <summary>The OpenAPI document: approved as a whole, clean by an independent linter, and true.</summary>
public sealed class OpenApiTests(RestHost host) : IClassFixture<RestHost>
{
    private static string Folder => SourceFolder.At("tests", "Csmr.Cluster.Tests", "OpenApi");

    /// <summary>To approve a change: run with <c>CSMR_APPROVE=1</c> and look at the difference.</summary>
    [Fact]
    public async Task Document_OfTheSamplePlan_IsTheApprovedOne()
    {
        var document = await host.Http.GetStringAsync("/openapi/v1.json");
        var approved = Path.Combine(Folder, "orders.approved.json");
        if (Environment.GetEnvironmentVariable("CSMR_APPROVE") == "1")
        {
            await File.WriteAllTextAsync(approved, $"{document}\n");
        }

        Assert.Equal((await File.ReadAllTextAsync(approved)).TrimEnd(), document);
    }

    [Fact]
    public async Task Document_ByRedocly_HasNoFindings()
    {
        var linter = Path.Combine(Folder, "node_modules", "@redocly", "cli", "bin", "cli.js");
        Assert.SkipUnless(File.Exists(linter), "The linter is not installed: run npm ci in tests/Csmr.Cluster.Tests/OpenApi.");
        var file = Path.Combine(Path.GetTempPath(), $"csmr-openapi-{Guid.NewGuid():n}.json");
        try
        {
            await File.WriteAllTextAsync(file, await host.Http.GetStringAsync("/openapi/v1.json"));
            var start = new ProcessStartInfo("node", [linter, "lint", file, "--config", Path.Combine(Folder, "redocly.yaml"), "--format", "stylish"])
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
                UseShellExecute = false,
                Environment = { ["REDOCLY_TELEMETRY"] = "off", ["REDOCLY_SUPPRESS_UPDATE_NOTICE"] = "true", ["NO_COLOR"] = "1" },
            };
            using var process = Process.Start(start)!;
            var output = process.StandardOutput.ReadToEndAsync();
            var errors = process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.True(process.ExitCode == 0, $"{await output}{await errors}");
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Document_EveryPathAndMethod_IsServed()
    {
        using var document = await DocumentAsync();
        foreach (var path in document.RootElement.GetProperty("paths").EnumerateObject())
        {
            foreach (var method in path.Value.EnumerateObject())
            {
                var uri = path.Name.Replace("{operation}", "get", StringComparison.Ordinal).Replace("{group}", "early", StringComparison.Ordinal);
                using var request = new HttpRequestMessage(new HttpMethod(method.Name.ToUpperInvariant()), uri);
                using var response = await host.Http.SendAsync(request);
                var expected = ((int)response.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture);
                Assert.True(
                    method.Value.GetProperty("responses").TryGetProperty(expected, out _),
                    $"{request.Method} {uri} answered {expected}, which the document does not know.");
                Assert.NotEqual(HttpStatusCode.NotFound, response.StatusCode);
            }
        }
    }

    [Fact]
    public async Task Document_EveryOfferedOperation_IsInItAndItsExampleBinds()
    {
        using var document = await DocumentAsync();
        foreach (var operation in host.Plan.Operations)
        {
            var post = document.RootElement.GetProperty("paths").GetProperty($"/v1/{operation.Name}").GetProperty("post");
            Assert.Equal(operation.RemovedReason is not null, post.TryGetProperty("deprecated", out var deprecated) && deprecated.GetBoolean());
            if (operation.RemovedReason is not null)
            {
                continue;
            }

            var body = post.GetProperty("requestBody").GetProperty("content").GetProperty("application/json");
            var example = body.TryGetProperty("example", out var given) ? given.GetRawText() : "{}";
            Assert.True(
                ArgumentBinder.TryBind(operation.Parameters, Encoding.UTF8.GetBytes(example), out _, out var problem),
                $"{operation.Name}: {problem?.Message}");
        }
    }

    [Fact]
    public async Task Swagger_Page_IsServedAndPointsToTheDocument()
    {
        using var page = await host.Http.GetAsync("/swagger/index.html");
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.Equal("text/html", page.Content.Headers.ContentType?.MediaType);
        Assert.Contains("swagger-ui", await page.Content.ReadAsStringAsync());
        Assert.Contains("../openapi/v1.json", await host.Http.GetStringAsync("/swagger/index.js"));
        using var start = await host.Http.GetAsync("/swagger");
        Assert.Equal(HttpStatusCode.OK, start.StatusCode);
    }

    private async Task<JsonDocument> DocumentAsync() => JsonDocument.Parse(await host.Http.GetStringAsync("/openapi/v1.json"));
}
