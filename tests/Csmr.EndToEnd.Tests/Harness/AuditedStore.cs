using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Csmr.EndToEnd.Tests.Harness;

/// <summary>Checks of the sample composition <c>audited-store.yaml</c> over REST.</summary>
internal static class AuditedStore
{
    public static async Task<JsonElement> CallAsync(this HttpClient http, string operation, object arguments)
    {
        using var answer = await http.PostAsJsonAsync(new Uri($"/v1/{operation}", UriKind.Relative), arguments);
        var body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.OK, $"{operation}: {(int)answer.StatusCode} {body}");
        return JsonDocument.Parse(body).RootElement.Clone();
    }

    /// <summary>Every acknowledged put is there, every open one gets a true answer when repeated, and each is in the audit log exactly once.</summary>
    public static async Task CheckNothingLostNothingDoubledAsync(HttpClient http, Load load)
    {
        Assert.Empty(load.Surprises);
        var all = load.Acknowledged.Concat(load.Open).ToArray();
        foreach (var put in load.Open)
        {
            using var answer = await Load.PutAsync(http, put);
            Assert.True(answer.IsSuccessStatusCode, $"repeating an open put: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        }

        await Parallel.ForEachAsync(all, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (put, _) =>
        {
            var found = await http.CallAsync("get", new { key = put.Key });
            Assert.Equal(put.Value, found.GetProperty("result").GetString());
        });

        var entries = await AuditAsync(http);
        foreach (var put in all)
        {
            Assert.True(entries.GetValueOrDefault(put.Key) == 1, $"{put.Key} is in the audit log {entries.GetValueOrDefault(put.Key)} times");
        }
    }

    /// <summary>All entries of the audit log, counted by the key that they tell of.</summary>
    public static async Task<Dictionary<string, int>> AuditAsync(HttpClient http)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        long? first = 1;
        while (first is { } from)
        {
            var page = await http.CallAsync("retrieve", new { first = from, last = from + 999 });
            foreach (var entry in page.GetProperty("result").EnumerateArray())
            {
                var key = entry.GetProperty("put").GetString()!;
                counts[key] = counts.GetValueOrDefault(key) + 1;
            }

            var got = page.GetProperty("result").GetArrayLength();
            first = got == 0 ? null : from + got;
        }

        return counts;
    }
}
