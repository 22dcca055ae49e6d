using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Csmr.TestKit.Checking.Histories;

namespace Csmr.Simulation.Tests.Checking.Naive;

/// <summary>
/// The shipped services, written down as plainly as possible and apart from the models under test: from a state and an
/// operation, every answer that could be given, with the state after. Versions and tokens are any larger number.
/// </summary>
internal sealed record NaiveState(
    ImmutableSortedDictionary<string, (string Value, long Version)> Values,
    ImmutableSortedDictionary<string, long> LastVersions,
    ImmutableSortedDictionary<string, (string Owner, long Token)> Locks,
    ImmutableSortedDictionary<string, long> LastTokens,
    ImmutableList<string> Entries,
    long Start)
{
    public static NaiveState Empty { get; } = new(
        ImmutableSortedDictionary<string, (string Value, long Version)>.Empty,
        ImmutableSortedDictionary<string, long>.Empty,
        ImmutableSortedDictionary<string, (string Owner, long Token)>.Empty,
        ImmutableSortedDictionary<string, long>.Empty,
        [],
        1);

    /// <summary>All of it as text: equal states have equal ones.</summary>
    public string Text =>
        $"{string.Join(' ', Values)} {string.Join(' ', LastVersions)} {string.Join(' ', Locks)} {string.Join(' ', LastTokens)} {string.Join(' ', Entries)} {Start}";
}

internal readonly record struct NaiveOutcome(NaiveState After, string Answer);

internal static class NaiveServices
{
    /// <summary>No version or token of a history is larger.</summary>
    public const long StampMax = 10;

    public static IEnumerable<NaiveOutcome> Outcomes(NaiveState state, string op, JsonElement args) => op switch
    {
        "put" => Put(state, Key(args), args.GetProperty("value").GetRawText()),
        "get" => [new(state, state.Values.TryGetValue(Key(args), out var found)
            ? $$"""{"result":{{found.Value}},"version":{{found.Version}}}"""
            : """{"result":null,"version":null}""")],
        "delete" => [Delete(state, Key(args))],
        "cas" => Cas(state, Key(args), args),
        "acquire" => Acquire(state, Key(args), args.GetProperty("owner").GetString()!),
        "release" => [Release(state, Key(args), args)],
        "check" => [new(state, Truth(state.Locks.TryGetValue(Key(args), out var held) && held.Token == args.GetProperty("token").GetInt64()))],
        "append" => [Append(state, args.GetProperty("entry").GetRawText())],
        "retrieve" => [new(state, Retrieve(state, args.GetProperty("first").GetInt64(), args.GetProperty("last").GetInt64()))],
        "truncate" => [Truncate(state, args.GetProperty("index").GetInt64())],
        _ => throw new ArgumentException($"no operation {op}", nameof(op)),
    };

    /// <summary>An audited put: the put and its entry at one moment.</summary>
    public static IEnumerable<NaiveOutcome> AuditedPut(NaiveState state, JsonElement args) =>
        Put(state, Key(args), args.GetProperty("value").GetRawText())
            .Select(put => put with { After = Append(put.After, EntryOf(Key(args), put.After.Values[Key(args)].Version)).After });

    public static string EntryOf(string key, long version) => $$"""{"put":"{{key}}","version":{{version}}}""";

    private static IEnumerable<NaiveOutcome> Put(NaiveState state, string key, string value)
    {
        for (var version = state.LastVersions.GetValueOrDefault(key) + 1; version <= StampMax; version++)
        {
            var after = state with { Values = state.Values.SetItem(key, (value, version)), LastVersions = state.LastVersions.SetItem(key, version) };
            yield return new NaiveOutcome(after, $$"""{"result":true,"version":{{version}}}""");
        }
    }

    private static NaiveOutcome Delete(NaiveState state, string key) => state.Values.TryGetValue(key, out var found)
        ? new NaiveOutcome(state with { Values = state.Values.Remove(key) }, $$"""{"result":true,"version":{{found.Version}}}""")
        : new NaiveOutcome(state, """{"result":false,"version":null}""");

    private static IEnumerable<NaiveOutcome> Cas(NaiveState state, string key, JsonElement args)
    {
        var exists = state.Values.TryGetValue(key, out var found);
        var holds = args.TryGetProperty("expectedVersion", out var version)
            ? version.GetInt64() == (exists ? found.Version : 0)
            : exists && args.GetProperty("expectedValue").GetRawText() == found.Value;
        return holds
            ? Put(state, key, args.GetProperty("value").GetRawText())
            : [new NaiveOutcome(state, $$"""{"result":false,"version":{{(exists ? found.Version : 0)}}}""")];
    }

    private static IEnumerable<NaiveOutcome> Acquire(NaiveState state, string key, string owner)
    {
        if (state.Locks.TryGetValue(key, out var held))
        {
            yield return new NaiveOutcome(state, held.Owner == owner ? Held(held.Token) : """{"result":false,"token":null,"expiresAtMs":null}""");
            yield break;
        }

        for (var token = state.LastTokens.GetValueOrDefault(key) + 1; token <= StampMax; token++)
        {
            var after = state with { Locks = state.Locks.SetItem(key, (owner, token)), LastTokens = state.LastTokens.SetItem(key, token) };
            yield return new NaiveOutcome(after, Held(token));
        }
    }

    private static NaiveOutcome Release(NaiveState state, string key, JsonElement args)
    {
        var isHolder = state.Locks.TryGetValue(key, out var held) && held.Owner == args.GetProperty("owner").GetString()
            && (!args.TryGetProperty("token", out var token) || token.GetInt64() == held.Token);
        return new NaiveOutcome(isHolder ? state with { Locks = state.Locks.Remove(key) } : state, Truth(isHolder));
    }

    public static NaiveOutcome Append(NaiveState state, string entry)
    {
        var after = state with { Entries = state.Entries.Add(entry) };
        return new NaiveOutcome(after, $$"""{"result":{{after.Entries.Count}}}""");
    }

    private static string Retrieve(NaiveState state, long first, long last)
    {
        if (first < 1 || first > last)
        {
            return """{"refused":"log.bad-range"}""";
        }

        if (first < state.Start)
        {
            return """{"refused":"log.truncated"}""";
        }

        var found = state.Entries.Skip((int)first - 1).Take((int)(last - first + 1));
        return $$"""{"result":[{{string.Join(',', found)}}],"next":null,"start":{{state.Start}},"end":{{state.Entries.Count}}}""";
    }

    private static NaiveOutcome Truncate(NaiveState state, long index)
    {
        var isWithin = index >= state.Start && index <= state.Entries.Count + 1;
        var after = isWithin ? state with { Start = index } : state;
        return new NaiveOutcome(after, string.Create(CultureInfo.InvariantCulture, $$"""{"result":{{(isWithin ? "true" : "false")}},"start":{{after.Start}}}"""));
    }

    private static string Key(JsonElement args) => args.GetProperty("key").GetString()!;

    private static string Held(long token) => $$"""{"result":true,"token":{{token}},"expiresAtMs":null}""";

    private static string Truth(bool truth) => truth ? """{"result":true}""" : """{"result":false}""";
}
