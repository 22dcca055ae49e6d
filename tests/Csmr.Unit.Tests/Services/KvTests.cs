using System.Text;
using System.Text.Json;
using Csmr.Services.KeyValue;
using Csmr.TestKit.Machines;

namespace Csmr.Unit.Tests.Services;

public sealed class KvTests
{
    private static readonly Value Yes = Value.Of(true);
    private static readonly Value No = Value.Of(false);

    private readonly MachineUnderTest _kv = new(new KvMachineType());

    [Fact]
    public void Get_OfWhatWasPut_GivesValueAndVersion()
    {
        var put = Put("a", """{"x":[1,null]}""");
        var get = _kv.Call("get", ("key", "a"));
        Assert.Equal(Yes, put["ok"]);
        Assert.Equal("""{"x":[1,null]}""", get["value"].ToString());
        Assert.Equal(put["version"], get["version"]);
    }

    [Fact]
    public void Get_OfNoKey_IsNull()
    {
        var get = _kv.Call("get", ("key", "a"));
        Assert.Equal((Value.Null, Value.Null), (get["value"], get["version"]));
    }

    [Fact]
    public void Delete_OfAKey_TellsTheVersionThatWent()
    {
        var version = Put("a", "1")["version"];
        var first = _kv.Call("delete", ("key", "a"));
        var second = _kv.Call("delete", ("key", "a"));
        Assert.Equal((Yes, version), (first["ok"], first["version"]));
        Assert.Equal((No, Value.Null), (second["ok"], second["version"]));
        Assert.Equal(Value.Null, _kv.Call("get", ("key", "a"))["value"]);
    }

    [Fact]
    public void Version_OverPutCasDeleteAndRestore_AlwaysGrows()
    {
        var kv = _kv;
        var last = 0L;
        for (var i = 0; i < 20; i++)
        {
            var put = kv.Call("put", ("key", "a"), ("value", "1"))["version"].AsLong();
            Assert.True(put > last);
            last = kv.Call("cas", ("key", "a"), ("value", "1"), ("expectedVersion", put))["version"].AsLong();
            Assert.True(last > put);
            kv.Call("delete", ("key", "a"));
            kv = kv.Copy();
        }
    }

    // Matrix: the key exists or not; the expectation is a version or a value, right or wrong.
    [Theory]
    [InlineData(true, 1L, null, true)]
    [InlineData(true, 2L, null, false)]
    [InlineData(true, 0L, null, false)]
    [InlineData(true, null, "1", true)]
    [InlineData(true, null, "2", false)]
    [InlineData(true, null, "1.0", false)]
    [InlineData(false, 0L, null, true)]
    [InlineData(false, 1L, null, false)]
    [InlineData(false, null, "1", false)]
    public void Cas_OfAnExpectation_SetsWhereItHolds(bool exists, long? expectedVersion, string? expectedValue, bool holds)
    {
        if (exists)
        {
            Put("a", "1");
        }

        var cas = _kv.Call("cas", ("key", "a"), ("value", "9"), ("expectedVersion", expectedVersion), ("expectedValue", expectedValue));
        var get = _kv.Call("get", ("key", "a"));
        Assert.Equal(Value.Of(holds), cas["ok"]);
        Assert.Equal(get["version"].IsNull ? Value.Of(0) : get["version"], cas["version"]);
        Assert.Equal(holds ? "9" : exists ? "1" : "null", get["value"].ToString());
    }

    [Theory]
    [InlineData(null, null, "kv.no-expectation")]
    [InlineData(1L, "1", "kv.two-expectations")]
    public void Cas_OfNoneOrBothExpectations_IsRefused(long? expectedVersion, string? expectedValue, string code)
    {
        Put("a", "1");
        var cas = _kv.Call("cas", ("key", "a"), ("value", "9"), ("expectedVersion", expectedVersion), ("expectedValue", expectedValue));
        Assert.Equal(code, cas.Code);
    }

