using System.Text;
using System.Text.Json;
using CsCheck;

namespace Csmr.Unit.Tests.Abstractions;

public sealed class JsonBuilderTests
{
    [Fact]
    public void Nested_ListsAndObjects_GetTheirCommas()
    {
        var json = new JsonBuilder()
            .BeginObject()
            .Member("a").BeginList().Number(1).BeginList().EndList().BeginObject().EndObject().Text("x").EndList()
            .Member("b").Value(Value.Null)
            .Member("c").BeginObject().Member("d").Value(Value.Of(true)).Member("e").Raw("[2]"u8).EndObject()
            .Member("f").Number(long.MinValue)
            .EndObject();
        Assert.Equal("""{"a":[1,[],{},"x"],"b":null,"c":{"d":true,"e":[2]},"f":-9223372036854775808}""", json.ToValue().ToString());
    }

    [Fact]
    public void Text_OfSpecialCharacters_EscapesTheFewestThatMustBe() => Assert.Equal(
        "\"\\u0000\\b\\t\\n\\u000b\\f\\r\\u001f\\\"\\\\/\u007f<é\u2028\ud83d\udd11\"",
        new JsonBuilder().Text("\0\b\t\n\v\f\r\u001f\"\\/\u007f<é\u2028\ud83d\udd11").ToValue().ToString());

    [Fact]
    public void Text_OfAnyText_IsReadBackByAParser() => Gen.String.Sample(static text =>
    {
        var unicode = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
        Assert.Equal(unicode, JsonSerializer.Deserialize<string>(new JsonBuilder().Text(text).ToUtf8()));
    });
}
