using System.Net;
using System.Text.Json;
using Csmr.Cluster.Tests.Gateway;

namespace Csmr.Cluster.Tests;

/// <summary>Explained answers over REST, of real silos: what became of each step, where, at which slot, and the same at every repetition.</summary>
public sealed class ExplainTests(ExplainTests.Host fixture) : IClassFixture<ExplainTests.Host>
{
    private const string Manifest = """
        apiVersion: csmr/v1
        kind: Composition
        metadata: {name: explained}
        services:
          accounts: {machine: kv, partitions: {by: {get: key, add: key}, ranges: [{to: n}, {from: n}]}}
          locks: {machine: lock}
          ledger: {machine: log}
        compose:
          bank:
            extend: accounts
            operations:
              transfer:
                in: {from: string, to: string, amount: {type: long, minimum: 1}}
                steps:
                  - {id: taken, call: accounts.add, with: {key: $in.from, amount: {$negative: $in.amount}, minimum: 0}}
                  - {id: given, call: accounts.add, with: {key: $in.to, amount: $in.amount}}
                  - {id: large, call: ledger.append, with: {entry: {large: $in.amount}}, when: {atLeast: [$in.amount, 100]}}
                  - {id: rich, call: ledger.append, with: {entry: {rich: $given.value}}, when: {atLeast: [$given.value, 1000]}}
                return: {from: $taken.value, to: $given.value}
              add-twice:
                in: {key: string}
                steps:
                  - {id: first, call: accounts.add, with: {key: $in.key, amount: 1}}
                  - {id: second, call: accounts.add, with: {key: $in.key, amount: 1}}
                return: $second.value
          api:
            add: [{from: bank}, {from: locks}, {from: ledger, only: [retrieve]}]
        expose: [api]
        """;

    [Theory]
    [InlineData("transfer")]
    [InlineData("transfer-loosely")]
    public async Task SeveralGroups_TellEveryStep_AndARepetitionTellsTheSame(string operation)
    {
        var (from, to) = ($"a-{operation}", $"z-{operation}");
        await CallAsync("add", $$"""{"key": "{{from}}", "amount": 50}""");
        var body = $$"""{"from": "{{from}}", "to": "{{to}}", "amount": 20}""";
        var first = await CallAsync(operation, body, key: operation, query: "?explain=true");

        Assert.Equal("""{"from":30,"to":20}""", first.GetProperty("result").GetRawText());
        var steps = Steps(first);
        Assert.Equal(["taken accounts.add done accounts.0", "given accounts.add done accounts.1", "large ledger.append skipped ", "rich ledger.append skipped "], steps.Select(Summary));
        Assert.Equal(30, steps[0].GetProperty("answer").GetProperty("result").GetInt64());
        Assert.Equal("The condition does not hold: $in.amount >= 100", Text(steps[2], "detail"));
        Assert.Equal("The condition does not hold: $given.value >= 1000", Text(steps[3], "detail"));
        Assert.True(steps[0].GetProperty("slot").GetInt64() > 0 && steps[1].GetProperty("slot").GetInt64() > 0);
        Assert.False(steps[2].TryGetProperty("slot", out _));

        var again = await CallAsync(operation, body, key: operation, query: "?explain=true");
        Assert.Equal(first.GetRawText(), again.GetRawText());
        Assert.False((await CallAsync(operation, body, key: operation)).TryGetProperty("steps", out _));
    }

    [Theory]
    [InlineData("transfer")]
    [InlineData("transfer-loosely")]
    public async Task Refusal_TellsWhichStepEndedTheOperation_AndWhatWasNotReached(string operation)
    {
        var body = $$"""{"from": "poor-{{operation}}", "to": "y-{{operation}}", "amount": 700}""";
        var first = await CallAsync(operation, body, key: $"{operation} refused", header: true, status: HttpStatusCode.Conflict);
        var steps = Steps(first);

        Assert.Equal("not-done", Text(first, "outcome"));
        Assert.Equal(["taken accounts.add refused accounts.1", "given accounts.add not-reached ", "large ledger.append not-reached ", "rich ledger.append not-reached "], steps.Select(Summary));
        Assert.Equal("kv.out-of-bounds", Text(steps[0], "code"));
        Assert.Equal(Text(first, "detail"), Text(steps[0], "detail"));
        Assert.True(steps[0].GetProperty("slot").GetInt64() > 0);
        Assert.All(steps[1..], static step => Assert.Equal("Step 'taken' ended the operation.", Text(step, "detail")));

        var again = await CallAsync(operation, body, key: $"{operation} refused", header: true, status: HttpStatusCode.Conflict);
        Assert.Equal(first.GetProperty("steps").GetRawText(), again.GetProperty("steps").GetRawText());
    }

