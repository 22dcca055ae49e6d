using System.Text.Json;
using Csmr.TestKit.Checking.Histories;

namespace Csmr.TestKit.Checking.Objects;

/// <summary>One step of an operation: the call of one object.</summary>
/// <param name="Object">The object's name: <c>kv a</c>, <c>lock b</c>, <c>log</c>, with the service before it where one is named.</param>
/// <param name="Call">The call.</param>
internal readonly record struct NamedCall(string Object, ObjectCall Call);

/// <summary>Reads the operations of the shipped services as calls of objects (docs/services.md has their fields).</summary>
internal static class ServiceCalls
{
    /// <summary>The call of an operation; none where it was refused without looking at any object.</summary>
    /// <exception cref="FormatException">It is no operation that can be judged.</exception>
    public static NamedCall? Read(HistoryOperation operation)
    {
        var dot = operation.Op.LastIndexOf('.');
        var (service, name) = (operation.Op[..(dot + 1)], operation.Op[(dot + 1)..]);
        var fields = new CallFields(operation);
        fields.RequireAnswer(name switch
        {
            "put" => "version",
            "cas" => "version",
            "retrieve" => "end",
            "truncate" => "start",
            "bounds" => "end",
            _ => null,
        });
        switch (name)
        {
            case "put" or "get" or "delete" or "cas":
                return fields.Refusal is null ? new NamedCall($"{service}kv {fields.Text("key")}", ReadKv(name, fields)) : null;
            case "acquire" or "release" or "renew" or "check" or "query":
                return new NamedCall($"{service}lock {fields.Text("key")}", ReadLock(name, fields));
            case "append" or "retrieve" or "truncate" or "bounds":
                return fields.Refusal == "log.entry-too-large" ? null : new NamedCall($"{service}log", ReadLog(name, fields));
            default:
                throw new FormatException($"there is no model of the operation '{operation.Op}'");
        }
    }

    private static KvCall ReadKv(string name, CallFields fields) => name switch
    {
        "put" => new KvCall(KvCallKind.Put)
        {
            IsAnswered = fields.IsAnswered,
            Value = fields.Json("value"),
            Ok = fields.IsAnswered,
            Version = fields.ResultNumber("version") ?? 0,
        },
        "get" => new KvCall(KvCallKind.Get)
        {
            IsAnswered = fields.IsAnswered,
            Ok = fields.IsAnswered,
            Seen = fields.ResultJson(CallFields.Answer),
            Version = fields.ResultNumber("version") ?? 0,
        },
        "delete" => new KvCall(KvCallKind.Delete)
        {
            IsAnswered = fields.IsAnswered,
            Ok = fields.ResultTruth(CallFields.Answer),
            Version = fields.ResultNumber("version") ?? 0,
        },
        _ => new KvCall(KvCallKind.Cas)
        {
            IsAnswered = fields.IsAnswered,
            Value = fields.Json("value"),
            ExpectedVersion = fields.Number("expectedVersion"),
            ExpectedValue = fields.JsonOrNone("expectedValue"),
            Ok = fields.ResultTruth(CallFields.Answer),
            Version = fields.ResultNumber("version") ?? 0,
        },
    };

    private static LockCall ReadLock(string name, CallFields fields) => new(name switch
    {
        "acquire" => LockCallKind.Acquire,
        "release" => LockCallKind.Release,
        "renew" => LockCallKind.Renew,
        "check" => LockCallKind.Check,
        _ => LockCallKind.Query,
    })
    {
        IsAnswered = fields.IsAnswered,
        Owner = name is "acquire" or "release" or "renew" ? fields.Text("owner") : null,
        Given = fields.Number("token"),
        Ok = fields.ResultTruth(CallFields.Answer),
        Token = name is "acquire" or "renew" or "query" ? fields.ResultNumber("token") : null,
        Holder = name == "query" ? fields.ResultText("owner") : null,
    };

    private static LogCall ReadLog(string name, CallFields fields) => name switch
    {
        "append" => new LogCall(LogCallKind.Append)
        {
            IsAnswered = fields.IsAnswered,
            Entry = fields.Json("entry"),
            Index = fields.ResultNumber(CallFields.Answer),
        },
        "retrieve" => new LogCall(LogCallKind.Retrieve)
        {
            IsAnswered = fields.IsAnswered,
            Index = fields.Number("first"),
            Last = fields.Number("last") ?? throw new FormatException("the argument last is missing"),
            Ok = fields is { IsAnswered: true, Refusal: null },
            IsBadRange = fields.Refusal == "log.bad-range",
            Entries = fields.ResultList(CallFields.Answer),
            Next = fields.ResultNumber("next"),
            Start = fields.ResultNumber("start") ?? 0,
            End = fields.ResultNumber("end") ?? 0,
        },
        "truncate" => new LogCall(LogCallKind.Truncate)
        {
            IsAnswered = fields.IsAnswered,
            Index = fields.Number("index") ?? throw new FormatException("the argument index is missing"),
            Ok = fields.ResultTruth(CallFields.Answer),
            Start = fields.ResultNumber("start") ?? 0,
        },
        _ => new LogCall(LogCallKind.Bounds)
        {
            IsAnswered = fields.IsAnswered,
            Start = fields.ResultNumber(CallFields.Answer) ?? 0,
            End = fields.ResultNumber("end") ?? 0,
        },
    };

    /// <summary>Arguments and answer of an operation, by name.</summary>
    private readonly struct CallFields(HistoryOperation operation)
    {
        /// <summary>The name of an answer's first field.</summary>
        public const string Answer = "result";

        public bool IsAnswered => operation.Status == OperationStatus.Ok;

        public string? Refusal => operation.Result is { } result && result.TryGetProperty("refused", out var code) ? code.GetString() : null;

        public void RequireAnswer(string? name)
        {
            if (name is not null && IsAnswered && Refusal is null && ResultNumber(name) is null)
            {
                throw new FormatException($"the answer has no {name}");
            }
        }

        public string Text(string name) => Argument(name)?.GetString() ?? throw new FormatException($"the argument {name} is missing");

        public long? Number(string name) => Argument(name)?.GetInt64();

        public string Json(string name) => JsonOrNone(name) ?? throw new FormatException($"the argument {name} is missing");

        public string? JsonOrNone(string name) => Argument(name) is { } argument ? CanonicalJson.Of(argument) : null;

        public bool ResultTruth(string name) => Result(name)?.GetBoolean() ?? false;

        public long? ResultNumber(string name) => Result(name)?.GetInt64();

        public string? ResultText(string name) => Result(name)?.GetString();

        public string? ResultJson(string name) => Result(name) is { } result ? CanonicalJson.Of(result) : null;

        public string[] ResultList(string name) => Result(name) is { } list ? [.. list.EnumerateArray().Select(CanonicalJson.Of)] : [];

        private JsonElement? Argument(string name) => NotNull(operation.Args, name);

        private JsonElement? Result(string name)
        {
            if (operation.Result is not { } result || Refusal is not null)
            {
                return null;
            }

            return result.TryGetProperty(Answer, out _)
                ? NotNull(result, name)
                : throw new FormatException($"the answer has no member '{Answer}'");
        }

        private static JsonElement? NotNull(JsonElement parent, string name) =>
            parent.TryGetProperty(name, out var member) && member.ValueKind != JsonValueKind.Null ? member : null;
    }
}
