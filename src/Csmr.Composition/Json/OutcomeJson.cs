using System.Buffers;

namespace Csmr.Composition.Json;

/// <summary>Writes an answer as clients see it: <c>{"result": …}</c>, with the further fields beside it under their own names.</summary>
public static class OutcomeJson
{
    /// <summary>The name under which clients see the first field.</summary>
    public const string ResultName = "result";

    /// <summary>Writes an answer.</summary>
    /// <param name="fields">The operation's fields.</param>
    /// <param name="outcome">The answer, with a value for each field.</param>
    /// <param name="output">Takes the UTF-8 text.</param>
    /// <exception cref="ArgumentException">The outcome is no answer but a refusal or a fault.</exception>
    public static void Write(IReadOnlyList<FieldDefinition> fields, Outcome outcome, IBufferWriter<byte> output)
    {
        if (!outcome.IsDone)
        {
            throw new ArgumentException($"The outcome is {outcome.Kind}, not an answer.", nameof(outcome));
        }

        if (fields.Count == 0)
        {
            output.Write("{\"result\":null}"u8);
            return;
        }

        for (var i = 0; i < fields.Count; i++)
        {
            output.Write(i == 0 ? "{"u8 : ","u8);
            JsonText.WriteString(i == 0 ? ResultName : fields[i].Name, output);
            output.Write(":"u8);
            JsonText.WriteValue(i < outcome.Fields.Length ? outcome.Fields[i] : Value.Null, output);
        }

        output.Write("}"u8);
    }
}
