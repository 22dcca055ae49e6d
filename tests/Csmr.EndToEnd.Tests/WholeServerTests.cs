using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Csmr.Chaos.Audit;
using Csmr.Chaos.Processes;
using Csmr.Client;

namespace Csmr.EndToEnd.Tests;

/// <summary>One server with a manifest that has a bit of everything: nested strategies, a removed operation, a machine of a user's own.</summary>
public sealed partial class WholeServerTests(WholeServerTests.Server server) : IClassFixture<WholeServerTests.Server>
{
    private const string Manifest = """
        apiVersion: csmr/v1
        kind: Composition
        metadata: {name: whole, version: 1}
        defaults: {f: 1, consistency: independent}
        assemblies: [Csmr.Sample.Counter.dll]
        services:
          locks: {machine: lock}
          store: {machine: kv, witnesses: 1}
          events: {machine: log}
          votes: {machine: tally, settings: {cap: 5}}
        compose:
          placing:
            extend: store
            operations:
              place:
                in: {order: string, body: json, fence: long}
                steps:
                  - {id: held, call: locks.check, with: {key: $in.order, token: $in.fence}}
                  - {id: put, call: store.put, with: {key: $in.order, value: $in.body}, when: $held.ok}
                  - {id: event, call: events.append, with: {entry: {placed: $in.order}}, when: $put.ok}
                return: {ok: $put.ok, event: $event.index}
              delete: {remove: "orders are cancelled, not deleted"}
          api:
            add: [{from: locks}, {from: placing}, {from: events}, {from: votes, rename: {add: vote}}]
        expose: [api]
        """;

    private HttpClient Http => server.Process.Http;

