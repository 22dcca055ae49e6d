using System.Net;
using System.Text.Json;
using Csmr.Grains.Routing;

namespace Csmr.Cluster.Tests.Gateway;

/// <summary>The routes that show the composition and the cluster.</summary>
public sealed class StatusRouteTests(RestHost host) : IClassFixture<RestHost>
{
    [Fact]
    public async Task Operations_AnyPlan_ListsThemWithArgumentsStepsAndReasons()
    {
        var operations = (await GetAsync("/v1/operations")).GetProperty("operations").EnumerateArray().ToArray();
        Assert.Equal(host.Plan.Operations.Select(static operation => operation.Name), operations.Select(static operation => operation.GetProperty("name").GetString()));
        var place = operations.Single(static operation => operation.GetProperty("name").GetString() == "place");
        Assert.Equal(["order", "body", "fence"], place.GetProperty("arguments").EnumerateArray().Select(static argument => argument.GetProperty("name").GetString()));
        Assert.Equal("result", place.GetProperty("answer")[0].GetProperty("name").GetString());
        Assert.Equal(["early", "late"], place.GetProperty("steps")[1].GetProperty("groups").EnumerateArray().Select(static group => group.GetString()));
        var removed = operations.Single(static operation => operation.GetProperty("name").GetString() == "delete");
        Assert.Equal("orders are cancelled, not deleted", removed.GetProperty("removed").GetString());
    }

    [Theory]
    [InlineData("/v1/operations/get/replicas", "early,late")]
    [InlineData("/v1/operations/get/replicas?key=apple", "early")]
    [InlineData("/v1/operations/get/replicas?key=zebra", "late")]
    [InlineData("/v1/operations/place/replicas?order=zebra", "events,late,locks")]
    [InlineData("/v1/operations/place/replicas?fence=3", "early,events,late,locks")]
    [InlineData("/v1/operations/acquire/replicas", "locks")]
    public async Task Replicas_ByArguments_AreTheReplicationSet(string path, string groups)
    {
        var set = await GetAsync(path);
        Assert.Equal(groups, string.Join(',', set.GetProperty("groups").EnumerateArray().Select(static group => group.GetProperty("group").GetString())));
    }

    [Fact]
    public async Task Replicas_OfAGroupWithAWitness_LeaveItOutOfTheExecutingOnes()
    {
        var set = await GetAsync("/v1/operations/get/replicas?key=zebra");
        Assert.Equal(["late/r0@n1", "late/r1@n2"], set.GetProperty("executing").EnumerateArray().Select(static replica => replica.GetString()));
        Assert.Equal("zebra", set.GetProperty("arguments").GetProperty("key").GetString());
    }

    [Theory]
    [InlineData("/v1/operations/nosuch/replicas", 404, "unknown-operation")]
    [InlineData("/v1/operations/delete/replicas", 410, "removed-operation")]
    [InlineData("/v1/operations/get/replicas?nosuch=1", 400, "invalid-argument")]
    [InlineData("/v1/operations/get/replicas?key=a&key=b", 400, "invalid-argument")]
    [InlineData("/v1/operations/get/replicas?key=", 400, "invalid-argument")]
    [InlineData("/v1/operations/place/replicas?fence=x", 400, "invalid-argument")]
    [InlineData("/v1/operations/place/replicas?fence=0", 400, "invalid-argument")]
    [InlineData("/v1/operations/place/replicas?body=%7B", 400, "invalid-argument")]
    [InlineData("/v1/groups/nosuch", 404, "unknown-group")]
    public async Task Get_WhatIsNotThere_IsAProblem(string path, int status, string slug)
    {
        using var response = await host.Http.GetAsync(path);
        await RestHost.ProblemAsync(response, status, slug);
    }

    [Fact]
    public async Task Cluster_AnyPlan_TellsDurabilityPlainly()
    {
        var cluster = await GetAsync("/v1/cluster");
        Assert.Equal(("orders", 7, "n1"), (cluster.GetProperty("composition").GetString(), cluster.GetProperty("version").GetInt64(), cluster.GetProperty("silo").GetString()));
        Assert.Equal(2, cluster.GetProperty("silos").GetArrayLength());
        var events = cluster.GetProperty("groups").EnumerateArray().Single(static group => group.GetProperty("group").GetString() == "events");
        Assert.Equal("memory", events.GetProperty("durability").GetString());
        Assert.Contains("loses everything", events.GetProperty("promise").GetString());
    }

    [Fact]
    public async Task Group_WithAReplicaThatDoesNotAnswer_ShowsTheOthers()
    {
        var group = await GetAsync("/v1/groups/late");
        Assert.Equal("n1", group.GetProperty("leader").GetString());
        Assert.Equal(
            """{"count":1,"oldestAgeMs":1500,"calls":[{"requestId":"abc-1","state":"proposed","groups":["early","late"]}]}""",
            group.GetProperty("pending").GetRawText());
        var replicas = group.GetProperty("replicas");
        Assert.Equal(("leader", 11), (replicas[0].GetProperty("role").GetString(), replicas[0].GetProperty("appliedUpTo").GetInt64()));
        Assert.False(replicas[2].GetProperty("reachable").GetBoolean());
        Assert.False(replicas[2].TryGetProperty("role", out _));
        var groups = await GetAsync("/v1/groups");
        Assert.Equal(4, groups.GetProperty("groups").GetArrayLength());
    }

    [Fact]
    public async Task Health_WithoutALeader_IsLiveButNotReady()
    {
        Assert.Equal("ready", (await GetAsync("/health/ready")).GetProperty("status").GetString());
        host.View.Lost.Add("late");
        try
        {
            Assert.Equal("live", (await GetAsync("/health/live")).GetProperty("status").GetString());
            using var response = await host.Http.GetAsync("/health/ready");
            var problem = await RestHost.ProblemAsync(response, 503, "not-ready");
            Assert.Equal("late", problem.GetProperty("groups")[0].GetString());
            Assert.NotNull(response.Headers.RetryAfter);
        }
        finally
        {
            host.View.Lost.Clear();
        }
    }

    [Fact]
    public async Task Health_OfASiloWithReplicas_IsThatOfItsReplicas()
    {
        await using var other = new RestHost();
        await other.InitializeAsync();

        // Others' leaders do not matter: a group that is new in the manifest gets one when the last silo has the manifest.
        other.View.Lost.Add("late");
        other.View.LocalReplicas = new LocalReplicaStatus(new Dictionary<GroupId, string>());
        using (var ready = await other.Http.GetAsync("/health/ready"))
        {
            Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
        }

        other.View.LocalReplicas = new LocalReplicaStatus(new Dictionary<GroupId, string> { [new GroupId("early")] = "learner" });
        using var response = await other.Http.GetAsync("/health/ready");
        var problem = await RestHost.ProblemAsync(response, 503, "not-ready");
        Assert.Equal("early", problem.GetProperty("groups")[0].GetString());
        Assert.Contains("early: learner", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    private async Task<JsonElement> GetAsync(string path)
    {
        using var response = await host.Http.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        Assert.True(response.Headers.CacheControl?.NoStore);
        return JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
    }
}
