using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Csmr.Cluster.Tests.Gateway;

namespace Csmr.Cluster.Tests.Checkpoints;

/// <summary>A cluster with one checkpoint, <c>first</c>, and REST over it.</summary>
public sealed class CheckpointHost : IAsyncLifetime
{
    private SiloCluster? _cluster;
    private RestHost? _rest;

    public HttpClient Http => _rest!.Http;

    public async ValueTask InitializeAsync()
    {
        _cluster = await SiloCluster.StartAsync(Plans.Store());
        _rest = await RestHost.OverAsync(_cluster);
        await _cluster.CallAsync("put", """{"key": "a", "value": 1}""");
        await EndAsync(await Http.PostAsync("/v1/checkpoints", Bodies.Json("""{"id": "first"}""")), "done");
    }

    public async ValueTask DisposeAsync()
    {
        if (_rest is not null)
        {
            await _rest.DisposeAsync();
        }

        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }
    }

    /// <summary>Waits for the end of a job that was begun, and tells it.</summary>
    internal async Task<JsonElement> EndAsync(HttpResponseMessage begun, string state)
    {
        Assert.True(begun.StatusCode == HttpStatusCode.Accepted, await begun.Content.ReadAsStringAsync());
        JsonElement job = default;
        await Until.TrueAsync(
            async () => (job = JsonDocument.Parse(await Http.GetStringAsync(begun.Headers.Location)).RootElement).GetProperty("state").GetString() != "running",
            "the job ends");
        Assert.True(job.GetProperty("state").GetString() == state, job.GetRawText());
        return job;
    }
}

