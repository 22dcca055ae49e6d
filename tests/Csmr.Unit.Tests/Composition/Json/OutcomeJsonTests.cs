using System.Buffers;
using System.Text;
using Csmr.Composition.Json;

namespace Csmr.Unit.Tests.Composition.Json;

public sealed class OutcomeJsonTests
{
    [Fact]
    public void Write_SeveralFields_FirstIsTheResult()
    {
        FieldDefinition[] fields = [new("ok", ValueType.Bool, ""), new("version", ValueType.Long, ""), new("note", ValueType.String, "")];

        Assert.Equal(
            "{\"result\":true,\"version\":-9223372036854775808,\"note\":\"a\\\"\\\\\\n\\u001f é😀\"}",
            Write(fields, Outcome.Done(Value.Of(true), Value.Of(long.MinValue), Value.Of("a\"\\\n\u001f é😀"))));
    }

    [Fact]
    public void Write_JsonNullAndNothing_AsTheyAre()
    {
        FieldDefinition[] fields = [new("value", ValueType.Json, ""), new("other", ValueType.Json, "", IsNullable: true)];

        Assert.Equal("""{"result":{"a":[1]},"other":null}""", Write(fields, Outcome.Done(Value.OfJson("""{"a":[1]}"""u8.ToArray()), Value.Null)));
        Assert.Equal("""{"result":null}""", Write([], Outcome.Done()));
    }

    [Fact]
    public void Write_LongText_IsWhole()
    {
        var text = new string('é', 5000) + "\"";

        Assert.Equal($"{{\"result\":\"{new string('é', 5000)}\\\"\"}}", Write([new("t", ValueType.String, "")], Outcome.Done(Value.Of(text))));
    }

    [Fact]
    public void Write_Refusal_IsNoAnswer() =>
        Assert.Throws<ArgumentException>(() => Write([], Outcome.Refused("kv.x", "no")));

    private static string Write(FieldDefinition[] fields, Outcome outcome)
    {
        var output = new ArrayBufferWriter<byte>();
        OutcomeJson.Write(fields, outcome, output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
