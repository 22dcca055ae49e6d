using System.Globalization;
using System.Net;
using System.Text;

namespace Csmr.Cluster.Tests.Gateway;

/// <summary>Everything that a caller can do wrong: refused with a problem that says so, and nothing is executed.</summary>
public sealed class BadRequestTests(RestHost host) : IClassFixture<RestHost>
{
    [Theory]
    [InlineData("/v1/get", "{}", "key")]
    [InlineData("/v1/get", """{"key":"a","extra":1}""", "extra")]
    [InlineData("/v1/get", """{"key":1}""", "key")]
    [InlineData("/v1/get", """{"key":null}""", "key")]
    [InlineData("/v1/get", """{"key":""}""", "key")]
    [InlineData("/v1/get", """{"key":"a","key":"b"}""", "key")]
    [InlineData("/v1/get", """{"key":"\ud800"}""", "key")]
    [InlineData("/v1/get", "[]", null)]
    [InlineData("/v1/get", "{", null)]
    [InlineData("/v1/get", "{}x", null)]
    [InlineData("/v1/get", "nonsense", null)]
    [InlineData("/v1/retrieve", """{"first":-1,"last":2}""", "first")]
    [InlineData("/v1/retrieve", """{"first":1,"last":9223372036854775808}""", "last")]
    [InlineData("/v1/retrieve", """{"first":1.5,"last":2}""", "first")]
    [InlineData("/v1/retrieve", """{"first":"1","last":2}""", "first")]
    [InlineData("/v1/groups", """{"any":1}""", "any")]
    public async Task Post_ArgumentsThatDoNotFit_Are400(string path, string body, string? argument)
    {
        using var response = await host.Http.PostAsync(path, Bodies.Json(body));
        var problem = await RestHost.ProblemAsync(response, 400, "invalid-argument");
        Assert.Equal("not-done", problem.GetProperty("outcome").GetString());
        Assert.Equal(argument, problem.TryGetProperty("argument", out var name) ? name.GetString() : null);
    }

    [Fact]
    public async Task Post_NestedTooDeeply_Is400()
    {
        var deep = new string('[', 200_000) + new string(']', 200_000);
        using var response = await host.Http.PostAsync("/v1/put", Bodies.Json($$"""{"key":"a","value":{{deep}}}"""));
        await RestHost.ProblemAsync(response, 400, "invalid-argument");
    }

    [Fact]
    public async Task Post_InvalidUtf8_Is400()
    {
        using var content = new ByteArrayContent([.. "{\"key\":\""u8, 0xff, 0xc0, .. "\"}"u8]);
        using var response = await host.Http.PostAsync("/v1/get", content);
        await RestHost.ProblemAsync(response, 400, "invalid-argument");
    }

    [Fact]
    public async Task Post_NoBodyWhereArgumentsAreRequired_Is400()
    {
        using var response = await host.Http.PostAsync("/v1/get", null);
        Assert.Equal("key", (await RestHost.ProblemAsync(response, 400, "invalid-argument")).GetProperty("argument").GetString());
    }

    [Fact]
    public async Task Post_KeyOfAMebibyte_Is413()
    {
        using var response = await host.Http.PostAsync("/v1/get", Bodies.Json($$"""{"key":"{{new string('k', 1 << 20)}}"}"""));
        await RestHost.ProblemAsync(response, 413, "too-large");
    }

    [Fact]
    public async Task Post_LongKeyInASmallBody_Is400()
    {
        using var response = await host.Http.PostAsync("/v1/get", Bodies.Json($$"""{"key":"{{new string('k', 1025)}}"}"""));
        await RestHost.ProblemAsync(response, 400, "invalid-argument");
    }

    [Fact]
    public async Task Post_AnnouncedTooLarge_Is413BeforeTheBodyIsSent()
    {
        var length = host.Options.BodyBytesMax + 1;
        var answer = await host.SendRawAsync(
            $"POST /v1/get HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n",
            until: "urn:csmr:problem:too-large");
        Assert.StartsWith("HTTP/1.1 413", answer);
        Assert.Contains("urn:csmr:problem:too-large", answer);
    }

