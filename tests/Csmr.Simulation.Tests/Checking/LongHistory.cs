using System.Text.Json;
using Csmr.TestKit.Checking.Histories;
using Csmr.TestKit.Simulation;

namespace Csmr.Simulation.Tests.Checking;

/// <summary>A long history of 16 clients on a store of 100 keys, a log and, with the plain rules, 20 locks.</summary>
internal sealed class LongHistory
{
    private const int Clients = 16;

    private readonly SimulationRandom _random;
    private readonly bool _isAudited;
    private readonly int _unknownPerMillion;
    private readonly Dictionary<string, (string Value, long Version)> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string Owner, long Token)> _locks = new(StringComparer.Ordinal);
    private readonly List<string> _entries = [];
    private long _stamp;

    public LongHistory(SimulationRandom random, HistoryRules rules, int count, int unknown, int doubledAt = -1)
    {
        (_random, _isAudited) = (random, rules != HistoryRules.Services);
        _unknownPerMillion = (int)(1_000_000L * unknown / count);
        var free = new long[Clients];
        for (var i = 0; i < count; i++)
        {
            var client = random.Below(Clients);
            var moment = (i + 1) * 1000L;
            var from = Math.Min(Math.Max(free[client], moment - random.Below(12_000)), moment);
            var to = moment + random.Below(12_000);
            free[client] = to + 1;
            Operations.Add(Step($"c{client}", i, from, to, isDoubled: i == doubledAt));
        }
    }

    public List<HistoryOperation> Operations { get; } = [];

    private HistoryOperation Step(string client, int number, long from, long to, bool isDoubled)
    {
        var isUnknown = _random.Below(1_000_000) < _unknownPerMillion;
        var happens = !isUnknown || _random.Chance(500);
        var (op, args) = isDoubled ? (_isAudited ? "put" : "append", $$"""{"key":"k1","entry":"e{{number}}","value":"v{{number}}"}""") : Draw(client, number);
        var arguments = JsonElement.Parse(args);
        var answer = happens ? Execute(op, arguments, client) : null;
        if (isDoubled)
        {
            _entries.Add(_entries[^1]);
        }

        return new HistoryOperation
        {
            Client = client,
            Op = op,
            Args = arguments,
            Result = isUnknown && !isDoubled ? null : JsonElement.Parse(answer!),
            CallNs = from,
            ReturnNs = to,
            Status = isUnknown && !isDoubled ? OperationStatus.Unknown : OperationStatus.Ok,
        };
    }

    private (string Op, string Args) Draw(string client, int number)
    {
        var key = $"k{_random.Below(100)}";
        var last = Math.Max(_entries.Count + _random.Below(2), 1);
        return _random.Below(_isAudited ? 8 : 14) switch
        {
            0 or 1 or 2 => ("put", $$"""{"key":"{{key}}","value":"v{{number}}"}"""),
            3 or 4 or 5 => ("get", $$"""{"key":"{{key}}"}"""),
            6 => ("delete", $$"""{"key":"{{key}}"}"""),
            7 => ("retrieve", $$"""{"first":{{Math.Max(last - 3, 1)}},"last":{{last}}}"""),
            8 or 9 => ("append", $$"""{"entry":"e{{number}}"}"""),
            10 => ("cas", $$"""{"key":"{{key}}","value":"v{{number}}","expectedVersion":{{_values.GetValueOrDefault(key).Version}}}"""),
            11 or 12 => ("acquire", $$"""{"key":"l{{_random.Below(20)}}","owner":"{{client}}"}"""),
            _ => ("release", $$"""{"key":"l{{_random.Below(20)}}","owner":"{{client}}"}"""),
        };
    }

    private string Execute(string op, JsonElement args, string client)
    {
        switch (op)
        {
            case "put":
                return Put(args);
            case "cas":
                var current = _values.GetValueOrDefault(Key(args)).Version;
                return args.GetProperty("expectedVersion").GetInt64() == current ? Put(args) : $$"""{"result":false,"version":{{current}}}""";
            case "get":
                return _values.TryGetValue(Key(args), out var found)
                    ? $$"""{"result":{{found.Value}},"version":{{found.Version}}}"""
                    : """{"result":null,"version":null}""";
            case "delete":
                return _values.Remove(Key(args), out var removed) ? $$"""{"result":true,"version":{{removed.Version}}}""" : """{"result":false,"version":null}""";
            case "append":
                _entries.Add(args.GetProperty("entry").GetRawText());
                return $$"""{"result":{{_entries.Count}}}""";
            case "retrieve":
                var first = (int)args.GetProperty("first").GetInt64();
                var list = _entries.Skip(first - 1).Take((int)args.GetProperty("last").GetInt64() - first + 1);
                return $$"""{"result":[{{string.Join(',', list)}}],"next":null,"start":1,"end":{{_entries.Count}}}""";
            case "acquire":
                return Acquire(Key(args), client);
            default:
                var isHolder = _locks.TryGetValue(Key(args), out var held) && held.Owner == client && _locks.Remove(Key(args));
                return isHolder ? """{"result":true}""" : """{"result":false}""";
        }
    }

    private string Put(JsonElement args)
    {
        _values[Key(args)] = (args.GetProperty("value").GetRawText(), ++_stamp);
        if (_isAudited)
        {
            _entries.Add($$"""{"put":"{{Key(args)}}","version":{{_stamp}}}""");
        }

        return $$"""{"result":true,"version":{{_stamp}}}""";
    }

    private string Acquire(string key, string client)
    {
        if (_locks.TryGetValue(key, out var held) && held.Owner != client)
        {
            return """{"result":false,"token":null,"expiresAtMs":null}""";
        }

        _locks.TryAdd(key, (client, ++_stamp));
        return $$"""{"result":true,"token":{{_locks[key].Token}},"expiresAtMs":null}""";
    }

    private static string Key(JsonElement args) => args.GetProperty("key").GetString()!;
}