    [Fact]
    public void PutAndCas_OfTooLargeAValue_AreRefused()
    {
        var kv = new MachineUnderTest(new KvMachineType(), ("valueBytesMax", Value.Of(4)));
        Assert.Equal("", kv.Call("put", ("key", "a"), ("value", "1234")).Code);
        Assert.Equal("kv.value-too-large", kv.Call("put", ("key", "a"), ("value", "12345")).Code);
        Assert.Equal("kv.value-too-large", kv.Call("cas", ("key", "a"), ("value", "12345"), ("expectedVersion", 1)).Code);
    }

    [Theory]
    [InlineData(null, null, "a b ba c d")]
    [InlineData("b", null, "b ba c d")]
    [InlineData("b", "c", "b ba")]
    [InlineData("bb", "cc", "c")]
    [InlineData(null, "b", "a")]
    [InlineData("c", "b", "")]
    [InlineData("x", null, "")]
    [InlineData("", "", "")]
    public void Range_FromAndTo_AreIncludedAndNot(string? from, string? to, string keys)
    {
        foreach (var key in (string[])["d", "b", "ba", "a", "c"])
        {
            Put(key, "1");
        }

        var range = _kv.Call("range", ("from", from), ("to", to));
        Assert.Equal(keys, string.Join(' ', Keys(range)));
        Assert.Equal(Value.Null, range["next"]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100)]
    [InlineData(1000)]
    public void Range_PageByPage_IsCompleteAndWithoutDoubles(int limit)
    {
        var expected = Enumerable.Range(0, 500).Select(static i => $"key {i:000}").ToArray();
        foreach (var key in expected.Reverse())
        {
            Put(key, "1");
        }

        var found = new List<string>();
        var next = Value.Null;
        do
        {
            var page = _kv.Call("range", ("from", next), ("limit", limit));
            Assert.True(Keys(page).Length <= limit);
            found.AddRange(Keys(page));
            next = page["next"];
        }
        while (!next.IsNull);
        Assert.Equal(expected, found);
    }

    [Fact]
    public void Range_OfLargeValues_EndsAtAboutOneMebibyte()
    {
        var large = $"\"{new string('x', 600_000)}\"";
        Put("a", large);
        Put("b", large);
        var page = _kv.Call("range");
        Assert.Equal(["a"], Keys(page));
        Assert.Equal(Value.Of("b"), page["next"]);
    }

    [Fact]
    public void Range_OfOddKeys_IsValidJson()
    {
        string[] keys = ["\0\b\f\n\r\t\u001f", "\"\\", "/", "\u007f\u2028", "\ud83d\udd11"];
        foreach (var key in keys)
        {
            Put(key, "1");
        }

        Assert.Equal(keys.Order(StringComparer.Ordinal), Keys(_kv.Call("range")));
    }