    [Theory]
    [InlineData("put", """{"key":"a"}""", 400, "value")]
    [InlineData("put", """{"key":"a","value":1,"colour":"red"}""", 400, "colour")]
    [InlineData("put", """{"key":7,"value":1}""", 400, "key")]
    [InlineData("put", """{"key":"","value":1}""", 400, "key")]
    [InlineData("put", """{"key":"a","key":"b","value":1}""", 400, "key")]
    [InlineData("put", """{"key":"a","value":""", 400, null)]
    [InlineData("put", """["a",1]""", 400, null)]
    [InlineData("retrieve", """{"first":-1,"last":5}""", 400, "first")]
    [InlineData("retrieve", """{"first":1.5,"last":5}""", 400, "first")]
    [InlineData("fetch", "{}", 404, null)]
    [InlineData("delete", """{"key":"a"}""", 410, null)]
    public async Task Call_BadInput_ProblemThatNamesIt(string operation, string body, int status, string? argument)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        var problem = await AssertProblemAsync(operation, content, status);
        Assert.Equal(argument, problem.TryGetProperty("argument", out var named) ? named.GetString() : null);
        Assert.Equal("not-done", problem.GetProperty("outcome").GetString());
        if (status == 410)
        {
            Assert.Contains("cancelled, not deleted", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Call_KeyOfOneMebibyte_InvalidUtf8_TooLarge_WrongType_AreProblems()
    {
        using var longKey = new StringContent($$"""{"key":"{{new string('k', 1 << 19)}}","value":1}""", Encoding.UTF8, "application/json");
        Assert.Equal("key", (await AssertProblemAsync("put", longKey, 400)).GetProperty("argument").GetString());

        using var invalid = new ByteArrayContent([.. "{\"key\":\""u8, 0xC3, 0x28, .. "\",\"value\":1}"u8]);
        invalid.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        await AssertProblemAsync("put", invalid, 400);

        using var large = new StringContent($$"""{"key":"k","value":"{{new string('v', 1 << 20)}}"}""", Encoding.UTF8, "application/json");
        await AssertProblemAsync("put", large, 413);

        using var xml = new StringContent("<put/>", Encoding.UTF8, "text/xml");
        await AssertProblemAsync("put", xml, 415);
    }

    [Fact]
    public async Task Call_SameKeyTwice_ReplayedOnce_AndRefusedForSomethingElse()
    {
        var put = new SentPut("replayed", "one", Guid.NewGuid().ToString("N"));
        using var first = await Load.PutAsync(Http, put);
        using var second = await Load.PutAsync(Http, put);
        Assert.Equal(await first.Content.ReadAsStringAsync(), await second.Content.ReadAsStringAsync());
        Assert.Equal("true", second.Headers.GetValues("Idempotency-Replayed").Single());

        using var other = await Load.PutAsync(Http, put with { Value = "two" });
        Assert.Equal(422, (int)other.StatusCode);
    }

    [Fact]
    public async Task Chain_WithAndWithoutTheLock_PutsOnlyWithIt()
    {
        var token = (await Http.CallAsync("acquire", new { key = "order-1" })).GetProperty("token").GetInt64();
        var placed = (await Http.CallAsync("place", new { order = "order-1", body = new { cups = 2 }, fence = token })).GetProperty("result");
        Assert.True(placed.GetProperty("ok").GetBoolean());
        await Http.CallAsync("release", new { key = "order-1" });

        var late = (await Http.CallAsync("place", new { order = "order-1", body = new { cups = 3 }, fence = token })).GetProperty("result");
        Assert.Equal(JsonValueKind.Null, late.GetProperty("ok").ValueKind);
        Assert.Equal(JsonValueKind.Null, late.GetProperty("event").ValueKind);
        Assert.Equal(2, (await Http.CallAsync("get", new { key = "order-1" })).GetProperty("result").GetProperty("cups").GetInt32());
    }

    [Fact]
    public async Task OwnMachine_LoadedByAssembly_ServesAndRefuses()
    {
        await Http.CallAsync("vote", new { name = "apple", amount = 3 });
        Assert.Equal(5, (await Http.CallAsync("vote", new { name = "apple", amount = 2 })).GetProperty("result").GetInt64());
        using var body = new StringContent("""{"name":"apple","amount":1}""", Encoding.UTF8, "application/json");
        var problem = await AssertProblemAsync("vote", body, 409);
        Assert.Equal("tally.out-of-bounds", problem.GetProperty("code").GetString());
    }

    [Fact]
    public async Task OrleansClient_TypedAndWithASession_CallsTheSameService()
    {
        var gateway = GatewayPort().Match(server.Process.Output);
        Assert.True(gateway.Success, server.Process.Output);
        await using var client = await CsmrClient.ConnectAsync(new CsmrClientOptions
        {
            Gateways = [new IPEndPoint(IPAddress.Loopback, int.Parse(gateway.Groups["port"].Value, CultureInfo.InvariantCulture))],
            ClusterId = "whole",
        });
        var store = client.Service<IKeyValueStore>("api");
        await store.PutAsync("from-orleans", "yes");
        Assert.Equal("yes", (await Http.CallAsync("get", new { key = "from-orleans" })).GetProperty("result").GetString());

        var session = client.NewSession();
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => session.InvokeAsync("append", new { entry = "once" })));
        var bounds = await Http.CallAsync("bounds", new { });
        Assert.True(bounds.GetProperty("end").GetInt64() >= 50, bounds.ToString());

        var error = await Assert.ThrowsAnyAsync<CsmrException>(() => client.InvokeAsync("delete", new { key = "a" }));
        Assert.Equal(CallStatus.RemovedOperation, error.Status);
    }

    [Fact]
    public async Task SwaggerPage_InAChromium_ShowsTheOperations()
    {
        var chromium = Environment.GetEnvironmentVariable("CSMR_CHROMIUM") ?? (File.Exists("/usr/bin/chromium") ? "/usr/bin/chromium" : null);
        Assert.SkipWhen(chromium is null, "Chromium is not installed (scripts/test installs it)");
        using var profile = new TemporaryDirectory();
        var start = new ProcessStartInfo(chromium!) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var argument in new[]
        {
            "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--disable-quic", $"--user-data-dir={profile.Path}", "--virtual-time-budget=20000", "--dump-dom",
            new Uri(Http.BaseAddress!, "/swagger/index.html").ToString(),
        })
        {
            start.ArgumentList.Add(argument);
        }