    [Fact]
    public async Task Post_TooLargeInChunks_Is413()
    {
        host.Invoker.Requests.Clear();
        var chunk = new string(' ', 1 << 16);
        var request = new StringBuilder("POST /v1/get HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (var i = 0; i <= (1 << 20) / chunk.Length; i++)
        {
            request.Append(CultureInfo.InvariantCulture, $"{chunk.Length:x}\r\n{chunk}\r\n");
        }

        var answer = await host.SendRawAsync(request.Append("0\r\n\r\n").ToString());
        Assert.StartsWith("HTTP/1.1 413", answer);
        Assert.Contains("urn:csmr:problem:too-large", answer);
        Assert.Empty(host.Invoker.Requests);
    }

    [Fact]
    public async Task Post_ExactlyTheLimit_IsTaken()
    {
        var body = """{"key":"a"}""";
        using var response = await host.Http.PostAsync("/v1/get", Bodies.Json(body.PadRight(host.Options.BodyBytesMax)));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/xml")]
    [InlineData("application/json; charset=utf-16")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("nonsense")]
    public async Task Post_OtherContentType_Is415(string type)
    {
        using var content = new ByteArrayContent("""{"key":"a"}"""u8.ToArray());
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        using var response = await host.Http.PostAsync("/v1/get", content);
        await RestHost.ProblemAsync(response, 415, "unsupported-media-type");
    }

    [Fact]
    public async Task Post_CompressedBody_Is415()
    {
        using var content = Bodies.Json("{}");
        content.Headers.ContentEncoding.Add("gzip");
        using var response = await host.Http.PostAsync("/v1/get", content);
        await RestHost.ProblemAsync(response, 415, "unsupported-media-type");
    }

    [Theory]
    [InlineData("/v1/nosuch")]
    [InlineData("/v1/services/api/nosuch")]
    [InlineData("/v1/services/nosuch/get")]
    [InlineData("/v1/%F0%9F%8D%8E")]
    public async Task Post_UnknownOperation_Is404(string path)
    {
        using var response = await host.Http.PostAsync(path, Bodies.Json("{}"));
        await RestHost.ProblemAsync(response, 404, "unknown-operation");
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/v2/get")]
    [InlineData("/v1/get/more")]
    [InlineData("/favicon.ico")]
    public async Task Any_UnknownPath_Is404(string path)
    {
        using var get = await host.Http.GetAsync(path);
        await RestHost.ProblemAsync(get, 404, "not-found");
        using var post = await host.Http.PostAsync(path, Bodies.Json("{}"));
        await RestHost.ProblemAsync(post, 404, "not-found");
    }

    [Theory]
    [InlineData("/v1/delete")]
    [InlineData("/v1/services/api/delete")]
    public async Task Post_RemovedOperation_Is410WithTheReason(string path)
    {
        using var response = await host.Http.PostAsync(path, Bodies.Json("""{"key":"a"}"""));
        var problem = await RestHost.ProblemAsync(response, 410, "removed-operation");
        Assert.Contains("orders are cancelled, not deleted", problem.GetProperty("detail").GetString());
    }

    [Theory]
    [InlineData("GET", "/v1/put", "POST")]
    [InlineData("PUT", "/v1/put", "POST")]
    [InlineData("DELETE", "/v1/services/api/put", "POST")]
    [InlineData("GET", "/v1/delete", "POST")]
    [InlineData("PATCH", "/v1/operations", "GET")]
    [InlineData("DELETE", "/v1/groups", "GET, POST")]
    [InlineData("POST", "/health/live", "GET")]
    public async Task Any_WrongMethod_Is405WithAllow(string method, string path, string allow)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using var response = await host.Http.SendAsync(request);
        await RestHost.ProblemAsync(response, 405, "method-not-allowed");
        Assert.Equal(allow, string.Join(", ", response.Content.Headers.Allow.Order()));
    }

    [Theory]
    [InlineData("Idempotency-Key", "")]
    [InlineData("Idempotency-Key", "\"\"")]
    [InlineData("Idempotency-Key", "a b")]
    [InlineData("Idempotency-Key", "\"a\"b\"")]
    [InlineData("Idempotency-Key", "\"a\\b\"")]
    [InlineData("Idempotency-Key", "\"a\\\"")]
    [InlineData("Csmr-Timeout-Ms", "0")]
    [InlineData("Csmr-Timeout-Ms", "-1")]
    [InlineData("Csmr-Timeout-Ms", "60001")]
    [InlineData("Csmr-Timeout-Ms", "soon")]
    [InlineData("Csmr-Timeout-Ms", "99999999999999999999")]
    [InlineData("Csmr-Session", "xyz")]
    [InlineData("Csmr-Session", "00000000000000000000000000000000")]
    [InlineData("Csmr-Sequence", "1")]
    [InlineData("Csmr-Sequence", "0")]
    [InlineData("Csmr-Acknowledged-Below", "1")]
    [InlineData("Csmr-Expires-At-Ms", "tomorrow")]
    public async Task Post_BadHeader_Is400(string name, string value)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/get") { Content = Bodies.Json("""{"key":"a"}""") };
        request.Headers.TryAddWithoutValidation(name, value);
        using var response = await host.Http.SendAsync(request);
        var problem = await RestHost.ProblemAsync(response, 400, "invalid-request");
        Assert.Contains(name, problem.GetProperty("detail").GetString());
        Assert.Equal("not-done", problem.GetProperty("outcome").GetString());
    }

    [Fact]
    public async Task Post_TwoOrLongOrForeignKeys_Are400()
    {
        string[] bad =
        [
            "Idempotency-Key: a\r\nIdempotency-Key: b\r\n",
            $"Idempotency-Key: {new string('k', 256)}\r\n",
            "Idempotency-Key: k\u00e9y\r\n",
            $"Idempotency-Key: k\r\nCsmr-Session: {new string('a', 32)}\r\nCsmr-Sequence: 1\r\n",
            $"Csmr-Session: {new string('a', 32)}\r\n",
            $"Csmr-Session: {new string('a', 32)}\r\nCsmr-Sequence: 1\r\nCsmr-Acknowledged-Below: 2\r\n",
        ];
        foreach (var headers in bad)
        {
            var answer = await host.SendRawAsync($"POST /v1/groups HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}Content-Length: 0\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 400", answer);
        }
    }

    [Theory]
    [InlineData("GET / HTTP/9.9\r\n\r\n", "HTTP/1.1 505")]
    [InlineData("POST /v1/get HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", "HTTP/1.1 400")]
    [InlineData("POST /v1/get HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 400")]
    [InlineData("nonsense\r\n\r\n", "HTTP/1.1 400")]
    [InlineData("POST /v1/%00 HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400")]
    public async Task Raw_NoHttp_IsRefused(string request, string status) => Assert.StartsWith(status, await host.SendRawAsync(request));

    [Fact]
    public async Task Raw_RequestLineOrHeadersTooLarge_AreRefused()
    {
        Assert.StartsWith("HTTP/1.1 414", await host.SendRawAsync($"GET /v1/{new string('a', 9000)} HTTP/1.1\r\nHost: x\r\n\r\n"));
        Assert.StartsWith("HTTP/1.1 431", await host.SendRawAsync($"GET /v1/cluster HTTP/1.1\r\nHost: x\r\nA: {new string('a', 20_000)}\r\n\r\n"));
        var many = string.Concat(Enumerable.Range(0, 100).Select(static i => $"H{i}: x\r\n"));
        Assert.StartsWith("HTTP/1.1 431", await host.SendRawAsync($"GET /v1/cluster HTTP/1.1\r\nHost: x\r\n{many}\r\n"));
    }
}
