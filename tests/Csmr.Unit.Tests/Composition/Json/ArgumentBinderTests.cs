using System.Text;
using System.Text.Json;
using CsCheck;
using Csmr.Composition.Json;

namespace Csmr.Unit.Tests.Composition.Json;

public sealed class ArgumentBinderTests
{
    private static readonly ParameterDefinition[] Parameters =
    [
        ParameterDefinition.Key("key", "The key."),
        new("value", ValueType.Json, "The value.") { BytesMax = 40 },
        new("ttlMs", ValueType.Long, "Life.") { IsOptional = true, Minimum = 1, Maximum = 1000 },
        new("force", ValueType.Bool, "Force.") { IsOptional = true },
    ];

    private static readonly ParameterDefinition[] AnyJson = [new("v", ValueType.Json, "A value.")];

    [Fact]
    public void TryBind_AllGivenInAnyOrder_ValuesInOrderOfParameters()
    {
        var arguments = Bind(Parameters, """ {"force":true, "value": {"b" : 1.50, "a":[ null ]}, "ttlMs":7,"\u006bey":"\u00e9\n"} """);

        Assert.Equal("é\n", arguments[0].AsString());
        Assert.Equal("""{"b":1.50,"a":[null]}""", arguments[1].ToString());
        Assert.Equal(7, arguments[2].AsLong());
        Assert.True(arguments[3].AsBool());
    }

    [Fact]
    public void TryBind_OptionalLeftOutOrNull_IsNull()
    {
        var arguments = Bind(Parameters, """{"key":"k","value":[null],"ttlMs":null}""");

        Assert.Equal("[null]", arguments[1].ToString());
        Assert.True(arguments[2].IsNull);
        Assert.True(arguments[3].IsNull);
    }

    [Fact]
    public void TryBind_EmptyTextAndNoParameters_NoArguments()
    {
        Assert.True(ArgumentBinder.TryBind([], [], out var arguments, out _));
        Assert.Empty(arguments);
        Assert.False(ArgumentBinder.TryBind(Parameters, [], out _, out var problem));
        Assert.Equal((ArgumentCodes.Missing, "key"), (problem.Code, problem.Argument));
    }

