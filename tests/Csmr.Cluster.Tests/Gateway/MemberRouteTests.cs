using System.Net;

namespace Csmr.Cluster.Tests.Gateway;

/// <summary>What the routes that change members answer.</summary>
public sealed class MemberRouteTests(RestHost host) : IClassFixture<RestHost>
{
    [Theory]
    [InlineData("POST", "/v1/groups/early/replicas", """{"node": "n4"}""", HttpStatusCode.OK, "\"replica\":\"r3\"")]
    [InlineData("POST", "/v1/groups/early/replicas", """{"node": "n4", "witness": true}""", HttpStatusCode.OK, "\"outcome\":\"done\"")]
    [InlineData("DELETE", "/v1/groups/early/replicas/r1", null, HttpStatusCode.OK, "\"replica\":\"r1\"")]
    [InlineData("POST", "/v1/groups/early/leader", """{"node": "n3"}""", HttpStatusCode.OK, "\"leader\":\"n3\"")]
    [InlineData("POST", "/v1/groups/early/leader", null, HttpStatusCode.OK, "\"leader\":\"n2\"")]
    [InlineData("DELETE", "/v1/groups/early/replicas/r9", null, HttpStatusCode.Conflict, "has no replica r9")]
    [InlineData("DELETE", "/v1/groups/early/replicas/one", null, HttpStatusCode.BadRequest, "a replica is named r0, r1")]
    [InlineData("POST", "/v1/groups/early/replicas", """{"node": "n8"}""", HttpStatusCode.GatewayTimeout, "tells whether it was done")]
    [InlineData("POST", "/v1/groups/early/replicas", """{"node": "n9"}""", HttpStatusCode.ServiceUnavailable, "nothing is changed")]
    [InlineData("POST", "/v1/groups/early/replicas", "{}", HttpStatusCode.BadRequest, "'node' is missing")]
    [InlineData("POST", "/v1/groups/early/replicas", """{"node": 4}""", HttpStatusCode.BadRequest, "not as it should be")]
    [InlineData("POST", "/v1/groups/early/replicas", """{"nodes": "n4"}""", HttpStatusCode.BadRequest, "'nodes' is unknown")]
    [InlineData("POST", "/v1/groups/early/replicas", "[]", HttpStatusCode.BadRequest, "not as it should be")]
    [InlineData("POST", "/v1/groups/nowhere/replicas", """{"node": "n4"}""", HttpStatusCode.NotFound, "no group 'nowhere'")]
    public async Task Change_IsAnswered(string method, string path, string? body, HttpStatusCode status, string text)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = body is null ? null : Bodies.Json(body) };
        using var answer = await host.Http.SendAsync(request);
        var said = await answer.Content.ReadAsStringAsync();
        Assert.Equal(status, answer.StatusCode);
        Assert.Contains(text, said, StringComparison.Ordinal);
    }
}