/// <summary>What the routes of checkpoints answer.</summary>
public sealed class CheckpointRouteTests(CheckpointHost host) : IClassFixture<CheckpointHost>
{
    [Theory]
    [InlineData("GET", "/v1/checkpoints", null, HttpStatusCode.OK, "\"checkpoint\":\"first\"")]
    [InlineData("GET", "/v1/checkpoints/first", null, HttpStatusCode.OK, "\"service\":\"events\",\"machine\":\"log\"")]
    [InlineData("GET", "/v1/checkpoints/none", null, HttpStatusCode.NotFound, "no checkpoint 'none'")]
    [InlineData("GET", "/v1/checkpoints/none/content", null, HttpStatusCode.NotFound, "urn:csmr:problem:unknown-checkpoint")]
    [InlineData("DELETE", "/v1/checkpoints/none", null, HttpStatusCode.NotFound, "no checkpoint 'none'")]
    [InlineData("POST", "/v1/checkpoints", """{"id": "first"}""", HttpStatusCode.Conflict, "is there already")]
    [InlineData("POST", "/v1/checkpoints", """{"id": "No"}""", HttpStatusCode.BadRequest, "no name of a checkpoint")]
    [InlineData("POST", "/v1/checkpoints", """{"id": 4}""", HttpStatusCode.BadRequest, "not as it should be")]
    [InlineData("POST", "/v1/checkpoints", """{"name": "x"}""", HttpStatusCode.BadRequest, "'name' is unknown; the body may have 'id', 'services'")]
    [InlineData("POST", "/v1/checkpoints", """{"services": ["x"]}""", HttpStatusCode.BadRequest, "no service 'x'; it has events, kv")]
    [InlineData("POST", "/v1/checkpoints", """{"services": []}""", HttpStatusCode.BadRequest, "no service is named")]
    [InlineData("POST", "/v1/checkpoints", "[]", HttpStatusCode.BadRequest, "not as it should be")]
    [InlineData("POST", "/v1/checkpoints/none/restore", null, HttpStatusCode.NotFound, "no checkpoint 'none'")]
    [InlineData("POST", "/v1/checkpoints/none/verify", null, HttpStatusCode.NotFound, "no checkpoint 'none'")]
    [InlineData("POST", "/v1/checkpoints/first/restore", """{"services": {"kv": "events"}}""", HttpStatusCode.Conflict, "is a kv, 'events' is a log")]
    [InlineData("POST", "/v1/checkpoints/first/restore", """{"services": ["kv"]}""", HttpStatusCode.BadRequest, "not as it should be")]
    [InlineData("GET", "/v1/jobs/none", null, HttpStatusCode.NotFound, "urn:csmr:problem:unknown-job")]
    [InlineData("PUT", "/v1/checkpoints/first/content", "{}", HttpStatusCode.Conflict, "is there already")]
    [InlineData("PUT", "/v1/checkpoints/other/content", "{}", HttpStatusCode.BadRequest, "it is no checkpoint")]
    [InlineData("PUT", "/v1/checkpoints/No/content", "{}", HttpStatusCode.BadRequest, "no name of a checkpoint")]
    public async Task Request_IsAnswered(string method, string path, string? body, HttpStatusCode status, string text)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = body is null ? null : Bodies.Json(body) };
        using var answer = await host.Http.SendAsync(request);
        var said = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == status, $"{(int)answer.StatusCode} {said}");
        Assert.Contains(text, said, StringComparison.Ordinal);
    }

    /// <summary>Made, listed, verified, downloaded, deleted, uploaded, restored: each by its route.</summary>
    [Fact]
    public async Task Checkpoint_GoesThroughItsWholeLife()
    {
        var made = await host.EndAsync(await host.Http.PostAsync("/v1/checkpoints", content: null), "done");
        var id = made.GetProperty("checkpoint").GetString();
        await host.EndAsync(await host.Http.PostAsync($"/v1/checkpoints/{id}/verify", content: null), "done");
        var content = await host.Http.GetByteArrayAsync($"/v1/checkpoints/{id}/content");
        using (var deleted = await host.Http.DeleteAsync($"/v1/checkpoints/{id}"))
        {
            Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        }

        using var body = new ByteArrayContent(content);
        body.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using (var uploaded = await host.Http.PutAsync($"/v1/checkpoints/{id}/content", body))
        {
            Assert.Equal(HttpStatusCode.Created, uploaded.StatusCode);
        }

        var shown = JsonDocument.Parse(await host.Http.GetStringAsync($"/v1/checkpoints/{id}")).RootElement;
        Assert.Equal(content.Length, shown.GetProperty("bytes").GetInt64());
        Assert.Equal(["events", "kv"], shown.GetProperty("groups").EnumerateArray().Select(static group => group.GetProperty("group").GetString()));
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/v1/checkpoints/{id}/restore") { Content = Bodies.Json("""{"services": {"kv": "kv"}}""") };
        request.Headers.Add("Idempotency-Key", "life");
        var restored = await host.EndAsync(await host.Http.SendAsync(request), "done");
        Assert.Equal(("restore", "commit"), (restored.GetProperty("kind").GetString(), restored.GetProperty("phase").GetString()));
        Assert.Contains(restored.GetProperty("job").GetString()!, await host.Http.GetStringAsync("/v1/jobs"), StringComparison.Ordinal);
    }
}

/// <summary>What the routes answer at a silo that keeps no checkpoints.</summary>
public sealed class NoCheckpointRouteTests(RestHost host) : IClassFixture<RestHost>
{
    [Theory]
    [InlineData("GET", "/v1/checkpoints")]
    [InlineData("POST", "/v1/checkpoints")]
    [InlineData("GET", "/v1/checkpoints/first")]
    [InlineData("POST", "/v1/checkpoints/first/restore")]
    [InlineData("PUT", "/v1/checkpoints/first/content")]
    public async Task Request_IsRefused(string method, string path)
    {
        using var answer = await host.Http.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));
        Assert.Contains("keeps no checkpoints", (await RestHost.ProblemAsync(answer, 409, "refused")).GetProperty("detail").GetString(), StringComparison.Ordinal);
    }
}