    [Theory]
    [InlineData("[]", ArgumentCodes.NotAnObject, null)]
    [InlineData("\"key\"", ArgumentCodes.NotAnObject, null)]
    [InlineData(" ", ArgumentCodes.NotJson, null)]
    [InlineData("{", ArgumentCodes.NotJson, null)]
    [InlineData("""{"key":"k","value":1} x""", ArgumentCodes.NotJson, null)]
    [InlineData("""{"key":"k","value":1,}""", ArgumentCodes.NotJson, null)]
    [InlineData("""{"key":"k" /**/,"value":1}""", ArgumentCodes.NotJson, null)]
    [InlineData("""{"key":"k","value":01}""", ArgumentCodes.NotJson, null)]
    [InlineData("""{"key":"k"}""", ArgumentCodes.Missing, "value")]
    [InlineData("""{"key":"k","value":1,"kez":1}""", ArgumentCodes.Unknown, "kez")]
    [InlineData("""{"\ud800":1}""", ArgumentCodes.Unknown, "\ufffd")]
    [InlineData("""{"key":"k","value":1,"key":"k"}""", ArgumentCodes.Duplicate, "key")]
    [InlineData("""{"key":"k","value":1,"k\u0065y":"k"}""", ArgumentCodes.Duplicate, "key")]
    [InlineData("""{"key":1,"value":1}""", ArgumentCodes.WrongType, "key")]
    [InlineData("""{"key":null,"value":1}""", ArgumentCodes.WrongType, "key")]
    [InlineData("""{"key":"k","value":null}""", ArgumentCodes.WrongType, "value")]
    [InlineData("""{"key":"k","value":1,"ttlMs":"5"}""", ArgumentCodes.WrongType, "ttlMs")]
    [InlineData("""{"key":"k","value":1,"ttlMs":5.0}""", ArgumentCodes.WrongType, "ttlMs")]
    [InlineData("""{"key":"k","value":1,"ttlMs":5e1}""", ArgumentCodes.WrongType, "ttlMs")]
    [InlineData("""{"key":"k","value":1,"ttlMs":0}""", ArgumentCodes.OutOfBounds, "ttlMs")]
    [InlineData("""{"key":"k","value":1,"ttlMs":1001}""", ArgumentCodes.OutOfBounds, "ttlMs")]
    [InlineData("""{"key":"k","value":1,"ttlMs":9223372036854775808}""", ArgumentCodes.OutOfBounds, "ttlMs")]
    [InlineData("""{"key":"k","value":1,"force":1}""", ArgumentCodes.WrongType, "force")]
    [InlineData("""{"key":"","value":1}""", ArgumentCodes.TooShort, "key")]
    [InlineData("""{"key":"\udc00","value":1}""", ArgumentCodes.InvalidText, "key")]
    [InlineData("""{"key":"\ud800x","value":1}""", ArgumentCodes.InvalidText, "key")]
    [InlineData("""{"key":"k","value":["\ud800\u0041"]}""", ArgumentCodes.InvalidText, "value")]
    [InlineData("""{"key":"k","value":{"a":1,"\u0061":2}}""", ArgumentCodes.Duplicate, "value")]
    [InlineData("""{"key":"k","value":"12345678901234567890123456789012345678901"}""", ArgumentCodes.TooLong, "value")]
    public void TryBind_Flaw_SaysWhichArgumentAndWhat(string json, string code, string? argument)
    {
        Assert.False(ArgumentBinder.TryBind(Parameters, Encoding.UTF8.GetBytes(json), out var arguments, out var problem));

        Assert.Null(arguments);
        Assert.Equal((code, argument), (problem.Code, problem.Argument));
        Assert.NotEmpty(problem.Message);
    }

    [Fact]
    public void TryBind_InvalidUtf8_NotJson()
    {
        Assert.False(ArgumentBinder.TryBind(Parameters, [.. "{\"key\":\""u8, 0xC3, 0x28, .. "\"}"u8], out _, out var problem));
        Assert.Equal(ArgumentCodes.NotJson, problem.Code);
    }

