using System.Text.Json;
using Csmr.Chaos.Loads;
using Csmr.Chaos.Processes;

namespace Csmr.Chaos.Composite;

/// <summary>
/// Draws atomic calls: transfers between accounts of two partitions, reads of four accounts at once, puts that are entered in the ledger, and
/// puts that only the holder of a lock may do. Each change has a tag of its own, which stands in its entry of the ledger.
/// </summary>
/// <param name="client">Who calls.</param>
/// <param name="random">The chance.</param>
public sealed class BankWorkload(string client, Random random) : IWorkload
{
    /// <summary>What every account has at the start.</summary>
    public const long Opening = 1_000;

    /// <summary>The accounts, half of them in each partition.</summary>
    public static readonly IReadOnlyList<string> Accounts = ["a-account-0", "x-account-0", "a-account-1", "x-account-1"];

    private static readonly string[] Posted = ["a-post-0", "x-post-0", "a-post-1", "x-post-1"];
    private static readonly string[] Guarded = ["a-guard-0", "x-guard-0"];

    private readonly Dictionary<string, long> _tokens = new(StringComparer.Ordinal);
    private int _count;

    /// <summary>Every key that is written with an entry in the ledger.</summary>
    public static IEnumerable<string> Entered => [.. Posted, .. Guarded];

    /// <summary>Puts the opening balance on every account.</summary>
    /// <param name="client">The client that does it; it retries.</param>
    public static async Task OpenAccountsAsync(LoadClient client)
    {
        ArgumentNullException.ThrowIfNull(client);
        foreach (var account in Accounts)
        {
            var result = await client.CallAsync(CallRequest.Write("deposit", ("key", account), ("amount", Opening)));
            HarnessException.Require(result.End == TryEnd.Ok, () => $"account {account} could not be opened: {result.Detail}");
        }
    }

    /// <inheritdoc/>
    public CallRequest Next()
    {
        _count++;
        return random.Next(100) switch
        {
            < 30 => Transfer(),
            < 55 => CallRequest.Read("balances", ("one", Accounts[0]), ("two", Accounts[1]), ("three", Accounts[2]), ("four", Accounts[3])),
            < 80 => CallRequest.Write("post", ("key", Posted[random.Next(Posted.Length)]), ("value", Tag()), ("tag", Tag())),
            _ => Guard(Guarded[random.Next(Guarded.Length)]),
        };
    }

    /// <inheritdoc/>
    public void Learn(CallRequest request, TryResult result)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(result);
        if (request.Operation == "acquire-guard")
        {
            var key = (string)request.Arguments["key"];
            _tokens.Remove(key);
            if (result is { End: TryEnd.Ok, Answer: { } answer } && answer.GetProperty("token") is { ValueKind: JsonValueKind.Number } token)
            {
                _tokens[key] = token.GetInt64();
            }
        }
    }

    private CallRequest Transfer()
    {
        var from = random.Next(Accounts.Count);
        var to = (from + 1 + random.Next(Accounts.Count - 1)) % Accounts.Count;

        // Some ask for more than there can be, and are refused.
        var amount = random.Next(20) == 0 ? (Opening * Accounts.Count) + 1 : random.Next(1, 300);
        return CallRequest.Write("transfer", ("from", Accounts[from]), ("to", Accounts[to]), ("amount", amount), ("tag", Tag()));
    }

    // A token is kept after the lock is given back, too: a write with it must not happen.
    private CallRequest Guard(string key) => _tokens.TryGetValue(key, out var token)
        ? random.Next(4) switch
        {
            0 => CallRequest.Write("release-guard", ("key", key), ("owner", client)),
            1 => CallRequest.Write("acquire-guard", ("key", key), ("owner", client), ("leaseSeconds", 3)),
            _ => CallRequest.Write("guarded", ("key", key), ("value", Tag()), ("tag", Tag()), ("token", token)),
        }
        : CallRequest.Write("acquire-guard", ("key", key), ("owner", client), ("leaseSeconds", 3));

    private string Tag() => $"{client}.{_count}";
}
