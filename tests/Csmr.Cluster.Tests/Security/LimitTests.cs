using System.Net;
using System.Text;
using Csmr.Client;
using Csmr.Cluster.Tests.Gateway;
using Csmr.Gateway.Hosting;

namespace Csmr.Cluster.Tests.Security;

/// <summary>What one caller can cost is bounded.</summary>
public sealed class LimitTests
{
    [Fact]
    public async Task Client_ThatSendsTooMuch_Is429_AndOthersAreServed()
    {
        using var files = new AccessFiles();
        await using var host = await StartAsync(new RestOptions { AccessFile = files.Path, RequestsPerSecondMax = 5 });
        HttpResponseMessage? refused = null;
        for (var i = 0; i < 10_000 && refused is null; i++)
        {
            var answer = await CallAsync(host, files.Shop);
            refused = answer.StatusCode == HttpStatusCode.TooManyRequests ? answer : null;
        }

        Assert.NotNull(refused);
        var problem = await RestHost.ProblemAsync(refused, 429, "too-many-requests");
        Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter?.Delta);
        Assert.Equal("not-done", problem.GetProperty("outcome").GetString());
        using var other = await CallAsync(host, files.Token(roles: ["clerk"]));
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
        using var health = await host.Http.GetAsync("/health/live");
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
    }

    [Fact]
    public async Task Requests_MoreThanAreServedAtOnce_Are429()
    {
        await using var host = await StartAsync(new RestOptions { RequestsAtOnceMax = 1 });
        using var gate = new ManualResetEventSlim();
        using var entered = new ManualResetEventSlim();
        host.Invoker.Answer = _ =>
        {
            entered.Set();
            gate.Wait(TestContext.Current.CancellationToken);
            return new InvocationReply { Status = CallStatus.Done, Certainty = Certainty.Done, Body = "{}"u8.ToArray() };
        };
        var first = CallAsync(host, proof: null);
        entered.Wait(TestContext.Current.CancellationToken);
        using (var second = await CallAsync(host, proof: null))
        {
            await RestHost.ProblemAsync(second, 429, "overloaded");
            Assert.NotNull(second.Headers.RetryAfter);
        }

        gate.Set();
        using var answer = await first;
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task Headers_ThatDoNotEnd_AndBodiesThatDrip_AreCutOff()
    {
        var options = new RestOptions { HeadersTimeout = TimeSpan.FromSeconds(1), BodyGrace = TimeSpan.FromSeconds(1.5), BodyBytesPerSecondMin = 1000 };
        await using var host = await StartAsync(options);
        var headers = host.SendRawAsync("POST /v1/get HTTP/1.1\r\nHost: a\r\nX-Slow: ");
        var body = host.SendRawAsync("POST /v1/get HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{");
        Assert.StartsWith("HTTP/1.1 408", await headers, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 408", await body, StringComparison.Ordinal);
        Assert.Empty(host.Invoker.Requests);
    }

    [Fact]
    public async Task Headers_TooManyOrTooLong_AreRefused()
    {
        await using var host = await StartAsync(new RestOptions());
        var many = string.Concat(Enumerable.Range(0, 100).Select(static number => $"X-{number}: a\r\n"));
        Assert.StartsWith("HTTP/1.1 431", await host.SendRawAsync($"GET /health/live HTTP/1.1\r\nHost: a\r\n{many}\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 431", await host.SendRawAsync($"GET /health/live HTTP/1.1\r\nHost: a\r\nX: {new string('a', 20_000)}\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 414", await host.SendRawAsync($"GET /{new string('a', 20_000)} HTTP/1.1\r\nHost: a\r\n\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Body_TooLarge_IsNotReadBeforeTheCallerIsKnown()
    {
        using var files = new AccessFiles();
        await using var host = await StartAsync(new RestOptions { AccessFile = files.Path });
        var refusal = await host.SendRawAsync("POST /v1/get HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 900000000\r\n\r\n", until: "problem");
        Assert.StartsWith("HTTP/1.1 401", refusal, StringComparison.Ordinal);
        using var large = new HttpRequestMessage(HttpMethod.Post, "/v1/get") { Content = new StringContent(new string(' ', 2 << 20), Encoding.UTF8, "application/json") };
        large.Headers.TryAddWithoutValidation("Authorization", $"Bearer {files.Shop}");
        using var answer = await host.Http.SendAsync(large);
        await RestHost.ProblemAsync(answer, 413, "too-large");
    }

    private static async Task<RestHost> StartAsync(RestOptions options)
    {
        var host = new RestHost { Options = options };
        await host.InitializeAsync();
        return host;
    }

    private static async Task<HttpResponseMessage> CallAsync(RestHost host, string? proof)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/get") { Content = Bodies.Json("""{"key":"a"}""") };
        if (proof is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {proof}");
        }

        return await host.Http.SendAsync(request);
    }
}