        using var browser = Process.Start(start)!;
        var errors = browser.StandardError.ReadToEndAsync();
        var page = await browser.StandardOutput.ReadToEndAsync();
        await browser.WaitForExitAsync();
        foreach (var operation in new[] { "/v1/put", "/v1/acquire", "/v1/place", "/v1/vote" })
        {
            Assert.True(page.Contains(operation, StringComparison.Ordinal), $"the page does not show {operation}; {await errors}\n{page[..Math.Min(2000, page.Length)]}");
        }
    }

    [Fact]
    public async Task CommandLine_ShowsGroups_RemovesAReplica_AndSaysWhatIsRefused()
    {
        var (code, text) = await CsmrAsync("groups");
        Assert.Equal(0, code);
        Assert.Equal(["events", "locks", "store", "votes"], text.Split('\n').Select(static line => line.Split(' ')[0]));

        (code, text) = await CsmrAsync("remove-replica", "votes", "r1");
        Assert.Equal((0, "r1 is removed"), (code, text));
        (code, text) = await CsmrAsync("groups", "votes");
        Assert.Equal(0, code);
        Assert.StartsWith("votes: tally, configuration 1\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("r1@", text, StringComparison.Ordinal);
        (code, text) = await CsmrAsync("move-leader", "votes", "--node", "n9");
        Assert.Equal(1, code);
        Assert.Contains("n9 has no replica", text, StringComparison.Ordinal);
        (code, text) = await CsmrAsync("add-replica", "nothing", "--node", "n2");
        Assert.Equal((1, "stderr: csmr: Unknown group: The composition has no group 'nothing'."), (code, text));
    }

    private async Task<(int Code, string Text)> CsmrAsync(params string[] arguments)
    {
        await using var csmr = ServerProcess.StartCli([.. arguments, "--url", Http.BaseAddress!.OriginalString]);
        var code = await csmr.WaitForExitAsync(TimeSpan.FromMinutes(1));
        return (code, csmr.Output.Trim());
    }

    private async Task<JsonElement> AssertProblemAsync(string operation, HttpContent content, int status)
    {
        using var answer = await Http.PostAsync(new Uri($"/v1/{operation}", UriKind.Relative), content);
        var body = await answer.Content.ReadAsStringAsync();
        Assert.True((int)answer.StatusCode == status, $"{(int)answer.StatusCode} {body}");
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        return JsonDocument.Parse(body).RootElement.Clone();
    }

    [GeneratedRegex(@"silo gateway: \S+ clients at (?<port>\d+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex GatewayPort();

    /// <summary>The server that all these tests share.</summary>
    public sealed class Server : IAsyncLifetime
    {
        private readonly TemporaryDirectory _data = new();

        internal ServerProcess Process { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            var manifest = _data.Sub("whole.yaml");
            await File.WriteAllTextAsync(manifest, Manifest);
            var configuration = AppContext.BaseDirectory.TrimEnd('/').EndsWith("release", StringComparison.Ordinal) ? "release" : "debug";
            File.Copy(
                Path.Combine(ServerProcess.Root, "artifacts", "bin", "Csmr.Sample.Counter", configuration, "Csmr.Sample.Counter.dll"),
                _data.Sub("Csmr.Sample.Counter.dll"));
            Process = await ServerProcess.StartReadyAsync("--data", _data.Sub("d"), "--manifest", manifest);
        }

        public async ValueTask DisposeAsync()
        {
            await Process.DisposeAsync();
            _data.Dispose();
        }
    }
}
