using System.Text.Json;

namespace Csmr.Cluster.Tests.UseCases;

/// <summary>A store whose every change has one entry in a log (<c>docs/use-cases/audited-store.md</c>).</summary>
public sealed class AuditedStoreTests
{
    [Fact]
    public async Task EveryPut_HasOneEntry_AndReplayingTheLogGivesTheStore()
    {
        await using var sample = await RunningSample.StartAsync("audited-store.yaml");
        var keys = new[] { "apple", "mango", "nut", "zebra" };
        await Task.WhenAll(Enumerable.Range(0, 6).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < 20; i++)
            {
                var put = $$"""{"key": "{{keys[(writer + i) % keys.Length]}}", "value": "{{writer}}.{{i}}"}""";

                // Each is sent twice, as by a client that has lost the answer.
                var first = await sample.DoneAsync("put", put, key: $"put-{writer}-{i}");
                Assert.Equal(first.GetRawText(), (await sample.DoneAsync("put", put, key: $"put-{writer}-{i}")).GetRawText());
            }
        })));

        var audit = await sample.DoneAsync("retrieve", """{"first": 1, "last": 1000}""");
        var entries = audit.GetProperty("result").EnumerateArray().Select(static entry => (Key: entry.GetProperty("put").GetString()!, Version: entry.GetProperty("version").GetInt64())).ToArray();
        Assert.Equal(120, entries.Length);
        foreach (var key in keys)
        {
            var versions = entries.Where(entry => entry.Key == key).Select(static entry => entry.Version).ToArray();
            Assert.Equal(versions.Order().Distinct(), versions);
            Assert.Equal(versions[^1], (await sample.DoneAsync("get", $$"""{"key": "{{key}}"}""")).GetProperty("version").GetInt64());
        }
    }

    [Fact]
    public async Task Reader_WhoHasSeenAPut_FindsItsEntry()
    {
        await using var sample = await RunningSample.StartAsync("audited-store.yaml");
        using var stop = new CancellationTokenSource();
        var writer = Task.Run(async () =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                await sample.DoneAsync("put", $$"""{"key": "zebra", "value": {{i}}}""");
            }
        });
        for (var i = 0; i < 100; i++)
        {
            var seen = (await sample.DoneAsync("get", """{"key": "zebra"}""")).GetProperty("version");
            if (seen.ValueKind == JsonValueKind.Null)
            {
                continue;
            }

            var end = (await sample.DoneAsync("retrieve", """{"first": 1, "last": 1}""")).GetProperty("end").GetInt64();
            var last = (await sample.DoneAsync("retrieve", $$"""{"first": {{end}}, "last": {{end}}}""")).GetProperty("result")[0];
            Assert.True(last.GetProperty("version").GetInt64() >= seen.GetInt64());
        }

        await stop.CancelAsync();
        await writer;
    }
}
