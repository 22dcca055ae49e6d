using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Csmr.Chaos.Processes;

namespace Csmr.Chaos.Audit;

/// <summary>Checks of the sample composition <c>audited-store.yaml</c> over REST.</summary>
public static class AuditedStore
{
    public static async Task<JsonElement> CallAsync(this HttpClient http, string operation, object arguments)
    {
        ArgumentNullException.ThrowIfNull(http);
        using var answer = await http.PostAsJsonAsync(new Uri($"/v1/{operation}", UriKind.Relative), arguments);
        var body = await answer.Content.ReadAsStringAsync();
        HarnessException.Require(answer.StatusCode == HttpStatusCode.OK, () => $"{operation}: {(int)answer.StatusCode} {body}");
        return JsonDocument.Parse(body).RootElement.Clone();
    }

    /// <summary>Every acknowledged put is there, every open one gets a true answer when repeated, and each is in the audit log exactly once.</summary>
    public static async Task CheckNothingLostNothingDoubledAsync(HttpClient http, Load load)
    {
        ArgumentNullException.ThrowIfNull(load);
        HarnessException.Require(load.Surprises.IsEmpty, () => string.Join('\n', load.Surprises));
        var all = load.Acknowledged.Concat(load.Open).ToArray();
        foreach (var put in load.Open)
        {
            using var answer = await Load.PutAsync(http, put);
            var body = await answer.Content.ReadAsStringAsync();
            HarnessException.Require(answer.IsSuccessStatusCode, () => $"repeating an open put: {(int)answer.StatusCode} {body}");
        }

        await Parallel.ForEachAsync(all, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (put, _) =>
        {
            var found = (await http.CallAsync("get", new { key = put.Key })).GetProperty("result").GetString();
            HarnessException.Require(found == put.Value, () => $"{put.Key} has the value '{found}' instead of '{put.Value}'");
        });

        var entries = await AuditAsync(http);
        foreach (var put in all)
        {
            var times = entries.GetValueOrDefault(put.Key);
            HarnessException.Require(times == 1, () => $"{put.Key} is in the audit log {times} times");
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
