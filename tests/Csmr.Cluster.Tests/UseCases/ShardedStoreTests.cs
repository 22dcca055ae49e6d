using System.Net;
using System.Text.Json;

namespace Csmr.Cluster.Tests.UseCases;

/// <summary>A store over several groups whose operations on several keys happen at one moment (<c>docs/use-cases/sharded-store.md</c>).</summary>
public sealed class ShardedStoreTests
{
    private static readonly string[] Keys = ["apple", "banana", "cherry", "damson", "elder"];

    [Fact]
    public async Task SeveralKeys_AreWrittenReadAndExchanged()
    {
        await using var sample = await RunningSample.StartAsync("sharded.yaml");
        var entries = string.Join(',', Keys.Select((key, index) => $$"""{"key": "{{key}}", "value": {{index}}}"""));
        await sample.DoneAsync("multi-put", $$"""{"entries": [{{entries}}]}""", key: "all");
        var read = await sample.DoneAsync("multi-get", """{"keys": ["apple", "nothing", "elder", "apple"]}""");
        Assert.Equal("[0,null,4,0]", read.GetProperty("result").GetProperty("values").GetRawText());

        // Explained, there is a step for each item, and none for those that were not given.
        var explained = await sample.DoneAsync("multi-get?explain=true", """{"keys": ["apple", "elder"]}""");
        Assert.Equal(["got.1", "got.2"], explained.GetProperty("steps").EnumerateArray().Select(static step => step.GetProperty("step").GetString()));

        // The keys do fall in several groups.
        var groups = Keys.Select(key => sample.Cluster.Plan.Operations.Single(static operation => operation.Name == "get").Steps[0].Router.Route([Value.Of(key)]).Name).Distinct();
        Assert.True(groups.Count() > 1);

        Assert.Equal("""{"swapped":true}""", await sample.ResultAsync("swap", """{"one": "apple", "other": "elder"}"""));
        Assert.Equal("""{"swapped":false}""", await sample.ResultAsync("swap", """{"one": "apple", "other": "nothing"}"""));
        Assert.Equal("""{"swapped":true}""", await sample.ResultAsync("swap", """{"one": "banana", "other": "banana"}"""));
        Assert.Equal("""[4,0,1]""", await ValuesAsync(sample, "apple", "elder", "banana"));

        Assert.Equal("""{"from":1,"to":3}""", await sample.ResultAsync("transfer", """{"from": "apple", "to": "elder", "amount": 3}"""));
        Assert.Equal("kv.out-of-bounds", await sample.RefusedAsync("transfer", """{"from": "apple", "to": "elder", "amount": 2}"""));
        Assert.Equal("""[1,3]""", await ValuesAsync(sample, "apple", "elder"));
    }

    [Fact]
    public async Task ListThatDoesNotFit_ChangesNothing()
    {
        await using var sample = await RunningSample.StartAsync("sharded.yaml");
        await sample.CallAsync("multi-put", """{"entries": [{"key": "apple", "value": 1}, {"key": "", "value": 1}]}""", HttpStatusCode.BadRequest);
        var many = string.Join(',', Enumerable.Range(0, 17).Select(static index => $$"""{"key": "k{{index}}", "value": 1}"""));
        await sample.CallAsync("multi-put", $$"""{"entries": [{{many}}]}""", HttpStatusCode.BadRequest);
        Assert.Equal("[null,null]", await ValuesAsync(sample, "apple", "k0"));
        Assert.Equal("""{"values":[],"versions":[]}""", await sample.ResultAsync("multi-get", """{"keys": []}"""));
    }

    [Fact]
    public async Task Readers_OfSeveralKeys_NeverSeeAWriteHalfDone()
    {
        await using var sample = await RunningSample.StartAsync("sharded.yaml");
        using var stop = new CancellationTokenSource();
        var writers = Enumerable.Range(1, 3).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                var entries = string.Join(',', Keys.Select(key => $$"""{"key": "{{key}}", "value": {{(i * 10) + writer}}}"""));
                await sample.DoneAsync("multi-put", $$"""{"entries": [{{entries}}]}""");
            }
        })).ToArray();

        var seen = new HashSet<string>();
        for (var i = 0; i < 50 || seen.Count < 3; i++)
        {
            var values = JsonDocument.Parse(await ValuesAsync(sample, Keys)).RootElement.EnumerateArray().Select(static value => value.GetRawText()).Distinct();
            seen.Add(Assert.Single(values));
        }

        await stop.CancelAsync();
        await Task.WhenAll(writers);
    }

    private static async Task<string> ValuesAsync(RunningSample sample, params string[] keys)
    {
        var answer = await sample.DoneAsync("multi-get", $$"""{"keys": {{JsonSerializer.Serialize(keys)}}}""");
        return answer.GetProperty("result").GetProperty("values").GetRawText();
    }
}
