using System.Net;
using System.Text;
using System.Text.Json;
using Csmr.Client;

namespace Csmr.Cluster.Tests.Gateway;

/// <summary>Calls that end well, and how each end of a call looks over HTTP.</summary>
public sealed class CallTests(RestHost host) : IClassFixture<RestHost>
{
    [Fact]
    public async Task Post_Done_AnswersTheBodyAsItIsWithHeaders()
    {
        host.Invoker.Answer = static _ => new InvocationReply
        {
            Status = CallStatus.Done,
            Certainty = Certainty.Done,
            Body = """{"result":true,"version":42}"""u8.ToArray(),
            RequestId = "abc-1",
            Steps =
            [
                new StepReply { Step = "put", Group = "early", Slot = 17, State = "done" },
                new StepReply { Step = "event", Group = "events", Slot = 9, State = "done" },
                new StepReply { Step = "late", State = "skipped" },
            ],
        };
        using var response = await host.Http.PostAsync("/v1/put", Bodies.Json("""{"key":"apple","value":1}"""));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType?.ToString());
        Assert.Equal("""{"result":true,"version":42}""", await response.Content.ReadAsStringAsync());
        Assert.Equal("abc-1", response.Headers.GetValues("Csmr-Request-Id").Single());
        Assert.Equal("early=17, events=9", string.Join(", ", response.Headers.GetValues("Csmr-Slots")));
        Assert.False(response.Headers.Contains("Idempotency-Replayed"));
    }

    [Fact]
    public async Task Post_AllHeaders_ReachTheInvoker()
    {
        host.Invoker.Answer = null;
        host.Invoker.Requests.Clear();
        using var withKey = new HttpRequestMessage(HttpMethod.Post, "/v1/get") { Content = Bodies.Json("""{"key":"a"}""") };
        withKey.Headers.Add("Idempotency-Key", "\"k \\\"1\\\\\"".Replace(" ", "", StringComparison.Ordinal));
        withKey.Headers.Add("Csmr-Timeout-Ms", "250");
        using var first = await host.Http.SendAsync(withKey);
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        Assert.True(host.Invoker.Requests.TryDequeue(out var request));
        Assert.Equal(("get", "k\"1\\", 250), (request.Operation, request.IdempotencyKey, request.TimeoutMs));
        Assert.Equal("""{"key":"a"}""", Encoding.UTF8.GetString(request.Arguments));
        Assert.Null(request.Service);

        using var withSession = new HttpRequestMessage(HttpMethod.Post, "/v1/services/api/get") { Content = Bodies.Json("""{"key":"a"}""") };
        withSession.Headers.Add("Csmr-Session", "0123456789ABCDEF0123456789abcdef");
        withSession.Headers.Add("Csmr-Sequence", "5");
        withSession.Headers.Add("Csmr-Acknowledged-Below", "4");
        withSession.Headers.Add("Csmr-Expires-At-Ms", "1767225600000");
        using var second = await host.Http.SendAsync(withSession);
        Assert.Equal(HttpStatusCode.OK, second.StatusCode);
        Assert.True(host.Invoker.Requests.TryDequeue(out request));
        Assert.Equal(
            ("api", "0123456789abcdef0123456789abcdef", 5, 4, 1767225600000),
            (request.Service, request.Session, request.Sequence, request.AcknowledgedBelow, request.ExpiresAtMs));
    }

    [Fact]
    public async Task Post_Replayed_IsMarked()
    {
        host.Invoker.Answer = static _ => new InvocationReply { Status = CallStatus.Done, Certainty = Certainty.Done, Body = "{}"u8.ToArray(), IsReplayed = true };
        using var response = await host.Http.PostAsync("/v1/groups", null);
        Assert.Equal("true", response.Headers.GetValues("Idempotency-Replayed").Single());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("application/json")]
    [InlineData("application/json; charset=utf-8")]
    [InlineData("Application/JSON;charset=\"UTF-8\"")]
    public async Task Post_JsonOrNoContentType_IsTaken(string? type)
    {
        host.Invoker.Answer = null;
        using var content = new ByteArrayContent("""{"key":"a"}"""u8.ToArray());
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        using var response = await host.Http.PostAsync("/v1/get", content);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task Post_BodyInManyPieces_IsPutTogether()
    {
        host.Invoker.Answer = null;
        host.Invoker.Requests.Clear();
        var body = $$"""{"key":"a","value":"{{new string('x', 700_000)}}"}""";
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/put") { Content = new PiecewiseContent(Encoding.UTF8.GetBytes(body)) };
        using var response = await host.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.True(host.Invoker.Requests.TryDequeue(out var seen));
        Assert.Equal(body, Encoding.UTF8.GetString(seen.Arguments));
    }

    [Theory]
    [InlineData(CallStatus.Refused, Certainty.NotDone, 409, "refused", "not-done")]
    [InlineData(CallStatus.InvalidArgument, Certainty.NotDone, 400, "invalid-argument", "not-done")]
    [InlineData(CallStatus.UnknownOperation, Certainty.NotDone, 404, "unknown-operation", "not-done")]
    [InlineData(CallStatus.RemovedOperation, Certainty.NotDone, 410, "removed-operation", "not-done")]
    [InlineData(CallStatus.TooLarge, Certainty.NotDone, 413, "too-large", "not-done")]
    [InlineData(CallStatus.Overloaded, Certainty.NotDone, 429, "overloaded", "not-done")]
    [InlineData(CallStatus.Unavailable, Certainty.NotDone, 503, "unavailable", "not-done")]
    [InlineData(CallStatus.OutcomeUnknown, Certainty.Unknown, 504, "outcome-unknown", "unknown")]
    [InlineData(CallStatus.KeyReused, Certainty.NotDone, 422, "key-reused", "not-done")]
    [InlineData(CallStatus.Expired, Certainty.Unknown, 409, "expired", "unknown")]
    [InlineData(CallStatus.Fault, Certainty.Done, 500, "fault", "done")]
    public async Task Post_EachStatus_HasItsProblem(CallStatus status, Certainty certainty, int expected, string slug, string outcome)
    {
        host.Invoker.Answer = _ => new InvocationReply
        {
            Status = status,
            Certainty = certainty,
            Code = "some.code",
            Message = "what to do",
            Argument = "key",
            RequestId = "abc-1",
            RetryAfterMs = 1200,
            Steps = [new StepReply { Step = "put", Group = "early", Slot = 3, State = "done" }, new StepReply { Step = "event", State = "unknown" }],
        };
        host.Log.Messages.Clear();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/get") { Content = Bodies.Json("""{"key":"a"}""") };
        request.Headers.Add("Idempotency-Key", "k1");
        using var response = await host.Http.SendAsync(request);
        var problem = await RestHost.ProblemAsync(response, expected, slug);
        Assert.Equal(
            ("some.code", "what to do", "key", "abc-1", outcome),
            (Text(problem, "code"), Text(problem, "detail"), Text(problem, "argument"), Text(problem, "requestId"), Text(problem, "outcome")));
        Assert.Equal(certainty == Certainty.Unknown, problem.TryGetProperty("idempotencyKey", out _));
        Assert.Equal(expected is 429 or 503 ? "2" : null, response.Headers.RetryAfter?.ToString());
        Assert.Equal("early=3", response.Headers.GetValues("Csmr-Slots").Single());
        Assert.Equal(
            """[{"step":"put","state":"done","group":"early","slot":3},{"step":"event","state":"unknown"}]""", problem.GetProperty("steps").GetRawText());
        Assert.Equal(
            expected >= 500 ? ["get abc-1 " + slug + " early"] : [],
            host.Log.Messages.Select(static message => $"{message["Operation"]} {message["RequestId"]} {message["Problem"]} {message["Group"]}"));
    }

    [Fact]
    public void Mapping_EveryStatusButDone_IsTested()
    {
        var tested = typeof(CallTests).GetMethod(nameof(Post_EachStatus_HasItsProblem))!
            .GetCustomAttributesData()
            .Where(static data => data.AttributeType == typeof(InlineDataAttribute))
            .Select(static data => (CallStatus)(byte)((IReadOnlyList<System.Reflection.CustomAttributeTypedArgument>)data.ConstructorArguments[0].Value!)[0].Value!);
        Assert.Equal(Enum.GetValues<CallStatus>().Where(static status => status != CallStatus.Done), tested.Order());
    }

    [Fact]
    public async Task Post_InvokerThrows_IsAFaultOfUnknownOutcome()
    {
        host.Invoker.Answer = static _ => throw new InvalidOperationException("secret of the inside");
        using var response = await host.Http.PostAsync("/v1/groups", null);
        var problem = await RestHost.ProblemAsync(response, 500, "fault");
        Assert.Equal("unknown", Text(problem, "outcome"));
        Assert.DoesNotContain("secret", problem.GetRawText());
    }

    private static string? Text(JsonElement problem, string member) => problem.GetProperty(member).GetString();

    private sealed class PiecewiseContent(byte[] bytes) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            for (var at = 0; at < bytes.Length; at += 10_007)
            {
                await stream.WriteAsync(bytes.AsMemory(at, Math.Min(10_007, bytes.Length - at)));
                await stream.FlushAsync();
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
