using System.Text.Json;

namespace Csmr.Cluster.Tests.UseCases;

/// <summary>Payments between accounts of different groups, with a ledger (<c>docs/use-cases/payments.md</c>).</summary>
public sealed class PaymentsTests
{
    private static readonly string[] Accounts = ["anna", "ben", "carla", "dan"];

    [Fact]
    public async Task Payments_SentTwiceAndAtOnce_HappenOnce_AndNoReaderMissesACent()
    {
        await using var sample = await RunningSample.StartAsync("payments.yaml");
        foreach (var account in Accounts)
        {
            await sample.DoneAsync("deposit", $$"""{"account": "{{account}}", "amount": 1000}""", key: $"deposit-{account}");
        }

        using var stop = new CancellationTokenSource();
        var reader = Task.Run(async () =>
        {
            var reads = 0;
            for (; reads < 5 || !stop.IsCancellationRequested; reads++)
            {
                Assert.Equal(4000, (await BalancesAsync(sample)).Sum());
            }
        });
        await Task.WhenAll(Enumerable.Range(0, 4).Select(payer => Task.Run(async () =>
        {
            for (var i = 0; i < 15; i++)
            {
                // Twice at the same time with one key, as by a client that is out of patience.
                var body = $$"""{"from": "{{Accounts[payer]}}", "to": "{{Accounts[(payer + 1 + (i % 3)) % 4]}}", "amount": {{i + 1}}, "reference": "{{payer}}.{{i}}"}""";
                var answers = await Task.WhenAll(sample.DoneAsync("transfer", body, key: $"pay-{payer}-{i}"), sample.DoneAsync("transfer", body, key: $"pay-{payer}-{i}"));
                Assert.Equal(answers[0].GetRawText(), answers[1].GetRawText());
            }
        })));
        await stop.CancelAsync();
        await reader;

        var ledger = (await sample.DoneAsync("statement", """{"first": 1, "last": 1000}""")).GetProperty("result").EnumerateArray().ToArray();
        Assert.Equal(4 + 60, ledger.Length);
        Assert.Equal(60, ledger.Skip(4).Select(static entry => entry.GetProperty("reference").GetString()).Distinct().Count());
        var balances = await BalancesAsync(sample);
        Assert.Equal(Replay(ledger), balances);
    }

    [Fact]
    public async Task Payment_WithoutTheMoney_ChangesNothing()
    {
        await using var sample = await RunningSample.StartAsync("payments.yaml");
        await sample.DoneAsync("deposit", """{"account": "anna", "amount": 10}""");
        Assert.Equal("kv.out-of-bounds", await sample.RefusedAsync("transfer", """{"from": "anna", "to": "ben", "amount": 11, "reference": "rent"}""", key: "rent"));
        await sample.DoneAsync("deposit", """{"account": "anna", "amount": 10}""");

        // The refusal is the answer of this request for good.
        Assert.Equal("kv.out-of-bounds", await sample.RefusedAsync("transfer", """{"from": "anna", "to": "ben", "amount": 11, "reference": "rent"}""", key: "rent"));
        Assert.Equal("""{"from":9,"to":11,"entry":3}""", await sample.ResultAsync("transfer", """{"from": "anna", "to": "ben", "amount": 11, "reference": "rent"}""", key: "rent-2"));
        Assert.Equal("[9,11,null,null]", await sample.ResultAsync("balances", $$"""{"accounts": {{JsonSerializer.Serialize(Accounts)}}}"""));
    }

    private static long[] Replay(JsonElement[] ledger)
    {
        var balances = new long[Accounts.Length];
        foreach (var entry in ledger)
        {
            var amount = entry.GetProperty("amount").GetInt64();
            balances[Array.IndexOf(Accounts, entry.GetProperty("to").GetString())] += amount;
            if (entry.TryGetProperty("from", out var from))
            {
                ref var payer = ref balances[Array.IndexOf(Accounts, from.GetString())];
                payer -= amount;
                Assert.True(payer >= 0);
            }
        }

        return balances;
    }

    private static async Task<long[]> BalancesAsync(RunningSample sample)
    {
        var answer = await sample.DoneAsync("balances", $$"""{"accounts": {{JsonSerializer.Serialize(Accounts)}}}""");
        return [.. answer.GetProperty("result").EnumerateArray().Select(static balance => balance.ValueKind == JsonValueKind.Null ? 0 : balance.GetInt64())];
    }
}
