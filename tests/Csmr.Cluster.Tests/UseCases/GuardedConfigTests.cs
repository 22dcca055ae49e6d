using System.Net;
using System.Text.Json;

namespace Csmr.Cluster.Tests.UseCases;

/// <summary>Configuration that only the holder of its lock can change (<c>docs/use-cases/guarded-config.md</c>).</summary>
public sealed class GuardedConfigTests
{
    [Fact]
    public async Task Set_WithoutTheLock_OrWithATokenOfTheHolderBefore_ChangesNothing()
    {
        await using var sample = await RunningSample.StartAsync("guarded-config.yaml");
        Assert.Equal("""{"ok":false,"version":null}""", await sample.ResultAsync("set", """{"name": "limits", "value": 1, "token": 1}"""));

        var old = await AcquireAsync(sample, "limits", "anna", leaseSeconds: 1);
        Assert.StartsWith("""{"ok":true""", await SetAsync(sample, "limits", 1, old), StringComparison.Ordinal);

        // The lease ends by itself, and another takes the lock.
        long token = 0;
        await Until.TrueAsync(async () => (token = await AcquireAsync(sample, "limits", "zoe", leaseSeconds: 300)) > 0, "the lease of the first holder is over");
        Assert.Equal("""{"ok":false,"version":null}""", await SetAsync(sample, "limits", 2, old));
        Assert.Equal("1", await sample.ResultAsync("get", """{"key": "limits"}"""));
        Assert.StartsWith("""{"ok":true""", await SetAsync(sample, "limits", 3, token), StringComparison.Ordinal);
        Assert.Equal("""{"ok":true,"existed":true}""", await sample.ResultAsync("unset", $$"""{"name": "limits", "token": {{token}}}"""));
        Assert.Equal([old, token, token], await WritersAsync(sample));
        await sample.CallAsync("put", """{"key": "limits", "value": 9}""", HttpStatusCode.Gone);
    }

    [Fact]
    public async Task Writers_WhoTakeTurns_NeverWriteInBetweenEachOther()
    {
        await using var sample = await RunningSample.StartAsync("guarded-config.yaml");
        await Task.WhenAll(Enumerable.Range(0, 4).Select(writer => Task.Run(async () =>
        {
            for (var done = 0; done < 5;)
            {
                var token = await AcquireAsync(sample, "limits", $"writer {writer}", leaseSeconds: 300);
                if (token > 0)
                {
                    await SetAsync(sample, "limits", 1, token);
                    await SetAsync(sample, "limits", 2, token);
                    await sample.DoneAsync("release", $$"""{"key": "limits", "owner": "writer {{writer}}", "token": {{token}}}""");
                    Assert.StartsWith("""{"ok":false""", await SetAsync(sample, "limits", 3, token), StringComparison.Ordinal);
                    done++;
                }
            }
        })));

        // Tokens grow with each holder: who has come to write is never followed by one from before.
        var writers = await WritersAsync(sample);
        Assert.Equal(40, writers.Length);
        Assert.Equal(writers.Order(), writers);
        Assert.Equal(20, writers.Distinct().Count());
    }

    private static async Task<long> AcquireAsync(RunningSample sample, string name, string owner, int leaseSeconds)
    {
        var answer = await sample.DoneAsync("acquire", $$"""{"key": "{{name}}", "owner": "{{owner}}", "leaseSeconds": {{leaseSeconds}}}""");
        return answer.GetProperty("token") is { ValueKind: JsonValueKind.Number } token ? token.GetInt64() : 0;
    }

    private static Task<string> SetAsync(RunningSample sample, string name, int value, long token) =>
        sample.ResultAsync("set", $$"""{"name": "{{name}}", "value": {{value}}, "token": {{token}}}""");

    private static async Task<long[]> WritersAsync(RunningSample sample)
    {
        var history = await sample.DoneAsync("history", """{"first": 1, "last": 1000}""");
        return [.. history.GetProperty("result").EnumerateArray().Select(static entry => entry.GetProperty("by").GetInt64())];
    }
}
