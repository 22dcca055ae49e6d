using System.Collections.Concurrent;
using System.Text.Json;

namespace Csmr.Cluster.Tests.UseCases;

/// <summary>A queue of jobs with leases, each with one result (<c>docs/use-cases/jobs.md</c>).</summary>
public sealed class JobsTests
{
    [Fact]
    public async Task Workers_WhoAreTooSlowOrDie_NeverGiveAJobTwoResults()
    {
        await using var sample = await RunningSample.StartAsync("jobs.yaml");
        const int Jobs = 30;
        await Task.WhenAll(Enumerable.Range(0, Jobs).Select(job => SubmitAsync(sample, $"job-{job}")));
        Assert.False((await SubmitAsync(sample, "job-7")).GetProperty("isNew").GetBoolean());

        var finished = new ConcurrentBag<(string Name, string Worker)>();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Run(async () =>
        {
            for (var i = 0; finished.Count < Jobs; i++)
            {
                // Each worker gives every fifth job up without a word: its lease of a second ends, and another gets it.
                var taken = await TakeAsync(sample, leaseSeconds: 1);
                if (taken is { } job && i % 5 != 4 && await FinishAsync(sample, job, $"worker {worker}"))
                {
                    finished.Add((NameOf(job), $"worker {worker}"));
                }
            }
        })));

        Assert.Equal(Jobs, finished.Select(static end => end.Name).Distinct().Count());
        foreach (var (name, worker) in finished)
        {
            Assert.Equal($"\"{worker}\"", await sample.ResultAsync("result", $$"""{"key": "{{name}}"}"""));
        }

        Assert.Equal("0", await sample.ResultAsync("stats", """{"queue": "mail"}"""));
        var again = await SubmitAsync(sample, "job-7");
        Assert.False(again.GetProperty("isNew").GetBoolean());
        Assert.Equal(JsonValueKind.String, again.GetProperty("result").ValueKind);
    }

    [Fact]
    public async Task Worker_WhoHasLostTheJob_StoresNothing()
    {
        await using var sample = await RunningSample.StartAsync("jobs.yaml");
        await SubmitAsync(sample, "slow");
        var slow = (await TakeAsync(sample, leaseSeconds: 1))!.Value;
        JsonElement? next = null;
        await Until.TrueAsync(async () => (next = await TakeAsync(sample, leaseSeconds: 300)) is not null, "the lease of the first worker is over");
        Assert.False(await FinishAsync(sample, slow, "slow"));
        Assert.Equal("null", await sample.ResultAsync("result", """{"key": "slow"}"""));
        Assert.True(await FinishAsync(sample, next!.Value, "quick"));
        Assert.Equal("\"quick\"", await sample.ResultAsync("result", """{"key": "slow"}"""));
    }

    [Fact]
    public async Task Job_ThatNobodyCanDo_IsDeadAfterItsAttempts_AndCanBeTakenUpAgain()
    {
        await using var sample = await RunningSample.StartAsync("jobs.yaml");
        await SubmitAsync(sample, "poison");
        for (var attempt = 1; attempt <= 3; attempt++)
        {
            var job = (await TakeAsync(sample, leaseSeconds: 300))!.Value;
            Assert.Equal(attempt, job.GetProperty("attempt").GetInt64());
            var answer = await sample.DoneAsync("abandon", $$"""{"queue": "mail", "job": {{job.GetProperty("result")}}, "token": {{job.GetProperty("token")}}}""");
            Assert.Equal((true, attempt == 3), (answer.GetProperty("result").GetBoolean(), answer.GetProperty("isDead").GetBoolean()));
        }

        Assert.Null(await TakeAsync(sample, leaseSeconds: 300));
        Assert.False((await SubmitAsync(sample, "poison")).GetProperty("isNew").GetBoolean());
        var dead = JsonDocument.Parse(await sample.ResultAsync("dead", """{"queue": "mail"}""")).RootElement[0];
        Assert.Equal(3, dead.GetProperty("attempts").GetInt64());
        Assert.Equal("true", await sample.ResultAsync("redrive", $$"""{"queue": "mail", "job": {{dead.GetProperty("job")}}}"""));
        Assert.Equal("poison", NameOf((await TakeAsync(sample, leaseSeconds: 300))!.Value));
    }

    private static async Task<JsonElement> SubmitAsync(RunningSample sample, string name) =>
        (await sample.DoneAsync("submit", $$"""{"queue": "mail", "name": "{{name}}", "body": "to anna"}""")).GetProperty("result");

    private static async Task<JsonElement?> TakeAsync(RunningSample sample, int leaseSeconds)
    {
        var answer = await sample.DoneAsync("take", $$"""{"queue": "mail", "leaseSeconds": {{leaseSeconds}}}""");
        return answer.GetProperty("result").ValueKind == JsonValueKind.Null ? null : answer;
    }

    private static async Task<bool> FinishAsync(RunningSample sample, JsonElement job, string result)
    {
        var answer = await sample.DoneAsync(
            "finish",
            $$"""{"queue": "mail", "job": {{job.GetProperty("result")}}, "token": {{job.GetProperty("token")}}, "name": "{{NameOf(job)}}", "result": "{{result}}"}""");
        return answer.GetProperty("result").GetProperty("ok").GetBoolean();
    }

    private static string NameOf(JsonElement job) => job.GetProperty("body").GetProperty("name").GetString()!;
}
