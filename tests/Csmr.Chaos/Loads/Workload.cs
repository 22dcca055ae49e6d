namespace Csmr.Chaos.Loads;

/// <summary>Draws calls: few hot keys and many cold ones, reads and writes of every service, and the operation that spans two groups.</summary>
/// <param name="client">Who calls: an owner of locks, and part of every value, so that no two are alike.</param>
/// <param name="random">The chance.</param>
public sealed class Workload(string client, Random random) : IWorkload
{
    private const int HotKeys = 6;
    private const int ColdKeys = 5_000;
    private const int Locks = 3;

    private readonly Dictionary<string, long> _versions = new(StringComparer.Ordinal);
    private string? _held;
    private int _count;

    /// <summary>The next call.</summary>
    public CallRequest Next()
    {
        _count++;
        return random.Next(100) switch
        {
            < 34 => CallRequest.Read("get", ("key", Key())),
            < 54 => CallRequest.Write("put", ("key", Key()), ("value", Value())),
            < 64 => CompareAndSet(),
            < 68 => CallRequest.Write("delete", ("key", Key())),
            < 78 => Lock(),
            < 86 => CallRequest.Write("append", ("entry", Value())),
            < 90 => CallRequest.Read("bounds"),
            < 93 => Retrieve(),
            _ => CallRequest.Write("place", ("key", $"{(random.Next(2) == 0 ? 'b' : 'y')}-place-{client}-{_count}"), ("value", Value())),
        };
    }

    /// <summary>Learns from an answer what the next calls may build upon.</summary>
    public void Learn(CallRequest request, TryResult result)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(result);
        if (result.End != TryEnd.Ok || result.Answer is not { } answer)
        {
            return;
        }

        if (request.Operation is "get" or "put" or "cas" && answer.TryGetProperty("version", out var version))
        {
            _versions[(string)request.Arguments["key"]] = version.ValueKind == System.Text.Json.JsonValueKind.Null ? 0 : version.GetInt64();
        }
        else if (request.Operation == "acquire")
        {
            _held = answer.GetProperty("result").GetBoolean() ? (string)request.Arguments["key"] : null;
        }
        else if (request.Operation == "release")
        {
            _held = null;
        }
    }

    private CallRequest Lock()
    {
        // What is held is given back soon; a call of unknown outcome leaves a lock behind that is taken up again by its owner.
        if (_held is { } held && random.Next(2) == 0)
        {
            return CallRequest.Write("release", ("key", held), ("owner", client));
        }

        var key = $"lock-{random.Next(Locks)}";
        return random.Next(4) == 0 ? CallRequest.Write("query", ("key", key)) : CallRequest.Write("acquire", ("key", key), ("owner", client));
    }

    private CallRequest CompareAndSet()
    {
        var key = _versions.Count > 0 && random.Next(2) == 0 ? _versions.Keys.ElementAt(random.Next(_versions.Count)) : Key();
        return CallRequest.Write("cas", ("key", key), ("value", Value()), ("expectedVersion", _versions.GetValueOrDefault(key)));
    }

    private CallRequest Retrieve()
    {
        var first = (long)random.Next(1, 50);
        return CallRequest.Read("retrieve", ("first", first), ("last", first + random.Next(20)));
    }

    // Keys below n are one group's, those from n on the other's.
    private string Key()
    {
        var first = random.Next(2) == 0 ? "a" : "x";
        return random.Next(10) < 7 ? $"{first}-hot-{random.Next(HotKeys)}" : $"{first}-cold-{random.Next(ColdKeys)}";
    }

    private string Value() => $"{client}.{_count}";
}
