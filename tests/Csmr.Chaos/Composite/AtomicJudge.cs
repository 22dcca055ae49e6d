using System.Net.Http.Json;
using System.Text.Json;
using Csmr.Chaos.Checks;
using Csmr.Chaos.Clusters;
using Csmr.Chaos.Histories;
using Csmr.Chaos.Processes;

namespace Csmr.Chaos.Composite;

/// <summary>Judges the atomic calls of a run.</summary>
/// <param name="cluster">The cluster.</param>
/// <param name="history">The calls.</param>
/// <param name="checks">Takes what was found.</param>
public sealed class AtomicJudge(ChaosCluster cluster, History history, CheckReport checks)
{
    private const int Page = 1_000;

    private IEnumerable<CallRecord> Entering => history.Calls.Where(static call => call.Operation is "transfer" or "post" or "guarded");

    /// <summary>Waits until no call is pending at any group (I4).</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="groups">Its groups.</param>
    /// <param name="olderThan">Only calls that have been pending for longer count.</param>
    /// <param name="limit">How long at most.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    public static async Task WaitNothingPendingAsync(ChaosCluster cluster, IEnumerable<string> groups, TimeSpan olderThan, TimeSpan limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        ArgumentNullException.ThrowIfNull(groups);
        foreach (var group in groups)
        {
            PendingView? pending = null;
            var isDone = await Wait.UntilAsync(
                limit,
                async () =>
                {
                    pending = (await cluster.GroupAsync(group, cancellationToken)).Pending;
                    return pending is { } view && (view.Count == 0 || view.OldestAgeMs <= olderThan.TotalMilliseconds);
                },
                cancellationToken);
            HarnessException.Require(isDone, () => $"I4: group {group} still has {pending?.Count} pending calls, the oldest for {pending?.OldestAgeMs} ms, {limit} after everything was back: {pending?.Calls}");
        }
    }

    /// <summary>What the running cluster shows: the ledger against the store (I1), the order of both (I3), and every answer.</summary>
    /// <param name="cancellationToken">Ends the run.</param>
    public async Task JudgeStateAsync(CancellationToken cancellationToken)
    {
        var ledger = await LedgerAsync(cancellationToken);
        var balances = BankWorkload.Accounts.ToDictionary(static account => account, static _ => BankWorkload.Opening, StringComparer.Ordinal);
        var written = new Dictionary<string, (string Value, long Version)>(StringComparer.Ordinal);
        var tokens = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var entry in ledger)
        {
            if (entry.TryGetProperty("from", out var from))
            {
                Move(balances, entry, from.GetString()!);
            }
            else
            {
                Write(written, tokens, entry);
            }
        }

        foreach (var (account, balance) in balances)
        {
            var stored = (await AccountAsync(account, cancellationToken)).Value;
            checks.Require(stored == $"{balance}", () => $"I1: {account} has {stored}, the ledger gives {balance}");
        }

        foreach (var key in BankWorkload.Entered.Union(written.Keys))
        {
            var stored = await AccountAsync(key, cancellationToken);
            var (value, version) = written.GetValueOrDefault(key, ("null", 0));
            checks.Require(stored.Value == value && stored.Version == version, () => $"I1: {key} has {stored}, the ledger gives {value} in version {version}");
        }

        await CountChangesAsync(ledger, [.. balances.Keys, .. written.Keys], cancellationToken);
        checks.Checked($"I1, I3: replaying the {ledger.Count} entries of the ledger gives the {balances.Count} balances and the values of all other keys, each key's versions in order, and as many changes as each partition has seen");
        JudgeAnswers(ledger);
    }

    /// <summary>What the logs show: an acknowledged call was executed by every group of it, any other by all or none (I2).</summary>
    /// <param name="replays">The replayed groups.</param>
    public void JudgeLogs(IReadOnlyDictionary<GroupId, GroupReplay> replays)
    {
        ArgumentNullException.ThrowIfNull(replays);
        var calls = replays.Values.SelectMany(static replay => replay.AtomicCalls).GroupBy(static pair => pair.Key).Select(static same => (Id: same.Key, Groups: same.First().Value)).ToArray();
        var known = calls.ToDictionary(static call => call.Id.ToString(), StringComparer.Ordinal);
        var executedCalls = 0;
        var changing = Entering.ToArray();
        foreach (var call in changing)
        {
            var executed = 0;
            if (known.TryGetValue($"{call.RequestId}-0", out var met))
            {
                executed = met.Groups.Count(group => replays[group].HasExecuted(met.Id));
                checks.Require(executed == 0 || executed == met.Groups.Count, () => $"I2: {call.Operation} {call.Arguments} was executed by {executed} of its {met.Groups.Count} groups");
            }

            executedCalls += executed > 0 ? 1 : 0;
            checks.Require(executed > 0 || !call.IsAnswered, () => $"I2: {call.Operation} {call.Arguments} was acknowledged and is executed nowhere");
            checks.Require(executed == 0 || call.End != CallEnd.NotDone, () => $"I2: {call.Operation} {call.Arguments} was said not to be done and is executed");
        }

        foreach (var (group, replay) in replays)
        {
            checks.Require(replay.Pending == 0, () => $"I4: {replay.Pending} calls are not finished at the end of the log of {group}");
        }

        checks.Checked($"I2: of {changing.Length} atomic calls that change something {executedCalls} were executed by all of their groups, {changing.Length - executedCalls} by none; I4: no call is pending at the end of any log");
    }

    // A store counts its changes by versions: it has seen those of the ledger, and the opening of its accounts.
    private async Task CountChangesAsync(List<JsonElement> ledger, IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
    {
        var changed = ledger.SelectMany(static entry => entry.TryGetProperty("key", out var key)
            ? new[] { key.GetString()! }
            : [entry.GetProperty("from").GetString()!, entry.GetProperty("to").GetString()!]).Concat(BankWorkload.Accounts);
        var counts = changed.CountBy(IsLow).ToDictionary();
        foreach (var partition in keys.GroupBy(IsLow))
        {
            var latest = 0L;
            foreach (var key in partition)
            {
                latest = Math.Max(latest, (await AccountAsync(key, cancellationToken)).Version);
            }

            checks.Require(latest == counts[partition.Key], () => $"I1: the partition of {partition.First()} has seen {latest} changes, the ledger tells of {counts[partition.Key]}");
        }

        static bool IsLow(string key) => string.CompareOrdinal(key, "n") < 0;
    }

    private void Move(Dictionary<string, long> balances, JsonElement entry, string from)
    {
        var (to, amount) = (entry.GetProperty("to").GetString()!, entry.GetProperty("amount").GetInt64());
        balances[from] -= amount;
        balances[to] += amount;
        checks.Require(
            balances[from] >= 0 && balances[from] == entry.GetProperty("left").GetInt64() && balances[to] == entry.GetProperty("has").GetInt64(),
            () => $"I3: after {entry} the ledger gives {balances[from]} and {balances[to]}");
    }

    private void Write(Dictionary<string, (string Value, long Version)> written, Dictionary<string, long> tokens, JsonElement entry)
    {
        var key = entry.GetProperty("key").GetString()!;
        var version = entry.GetProperty("version").GetInt64();
        var before = written.GetValueOrDefault(key).Version;
        checks.Require(version > before, () => $"I3: {entry} follows version {before} of {key} in the ledger");
        written[key] = (entry.GetProperty("value").GetRawText(), version);
        if (entry.TryGetProperty("token", out var token))
        {
            checks.Require(token.GetInt64() >= tokens.GetValueOrDefault(key), () => $"{key} was written with token {token} after token {tokens[key]}");
            tokens[key] = token.GetInt64();
        }
    }

    private void JudgeAnswers(List<JsonElement> ledger)
    {
        var places = new Dictionary<string, List<int>>(StringComparer.Ordinal);
        for (var i = 0; i < ledger.Count; i++)
        {
            var tag = ledger[i].GetProperty("tag").GetString()!;
            (places.TryGetValue(tag, out var found) ? found : places[tag] = []).Add(i + 1);
        }

        long lastIndex = 0;
        var returned = new PriorityQueue<long, long>();
        foreach (var call in Entering.OrderBy(static call => call.CalledAtUs))
        {
            var found = places.GetValueOrDefault(call.Arguments.GetProperty("tag").GetString()!, []);
            var index = call.End == CallEnd.Ok && call.Answer!.Value.GetProperty("result").GetProperty("index") is { ValueKind: JsonValueKind.Number } told ? told.GetInt64() : 0;
            var isRight = call.End switch
            {
                CallEnd.Ok when index > 0 => found.Count == 1 && found[0] == index,
                CallEnd.Unknown => found.Count <= 1,
                _ => found.Count == 0,
            };
            checks.Require(isRight, () => $"{call.Operation} {call.Arguments}, {call.End}, answered {call.Answer}, is in the ledger at [{string.Join(", ", found)}]");

            // Real time: whatever was answered before this call began stands before it.
            while (returned.TryPeek(out var earlier, out var returnedAtUs) && returnedAtUs < call.CalledAtUs)
            {
                lastIndex = Math.Max(lastIndex, earlier);
                returned.Dequeue();
            }

            checks.Require(found.Count == 0 || found[0] > lastIndex, () => $"{call.Arguments} is entry {found[0]}, though entry {lastIndex} was acknowledged before it was called");
            if (index > 0)
            {
                returned.Enqueue(index, call.ReturnedAtUs);
            }
        }

        var reads = history.Calls.Where(static call => call is { Operation: "balances", End: CallEnd.Ok }).ToArray();
        foreach (var read in reads)
        {
            var sum = read.Answer!.Value.GetProperty("result").GetProperty("values").EnumerateArray().Sum(static value => value.GetInt64());
            checks.Require(sum == BankWorkload.Opening * BankWorkload.Accounts.Count, () => $"a read of all accounts gives {sum}: {read.Answer}");
        }

        checks.Checked($"bank: {reads.Length} reads of all accounts have the same total; {Entering.Count()} calls with an entry in the ledger: each acknowledged one has exactly one, where it was told, in an order that respects real time; none that was refused has any");
    }

    private async Task<(string Value, long Version)> AccountAsync(string key, CancellationToken cancellationToken)
    {
        var answer = await CallAsync("account", new { key }, cancellationToken);
        return (answer.GetProperty("result").GetRawText(), answer.GetProperty("version").ValueKind == JsonValueKind.Null ? 0 : answer.GetProperty("version").GetInt64());
    }

    private async Task<List<JsonElement>> LedgerAsync(CancellationToken cancellationToken)
    {
        var entries = new List<JsonElement>();
        while (true)
        {
            var page = await CallAsync("ledger", new { first = entries.Count + 1, last = entries.Count + Page }, cancellationToken);
            var before = entries.Count;
            entries.AddRange(page.GetProperty("result").EnumerateArray());
            if (entries.Count == before)
            {
                return entries;
            }
        }
    }

    private async Task<JsonElement> CallAsync(string operation, object arguments, CancellationToken cancellationToken)
    {
        using var answer = await cluster.Gateways[0].Process!.Http.PostAsJsonAsync(new Uri($"/v1/{operation}", UriKind.Relative), arguments, cancellationToken);
        var body = JsonElement.Parse(await answer.Content.ReadAsStringAsync(cancellationToken));
        HarnessException.Require(answer.IsSuccessStatusCode, () => $"{operation} {JsonSerializer.Serialize(arguments)} is answered {body}");
        return body;
    }
}
