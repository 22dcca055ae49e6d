using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;
using Csmr.Cluster.Tests.Gateway;
using Csmr.Gateway.Access;
using Csmr.Gateway.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace Csmr.Cluster.Tests.Security;

/// <summary>Who gets in, who does not, and what is noted of it: as an attacker and as an operator would try.</summary>
public sealed class AccessTests : IAsyncLifetime
{
    private readonly AccessFiles _files = new();
    private RestHost _host = null!;

    public async ValueTask InitializeAsync()
    {
        _host = new RestHost { Options = new RestOptions { AccessFile = _files.Path, AuditFile = _files.Audit } };
        await _host.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        _files.Dispose();
    }

    [Theory]
    [InlineData("POST", "/v1/get")]
    [InlineData("POST", "/v1/services/api/get")]
    [InlineData("POST", "/v1/delete")]
    [InlineData("POST", "/v1/groups/early/leader")]
    [InlineData("POST", "/v1/groups/early/replicas")]
    [InlineData("DELETE", "/v1/groups/early/replicas/r1")]
    [InlineData("GET", "/v1/cluster")]
    [InlineData("GET", "/v1/groups")]
    [InlineData("GET", "/v1/groups/early")]
    [InlineData("GET", "/v1/operations")]
    [InlineData("GET", "/v1/operations/get/replicas?key=a")]
    [InlineData("GET", "/openapi/v1.json")]
    [InlineData("GET", "/swagger/index.html")]
    [InlineData("GET", "/nothing")]
    [InlineData("GET", "/v1/get")]
    [InlineData("POST", "/health/../v1/get")]
    [InlineData("POST", "/health/%2e%2e/v1/get")]
    [InlineData("POST", "//v1/get")]
    [InlineData("POST", "/V1/GET")]
    [InlineData("POST", "/v1/get/")]
    [InlineData("POST", "/health/live/../../v1/groups/early/leader")]
    public async Task Anything_WithoutProof_Is401(string method, string path)
    {
        using var answer = await SendAsync(method, path, proof: null);
        var problem = await RestHost.ProblemAsync(answer, 401, "unauthenticated");
        Assert.Equal("Bearer", answer.Headers.WwwAuthenticate.ToString());
        Assert.Equal("not-done", problem.GetProperty("outcome").GetString());
        Assert.Empty(_host.Invoker.Requests);
        Assert.Contains(problem.GetProperty("requestId").GetString()!, Assert.Single(_files.AuditLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_IsOpen_WhateverIsSent()
    {
        foreach (var proof in new[] { null, "csmr_wrong", "nonsense" })
        {
            using var live = await SendAsync("GET", "/health/live", proof);
            using var ready = await SendAsync("GET", "/health/ready", proof);
            Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (live.StatusCode, ready.StatusCode));
        }

        Assert.Empty(_files.AuditLines);
    }

    [Fact]
    public async Task Proof_ThatIsWrong_Is401_AndIsNowhereRepeated()
    {
        using var stranger = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var token = _files.Token();
        string[] proofs =
        [
            AccessFiles.NewKey(), _files.Shop[..^1], _files.Shop + "0", _files.Shop.ToUpperInvariant(), "csmr_" + new string('a', 4000), _files.Expired,
            AccessFiles.HashOf(_files.Shop), "a.b.c", new string('a', 9000),
            _files.Token(key: stranger), _files.Token(lifetime: TimeSpan.FromMinutes(-5)), _files.Token(audience: "other"), _files.Token(issuer: "https://evil.example.com/"),
            _files.ConfusedToken(), _files.UnsignedToken(), token[..(token.LastIndexOf('.') + 1)], token[..^4] + "AAAA", _files.Token(subject: ""),
        ];
        foreach (var proof in proofs)
        {
            using var answer = await SendAsync("POST", "/v1/acquire", proof, """{"key":"a"}""");
            var problem = await RestHost.ProblemAsync(answer, 401, "unauthenticated");
            Assert.DoesNotContain(proof, problem.GetRawText(), StringComparison.Ordinal);
        }

        using var twice = new HttpRequestMessage(HttpMethod.Post, "/v1/get") { Content = Bodies.Json("""{"key":"a"}""") };
        twice.Headers.TryAddWithoutValidation("Authorization", [$"Bearer {_files.Shop}", $"Bearer {_files.Shop}"]);
        using var refused = await _host.Http.SendAsync(twice);
        await RestHost.ProblemAsync(refused, 401, "unauthenticated");
        Assert.Empty(_host.Invoker.Requests);
        var audit = string.Join('\n', _files.AuditLines);
        Assert.All(proofs, proof => Assert.DoesNotContain(proof, audit, StringComparison.Ordinal));
        Assert.Contains("it has expired", audit, StringComparison.Ordinal);
        Assert.Contains("it is for another audience", audit, StringComparison.Ordinal);
        Assert.Contains("it is of another issuer", audit, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Caller_DoesWhatItsRolesAllow_AndNothingElse()
    {
        var nightly = _files.Token();
        var clerk = _files.Token(subject: "somebody", roles: ["clerk", "unknown"]);
        (string Proof, string Method, string Path, int Status)[] table =
        [
            (_files.Shop, "POST", "/v1/get", 200), (_files.Shop, "POST", "/v1/services/api/get", 200), (_files.Shop, "POST", "/v1/acquire", 403),
            (_files.Shop, "POST", "/v1/services/api/acquire", 403), (_files.Shop, "POST", "/v1/groups/early/leader", 403), (_files.Shop, "GET", "/v1/cluster", 403),
            (_files.Shop, "GET", "/v1/operations", 200), (_files.Shop, "GET", "/openapi/v1.json", 200), (_files.Shop, "GET", "/nothing", 404), (_files.Shop, "GET", "/v1/get", 405),
            (_files.Watcher, "GET", "/v1/cluster", 200), (_files.Watcher, "GET", "/v1/groups/early", 200), (_files.Watcher, "POST", "/v1/groups/early/leader", 403),
            (_files.Watcher, "POST", "/v1/get", 403), (_files.Operator, "POST", "/v1/groups/early/leader", 200), (_files.Operator, "DELETE", "/v1/groups/early/replicas/r1", 200),
            (_files.Operator, "POST", "/v1/get", 403), (nightly, "POST", "/v1/acquire", 200), (nightly, "POST", "/v1/get", 403),
            (clerk, "POST", "/v1/get", 200), (clerk, "POST", "/v1/acquire", 403), (_files.Token(subject: "nobody"), "POST", "/v1/get", 403),
        ];
        foreach (var (proof, method, path, status) in table)
        {
            using var answer = await SendAsync(method, path, proof, method == "POST" && !path.Contains("/groups/", StringComparison.Ordinal) ? """{"key":"a"}""" : null);
            Assert.True((int)answer.StatusCode == status, $"{method} {path}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
            if (status == 403)
            {
                await RestHost.ProblemAsync(answer, 403, "forbidden");
            }
        }

        var lines = _files.AuditLines.Select(static line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal(table.Count(static row => row.Status == 403) + 2, lines.Length);
        Assert.Equal(
            ["ops POST /v1/groups/early/leader 200", "ops DELETE /v1/groups/early/replicas/r1 200"],
            lines.Where(static line => line.GetProperty("event").GetString() == "administration").Select(static line => $"{line.GetProperty("principal")} {line.GetProperty("method")} {line.GetProperty("path")} {line.GetProperty("status")}"));
        Assert.Contains(lines, static line => line.GetProperty("principal").GetString() == "shop" && line.GetProperty("needs").GetString() == "call api.acquire");
    }

    [Fact]
    public async Task Route_ThatSaysNothing_IsForThoseWhoMayDoEverything()
    {
        await using var host = new RestHost { Options = new RestOptions { AccessFile = _files.Path }, IsWithBareRoute = true };
        await host.InitializeAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/bare");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _files.Operator);
        using var answer = await host.Http.SendAsync(request);
        await RestHost.ProblemAsync(answer, 403, "forbidden");
    }

    [Fact]
    public async Task File_Changed_HoldsWithoutARestart_AndABadOneDoesNot()
    {
        using (var before = await SendAsync("POST", "/v1/get", _files.Shop, """{"key":"a"}"""))
        {
            Assert.Equal(HttpStatusCode.OK, before.StatusCode);
        }

        _files.Write("nonsense");
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        _files.WriteTokenKeys(other);
        await UntilAsync("/v1/acquire", _files.Token(key: other), HttpStatusCode.OK);
        await UntilAsync("/v1/acquire", _files.Token(), HttpStatusCode.Unauthorized);
        await UntilAsync("/v1/get", _files.Shop, HttpStatusCode.OK);
        _files.Write(_files.Text().Replace(AccessFiles.HashOf(_files.Shop), AccessFiles.HashOf("csmr_another"), StringComparison.Ordinal));
        await UntilAsync("/v1/get", _files.Shop, HttpStatusCode.Unauthorized);
        await UntilAsync("/v1/get", "csmr_another", HttpStatusCode.OK);
    }

    [Fact]
    public void Flood_OfRefusedCalls_IsCountedAndNotWrittenLineByLine()
    {
        var time = new SetTime();
        using (var audit = new AuditLog(_files.Audit, NullLogger.Instance, time))
        {
            for (var i = 0; i < 1000; i++)
            {
                audit.Refused(new DefaultHttpContext(), principal: null, "call api.get", 401, "no key");
            }

            Assert.Equal(AuditLog.RefusalsPerSecondMax, _files.AuditLines.Length);
            time.Now += TimeSpan.FromSeconds(1);
            audit.Refused(new DefaultHttpContext(), principal: null, "call api.get", 401, "no key");
        }

        Assert.Contains("\"refusalsOmitted\":900", _files.AuditLines[^1], StringComparison.Ordinal);
    }

    private Task UntilAsync(string path, string proof, HttpStatusCode status) => Until.TrueAsync(
        async () =>
        {
            using var answer = await SendAsync("POST", path, proof, """{"key":"a"}""");
            return answer.StatusCode == status;
        },
        $"{path} is answered {status}");

    private async Task<HttpResponseMessage> SendAsync(string method, string path, string? proof, string? body = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(_host.Http.BaseAddress!.AbsoluteUri.TrimEnd('/') + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }))
        {
            Content = body is null ? null : Bodies.Json(body),
        };
        if (proof is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {proof}");
        }

        return await _host.Http.SendAsync(request);
    }

    private sealed class SetTime : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