    [Fact]
    public void TryBind_KeyBytes_CountedAsUtf8()
    {
        var json = Encoding.UTF8.GetBytes($$"""{"key":"{{new string('é', 513)}}","value":1}""");

        Assert.False(ArgumentBinder.TryBind(Parameters, json, out _, out var problem));
        Assert.Equal((ArgumentCodes.TooLong, "key"), (problem.Code, problem.Argument));
        Assert.Contains("1026", problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(31, true)]
    [InlineData(32, false)]
    [InlineData(39, false)]
    [InlineData(60, false)]
    public void TryBind_Depth_AtMost32LevelsWithTheEnclosingObject(int levels, bool isTaken)
    {
        var json = Encoding.UTF8.GetBytes($$"""{"v":{{new string('[', levels)}}{{new string(']', levels)}}}""");

        Assert.Equal(isTaken, ArgumentBinder.TryBind(AnyJson, json, out _, out var problem));
        Assert.Equal(isTaken ? null : ArgumentCodes.TooDeep, problem?.Code);
    }

    [Fact]
    public void TryBind_ManyMembers_DuplicateFoundAmongThem()
    {
        var members = "{" + string.Join(',', Enumerable.Range(0, 5000).Select(static i => $"\"m{i}\":{i}"));

        Assert.Equal(members + "}", Bind(AnyJson, $"{{\"v\": {members} }} }}")[0].ToString());
        Assert.False(ArgumentBinder.TryBind(AnyJson, Encoding.UTF8.GetBytes($"{{\"v\": {members},\"m4321\":0}} }}"), out _, out var problem));
        Assert.Equal(ArgumentCodes.Duplicate, problem.Code);
    }

    [Theory]
    [InlineData("""["a",1]""", "list")]
    [InlineData("""{"a":1}""", "record")]
    public void TryBind_ListAndRecord_ShapeIsChecked(string bad, string name)
    {
        var type = name == "list"
            ? ValueType.ListOf(ValueType.String)
            : ValueType.Record(new FieldDefinition("a", ValueType.String, ""), new FieldDefinition("b", ValueType.Long, "", IsNullable: true));
        var good = name == "list" ? """["a"]""" : """{"a":"x","b":null}""";
        ParameterDefinition[] parameters = [new("v", type, "")];

        Assert.Equal(good, Bind(parameters, $$"""{"v":{{good}}}""")[0].ToString());
        Assert.False(ArgumentBinder.TryBind(parameters, Encoding.UTF8.GetBytes($$"""{"v":{{bad}}}"""), out _, out var problem));
        Assert.Equal(ArgumentCodes.WrongType, problem.Code);
    }

    [Fact]
    public void TryBind_AnyJson_CanonicalFormMeansTheSameAndIsStable() =>
        JsonGen.Values.Sample(
            static text =>
            {
                var canonical = Bind(AnyJson, $$"""{"v":{{text}}}""")[0].ToString();
                using var expected = JsonDocument.Parse(text);
                using var actual = JsonDocument.Parse(canonical);
                Assert.True(JsonElement.DeepEquals(expected.RootElement, actual.RootElement));
                Assert.Equal(canonical, Bind(AnyJson, $$"""{"v":{{canonical}}}""")[0].ToString());
            },
            iter: 2000);

    [Fact]
    public void TryBind_AnyBytes_NeverThrows() =>
        Gen.OneOf(
                Gen.Byte.Array[0, 60],
                Gen.OneOf("{", "}", "\"key\"", ":", ",", "\"", "\\u", "d800", "[", "]", "1", "-", "null", "\"value\"", " ", "\\", "é")
                    .Array[0, 20].Select(static parts => Encoding.UTF8.GetBytes(string.Concat(parts))))
            .Sample(
                static bytes => ArgumentBinder.TryBind(Parameters, bytes, out var arguments, out var problem)
                    ? arguments.Length == Parameters.Length
                    : problem.Code.StartsWith("argument.", StringComparison.Ordinal),
                iter: 20000);

    private static Value[] Bind(ParameterDefinition[] parameters, string json)
    {
        Assert.True(ArgumentBinder.TryBind(parameters, Encoding.UTF8.GetBytes(json), out var arguments, out var problem), problem?.Message);
        return arguments;
    }
}

internal static class JsonGen
{
    private static readonly Gen<string> Strings =
        Gen.OneOf("a", "é", "\\u00e9", "\\n", "\\u000a", "\\/", "\\\"", "\\u0001", "\\ud83d\\ude00", "😀", "\\u0022", " ")
            .Array[0, 6].Select(static parts => $"\"{string.Concat(parts)}\"");

    private static readonly Gen<string> Scalars =
        Gen.OneOf(Strings, Gen.OneOf("null", "true", "false", "0", "-0", "1.50", "1e5", "123456789012345678901234567890"));

    /// <summary>Any JSON value but null, spread out with white space and needless escapes.</summary>
    public static Gen<string> Values => Containers.Where(static text => text != "null");

    private static Gen<string> Containers { get; } = Gen.Recursive<string>(static (depth, inner) => depth >= 4
        ? Scalars
        : Gen.OneOf(
            Scalars,
            inner.Array[0, 4].Select(static items => $"[ {string.Join(" , ", items)} ]"),
            inner.Array[0, 12].Select(static items => $"{{ {string.Join(",", items.Select(static (item, i) => $"\"m{i}\" : {item}"))} }}")));
}
