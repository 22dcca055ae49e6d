using System.Buffers;
using System.Text.Json;
using Csmr.Client;
using Csmr.Gateway.Status;

namespace Csmr.Gateway.Invocations;

/// <summary>Writes what became of the steps of a call.</summary>
internal static class StepsJson
{
    /// <summary>The member that they stand under.</summary>
    public const string Name = "steps";

    /// <summary>An answer with its steps beside the result.</summary>
    /// <param name="body">The answer: a JSON object with at least one member, none of this name.</param>
    /// <param name="steps">The steps.</param>
    /// <returns>The object with them.</returns>
    public static ReadOnlyMemory<byte> AddTo(ReadOnlySpan<byte> body, IReadOnlyList<StepReply> steps)
    {
        var output = new ArrayBufferWriter<byte>(body.Length + 256);
        output.Write(body[..^1]);
        output.Write(",\"steps\":"u8);
        using (var json = new Utf8JsonWriter(output, JsonAnswer.Readable))
        {
            Write(json, steps);
        }

        output.Write("}"u8);
        return output.WrittenMemory;
    }

    /// <summary>Writes the steps as an array.</summary>
    public static void Write(Utf8JsonWriter json, IReadOnlyList<StepReply> steps)
    {
        json.WriteStartArray();
        foreach (var step in steps)
        {
            json.WriteStartObject();
            json.WriteString("step"u8, step.Step);
            WriteOptional(json, "call"u8, step.Call);
            json.WriteString("state"u8, step.State);
            WriteOptional(json, "group"u8, step.Group);
            if (step.Slot > 0)
            {
                json.WriteNumber("slot"u8, step.Slot);
            }

            if (step.Answer.Length > 0)
            {
                json.WritePropertyName("answer"u8);
                json.WriteRawValue(step.Answer, skipInputValidation: true);
            }

            WriteOptional(json, "code"u8, step.Code);
            WriteOptional(json, "detail"u8, step.Detail);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteOptional(Utf8JsonWriter json, ReadOnlySpan<byte> name, string value)
    {
        if (value.Length > 0)
        {
            json.WriteString(name, value);
        }
    }
}
