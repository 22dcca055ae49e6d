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

    [Fact]
    public async Task Document_OfThePlanInCode_IsTheApprovedOne() => Approve("orders", await host.Http.GetStringAsync("/openapi/v1.json"));

    [Fact]
    public async Task Document_OfTheAuditedStore_IsTheApprovedOne()
    {
        await using var audited = new RestHost { Plan = SamplePlan.OfManifest("audited-store.yaml") };
        await audited.InitializeAsync();
        Approve("audited-store", await audited.Http.GetStringAsync("/openapi/v1.json"));
    }

    [Fact]
    public async Task Documents_OfEverySample_HaveNoFindingsByRedocly()
    {
        var linter = Path.Combine(Folder, "node_modules", "@redocly", "cli", "bin", "cli.js");
        Assert.SkipUnless(File.Exists(linter), "The linter is not installed: run npm ci in tests/Csmr.Cluster.Tests/OpenApi.");
        var folder = Directory.CreateTempSubdirectory("csmr-openapi-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "code.json"), await host.Http.GetStringAsync("/openapi/v1.json"));
            foreach (var manifest in Directory.EnumerateFiles(SourceFolder.At("samples", "compositions"), "*.yaml").Select(Path.GetFileName))
            {
                await using var sample = new RestHost { Plan = SamplePlan.OfManifest(manifest!) };
                await sample.InitializeAsync();
                await File.WriteAllTextAsync(Path.Combine(folder.FullName, $"{manifest}.json"), await sample.Http.GetStringAsync("/openapi/v1.json"));
            }

            var (code, output) = await LintAsync(linter, Directory.GetFiles(folder.FullName));
            Assert.True(code == 0, output);
        }
        finally
        {
            folder.Delete(recursive: true);
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

    // To approve a change: run with CSMR_APPROVE=1 and look at the difference.
    private static void Approve(string name, string document)
    {
        var approved = Path.Combine(Folder, $"{name}.approved.json");
        if (Environment.GetEnvironmentVariable("CSMR_APPROVE") == "1")
        {
            File.WriteAllText(approved, $"{document}\n");
        }

        Assert.Equal(File.ReadAllText(approved).TrimEnd(), document);
    }

    private static async Task<(int Code, string Output)> LintAsync(string linter, string[] files)
    {
        var start = new ProcessStartInfo("node", [linter, "lint", .. files, "--config", Path.Combine(Folder, "redocly.yaml"), "--format", "stylish"])
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
        return (process.ExitCode, $"{await output}{await errors}");
    }

    private async Task<JsonDocument> DocumentAsync() => JsonDocument.Parse(await host.Http.GetStringAsync("/openapi/v1.json"));
}