    [Fact]
    public void Snapshot_OfTheSameStateReachedInAnotherOrder_IsEqual()
    {
        var other = _kv.Fresh();
        Put("a", "1");
        Put("b", "2");
        other.Call("put", ("key", "b"), ("value", "0"));
        other.Call("delete", ("key", "b"));
        var snapshot = _kv.Snapshot();
        _kv.Call("put", ("key", "c"), ("value", "1"));
        _kv.Call("delete", ("key", "c"));
        Assert.NotEqual(snapshot, _kv.Snapshot());
        other.Restore(_kv.Snapshot());
        Assert.Equal(_kv.Snapshot(), other.Snapshot());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void AnyCalls_AgainstANaiveModel_AnswerTheSame(int seed)
    {
        var model = new SortedDictionary<string, (string Value, long Version)>(StringComparer.Ordinal);
        var revision = 0L;
        var generator = new InvocationGenerator(_kv.Type.Definition, seed);
        for (var i = 0; i < 5_000; i++)
        {
            var call = generator.Next();
            var answer = _kv.Apply(call, generator.NextContext());
            generator.See(answer.Outcome);
            Assert.Equal(Expected(call), answer.Outcome.IsDone ? answer.ToString() : answer.Code);
        }

        string Expected(Invocation call)
        {
            if (call.Operation.Name == "range")
            {
                return ExpectedRange(call);
            }

            var key = call["key"].AsString();
            var old = model.TryGetValue(key, out var entry) ? entry : default;
            switch (call.Operation.Name)
            {
                case "get":
                    return $"(value: {old.Value ?? "null"}, version: {(old.Value is null ? "null" : old.Version)})";
                case "add":
                    return ExpectedAdd(call, old.Value);
                case "delete":
                    return $"(ok: {(model.Remove(key) ? "true" : "false")}, version: {(old.Value is null ? "null" : old.Version)})";
                case "cas" when call["expectedVersion"].IsNull && call["expectedValue"].IsNull:
                    return "kv.no-expectation";
                case "cas" when !call["expectedVersion"].IsNull && !call["expectedValue"].IsNull:
                    return "kv.two-expectations";
                case "cas" when call["expectedValue"].ToString() != (old.Value ?? "none") && call["expectedVersion"].ToString() != $"{old.Version}":
                    return $"(ok: false, version: {old.Version})";
                default:
                    model[key] = (call["value"].ToString(), ++revision);
                    return $"(ok: true, version: {revision})";
            }
        }

        string ExpectedAdd(Invocation call, string? old)
        {
            if (!System.Numerics.BigInteger.TryParse(old ?? "0", out var sum) || sum < long.MinValue || sum > long.MaxValue)
            {
                return "kv.not-an-integer";
            }

            sum += call["amount"].AsLong();
            if (sum < (call["minimum"].IsNull ? long.MinValue : call["minimum"].AsLong()) || sum > (call["maximum"].IsNull ? long.MaxValue : call["maximum"].AsLong()))
            {
                return "kv.out-of-bounds";
            }

            model[call["key"].AsString()] = ($"{sum}", ++revision);
            return $"(value: {sum}, version: {revision})";
        }

        string ExpectedRange(Invocation call)
        {
            var all = model
                .Where(pair => call["from"].IsNull || string.CompareOrdinal(pair.Key, call["from"].AsString()) >= 0)
                .Where(pair => call["to"].IsNull || string.CompareOrdinal(pair.Key, call["to"].AsString()) < 0)
                .ToArray();
            var limit = call["limit"].IsNull ? 100 : (int)call["limit"].AsLong();
            var items = all.Take(limit).Select(static pair => $$"""{"key":"{{pair.Key}}","value":{{pair.Value.Value}},"version":{{pair.Value.Version}}}""");
            return $"(items: [{string.Join(',', items)}], next: {(all.Length > limit ? all[limit].Key : "null")})";
        }
    }

    [Theory]
    [InlineData(null, 5, null, "5")]
    [InlineData("7", -7, null, "0")]
    [InlineData("7", -8, "kv.out-of-bounds", "7")]
    [InlineData("95", 6, "kv.out-of-bounds", "95")]
    [InlineData("1.5", 1, "kv.not-an-integer", "1.5")]
    [InlineData("\"7\"", 1, "kv.not-an-integer", "\"7\"")]
    [InlineData("9223372036854775808", 1, "kv.not-an-integer", "9223372036854775808")]
    public void Add_WithinItsBounds_AddsAndOtherwiseKeeps(string? old, long amount, string? code, string left)
    {
        if (old is not null)
        {
            Put("a", old);
        }

        var added = _kv.Call("add", ("key", "a"), ("amount", amount), ("minimum", 0), ("maximum", 100));

        Assert.Equal(code ?? "", added.Code);
        Assert.Equal(left, _kv.Call("get", ("key", "a"))["value"].ToString());
        Assert.True(code is not null || added["version"] == _kv.Call("get", ("key", "a"))["version"]);
    }

    [Fact]
    public void Add_BeyondSixtyFourBits_IsRefused()
    {
        Put("a", "9223372036854775807");

        Assert.Equal("kv.out-of-bounds", _kv.Call("add", ("key", "a"), ("amount", 1)).Code);
        Assert.Equal("-1", _kv.Call("add", ("key", "a"), ("amount", long.MinValue))["value"].ToString());
    }

    private static string[] Keys(Answer range)
    {
        using var json = JsonDocument.Parse(range["items"].AsJson());
        return [.. json.RootElement.EnumerateArray().Select(static item => item.GetProperty("key").GetString()!)];
    }

    private Answer Put(string key, string value) => _kv.Call("put", ("key", key), ("value", Value.OfJson(Encoding.UTF8.GetBytes(value))));
}