    [Fact]
    public async Task StepWhoseStateIsNotNamedByTheArguments_IsExecuted()
    {
        // The entry comes out of another group's result, and nothing else touches the log: it is held as a whole.
        await CallAsync("add", """{"key": "rich", "amount": 2000}""");
        await CallAsync("add", """{"key": "donor", "amount": 20}""");
        var answer = await CallAsync("transfer", """{"from": "donor", "to": "rich", "amount": 20}""", key: "rich", query: "?explain=true");
        Assert.Equal(
            ["taken accounts.add done accounts.0", "given accounts.add done accounts.1", "large ledger.append skipped ", "rich ledger.append done ledger"],
            Steps(answer).Select(Summary));
        var entries = await CallAsync("retrieve", """{"first": 1, "last": 10}""");
        Assert.Equal("""[{"rich":2020}]""", entries.GetProperty("result").GetRawText());
    }

    [Fact]
    public async Task OneGroup_TellsEveryStepAtItsSlot()
    {
        var answer = await CallAsync("add-twice", """{"key": "twice"}""", key: "twice", query: "?explain=true");
        var steps = Steps(answer);
        Assert.Equal(2, answer.GetProperty("result").GetInt64());
        Assert.Equal(["first accounts.add done accounts.1", "second accounts.add done accounts.1"], steps.Select(Summary));
        Assert.Equal([1, 2], steps.Select(static step => step.GetProperty("answer").GetProperty("result").GetInt64()));

        // One entry of the group's log.
        Assert.Equal(steps[0].GetProperty("slot").GetInt64(), steps[1].GetProperty("slot").GetInt64());
        Assert.Equal(answer.GetRawText(), (await CallAsync("add-twice", """{"key": "twice"}""", key: "twice", query: "?explain=true")).GetRawText());
    }

    [Fact]
    public async Task OneStep_TellsItToo()
    {
        var answer = await CallAsync("acquire", """{"key": "l", "owner": "me"}""", key: "one", query: "?explain=true");
        var step = Assert.Single(Steps(answer));
        Assert.Equal("acquire locks.acquire done locks", Summary(step));
        Assert.Equal("""{"result":true,"token":1,"expiresAtMs":null}""", step.GetProperty("answer").GetRawText());
        Assert.Equal(answer.GetRawText(), (await CallAsync("acquire", """{"key": "l", "owner": "me"}""", key: "one", query: "?explain=true")).GetRawText());

        var read = await CallAsync("get", """{"key": "nothing"}""", query: "?explain=true");
        Assert.Equal("get accounts.get done accounts.1", Summary(Assert.Single(Steps(read))));
    }

    [Theory]
    [InlineData("?explain=maybe")]
    [InlineData("?explain=true&explain=true")]
    [InlineData("?explain=")]
    public async Task Query_ThatSaysNeitherTrueNorFalse_IsRefused(string query)
    {
        var problem = await CallAsync("get", """{"key": "a"}""", query: query, status: HttpStatusCode.BadRequest);
        Assert.Equal("explain", Text(problem, "argument"));
    }

    private static JsonElement[] Steps(JsonElement answer) => [.. answer.GetProperty("steps").EnumerateArray()];

    private static string Summary(JsonElement step) =>
        $"{Text(step, "step")} {Text(step, "call")} {Text(step, "state")} {(step.TryGetProperty("group", out var group) ? group.GetString() : "")}";

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();

    private async Task<JsonElement> CallAsync(
        string operation, string body, string? key = null, string query = "", bool header = false, HttpStatusCode status = HttpStatusCode.OK)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/v1/{operation}{query}") { Content = Bodies.Json(body) };
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key.Replace(' ', '-'));
        }

        if (header)
        {
            request.Headers.Add("Csmr-Explain", "true");
        }

        using var response = await fixture.Rest.Http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == status, $"{(int)response.StatusCode} {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    /// <summary>Silos with the manifest, and REST over them.</summary>
    public sealed class Host : IAsyncLifetime
    {
        private SiloCluster? _cluster;

        public RestHost Rest { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            _cluster = await SiloCluster.StartAsync(SamplePlan.OfText(Text()));
            Rest = await RestHost.OverAsync(_cluster);
        }

        public async ValueTask DisposeAsync()
        {
            await Rest.DisposeAsync();
            await _cluster!.DisposeAsync();
        }

        /// <summary>The manifest with the transfer a second time, independent.</summary>
        private static string Text()
        {
            var from = Manifest.IndexOf("      transfer:", StringComparison.Ordinal);
            var to = Manifest.IndexOf("      add-twice:", StringComparison.Ordinal);
            var transfer = Manifest[from..to].Replace("transfer:", "transfer-loosely:", StringComparison.Ordinal);
            return $"{Manifest[..to]}{transfer}        consistency: independent\n{Manifest[to..]}";
        }
    }
}
