using System.Text.Json;

namespace Csmr.TestKit.Checking.Histories;

/// <summary>A history file is not in order.</summary>
/// <param name="file">The file.</param>
/// <param name="line">The line, from 1.</param>
/// <param name="reason">What is wrong.</param>
public sealed class HistoryFormatException(string file, int line, string reason) : Exception($"{file}:{line}: {reason}")
{
    /// <summary>The line, from 1.</summary>
    public int Line { get; } = line;
}

/// <summary>
/// The lines of a history file. The first one tells the rules by which operations act on objects
/// (<c>{"history":1,"rules":"services"}</c>), each further one is an operation: <c>client</c>, <c>op</c>, <c>args</c>,
/// <c>result</c>, <c>call_ns</c>, <c>return_ns</c>, <c>status</c> (ok, fail or unknown), and where known <c>slots</c> and <c>request</c>.
/// </summary>
internal static class HistoryFormat
{
    public const int Version = 1;

    private static readonly string[] Members = ["client", "op", "args", "result", "call_ns", "return_ns", "status", "slots", "request"];

    public static void WriteHeader(Utf8JsonWriter writer, string rules)
    {
        writer.WriteStartObject();
        writer.WriteNumber("history", Version);
        writer.WriteString("rules", rules);
        writer.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter writer, HistoryOperation operation)
    {
        writer.WriteStartObject();
        writer.WriteString("client", operation.Client);
        writer.WriteString("op", operation.Op);
        writer.WritePropertyName("args");
        operation.Args.WriteTo(writer);
        if (operation.Result is { } result)
        {
            writer.WritePropertyName("result");
            result.WriteTo(writer);
        }

        writer.WriteNumber("call_ns", operation.CallNs);
        if (operation.ReturnNs is { } end)
        {
            writer.WriteNumber("return_ns", end);
        }

        writer.WriteString("status", operation.Status switch { OperationStatus.Ok => "ok", OperationStatus.Fail => "fail", _ => "unknown" });
        if (operation.Slots is { } slots)
        {
            writer.WriteStartObject("slots");
            foreach (var (group, slot) in slots)
            {
                writer.WriteNumber(group, slot);
            }

            writer.WriteEndObject();
        }

        if (operation.Request is { } request)
        {
            writer.WriteString("request", request);
        }

        writer.WriteEndObject();
    }

    /// <summary>Reads the first line.</summary>
    /// <exception cref="FormatException">It is not one.</exception>
    public static string ReadHeader(JsonElement line)
    {
        Require(line.ValueKind == JsonValueKind.Object && line.TryGetProperty("history", out _), "the first line is not {\"history\":1,\"rules\":…}");
        Require(Number(line, "history") == Version, $"this is not version {Version} of the format");
        return Text(line, "rules");
    }

    /// <summary>Reads an operation.</summary>
    /// <exception cref="FormatException">It is not one.</exception>
    public static HistoryOperation Read(JsonElement line)
    {
        Require(line.ValueKind == JsonValueKind.Object, "not a JSON object");
        foreach (var member in line.EnumerateObject())
        {
            Require(Array.IndexOf(Members, member.Name) >= 0, $"unknown member '{member.Name}'");
        }

        var operation = new HistoryOperation
        {
            Client = Text(line, "client"),
            Op = Text(line, "op"),
            Args = Member(line, "args", JsonValueKind.Object),
            Result = line.TryGetProperty("result", out var result) && result.ValueKind != JsonValueKind.Null ? result : null,
            CallNs = Number(line, "call_ns"),
            ReturnNs = line.TryGetProperty("return_ns", out var end) && end.ValueKind != JsonValueKind.Null ? Number(line, "return_ns") : null,
            Status = StatusOf(Text(line, "status")),
            Slots = line.TryGetProperty("slots", out _) ? ReadSlots(Member(line, "slots", JsonValueKind.Object)) : null,
            Request = line.TryGetProperty("request", out _) ? Text(line, "request") : null,
        };
        CheckSense(operation);
        return operation;
    }

    private static void CheckSense(HistoryOperation operation)
    {
        Require(operation.Op.Length > 0, "op is empty");
        Require(operation.ReturnNs is not { } end || end >= operation.CallNs, "return_ns is before call_ns");
        if (operation.Status == OperationStatus.Ok)
        {
            Require(operation.Result is { ValueKind: JsonValueKind.Object }, "status ok needs a result: a JSON object");
            Require(operation.ReturnNs is not null, "status ok needs return_ns");
        }
        else
        {
            Require(operation.Result is null, "only status ok has a result");
        }
    }

    private static OperationStatus StatusOf(string status) => status switch
    {
        "ok" => OperationStatus.Ok,
        "fail" => OperationStatus.Fail,
        "unknown" => OperationStatus.Unknown,
        _ => throw new FormatException($"status '{status}' is none of ok, fail, unknown"),
    };

    private static Dictionary<string, long> ReadSlots(JsonElement slots) =>
        slots.EnumerateObject().ToDictionary(member => member.Name, member => Number(slots, member.Name), StringComparer.Ordinal);

    private static string Text(JsonElement line, string name) => Member(line, name, JsonValueKind.String).GetString()!;

    private static long Number(JsonElement line, string name)
    {
        Require(Member(line, name, JsonValueKind.Number).TryGetInt64(out var number), $"{name} is no 64-bit integer");
        return number;
    }

    private static JsonElement Member(JsonElement line, string name, JsonValueKind kind)
    {
        Require(line.TryGetProperty(name, out var member), $"{name} is missing");
        Require(member.ValueKind == kind, $"{name} is {member.ValueKind}, not {kind}");
        return member;
    }

    private static void Require(bool condition, string otherwise)
    {
        if (!condition)
        {
            throw new FormatException(otherwise);
        }
    }
}
