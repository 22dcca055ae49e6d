using System.Text.Json;

namespace Csmr.Cluster.Tests.UseCases;

/// <summary>Election of a leader with terms and a log of events (<c>docs/use-cases/leader.md</c>).</summary>
public sealed class LeaderTests
{
    [Fact]
    public async Task Candidates_LeadOneAfterTheOther_AndOnlyTheLeaderOfTheTermPublishes()
    {
        await using var sample = await RunningSample.StartAsync("leader.yaml");
        var anna = await CampaignAsync(sample, "anna", 1);
        Assert.True(anna.GetProperty("leads").GetBoolean());
        Assert.Equal("""{"ok":true,"index":2}""", await PublishAsync(sample, Term(anna), "1"));

        // To stay the leader is no election.
        var stays = await CampaignAsync(sample, "anna", 1);
        Assert.Equal((Term(anna), JsonValueKind.Null), (Term(stays), stays.GetProperty("elected").ValueKind));

        JsonElement zoe = default;
        await Until.TrueAsync(async () => (zoe = await CampaignAsync(sample, "zoe", 300)).GetProperty("leads").GetBoolean(), "the lease of the first leader is over");
        Assert.True(Term(zoe) > Term(anna));
        Assert.Equal("""{"ok":false,"index":null}""", await PublishAsync(sample, Term(anna), "2"));
        Assert.False((await CampaignAsync(sample, "anna", 1)).GetProperty("leads").GetBoolean());
        Assert.Equal("""{"ok":true,"index":4}""", await PublishAsync(sample, Term(zoe), "3"));
        Assert.Equal("""{"ok":true}""", await sample.ResultAsync("resign", $$"""{"election": "primary", "candidate": "zoe", "term": {{Term(zoe)}}}"""));
        Assert.Equal("""{"ok":false}""", await sample.ResultAsync("resign", $$"""{"election": "primary", "candidate": "zoe", "term": {{Term(zoe)}}}"""));
        Assert.Equal(["anna", "1", "zoe", "3", "zoe"], (await EventsAsync(sample)).Select(static entry =>
            (entry.TryGetProperty("elected", out var who) || entry.TryGetProperty("resigned", out who) || entry.TryGetProperty("entry", out who)) ? who.ToString() : ""));
    }

    [Fact]
    public async Task Candidates_AtOnce_MakeAHistoryWithOneLeaderAtATime()
    {
        await using var sample = await RunningSample.StartAsync("leader.yaml");
        await Task.WhenAll(Enumerable.Range(0, 4).Select(candidate => Task.Run(async () =>
        {
            for (var led = 0; led < 4;)
            {
                var answer = await CampaignAsync(sample, $"c{candidate}", 300);
                if (answer.GetProperty("leads").GetBoolean())
                {
                    await PublishAsync(sample, Term(answer), $"{led}");
                    await sample.DoneAsync("resign", $$"""{"election": "primary", "candidate": "c{{candidate}}", "term": {{Term(answer)}}}""");
                    Assert.StartsWith("""{"ok":false""", await PublishAsync(sample, Term(answer), "0"), StringComparison.Ordinal);
                    led++;
                }
            }
        })));

        // elected, entry, resigned of one term; then those of the next.
        var events = await EventsAsync(sample);
        Assert.Equal(48, events.Length);
        Assert.All(events.Chunk(3), static term =>
        {
            Assert.Equal(["elected", "entry", "resigned"], term.Select(static entry => entry.EnumerateObject().Select(static member => member.Name).Single(static name => name is "elected" or "entry" or "resigned")));
            Assert.Single(term.Select(Term).Distinct());
        });
        Assert.Equal(events.Select(Term).Order(), events.Select(Term));
    }

    private static long Term(JsonElement answer) => answer.GetProperty("term").GetInt64();

    private static async Task<JsonElement> CampaignAsync(RunningSample sample, string candidate, int leaseSeconds) =>
        (await sample.DoneAsync("campaign", $$"""{"election": "primary", "candidate": "{{candidate}}", "leaseSeconds": {{leaseSeconds}}}""")).GetProperty("result");

    private static Task<string> PublishAsync(RunningSample sample, long term, string entry) =>
        sample.ResultAsync("publish", $$"""{"election": "primary", "term": {{term}}, "entry": {{entry}}}""");

    private static async Task<JsonElement[]> EventsAsync(RunningSample sample) =>
        [.. (await sample.DoneAsync("retrieve", """{"first": 1, "last": 1000}""")).GetProperty("result").EnumerateArray()];
}
