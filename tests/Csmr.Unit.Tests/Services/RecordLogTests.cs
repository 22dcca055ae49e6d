using System.Text.Json;
using Csmr.Services.RecordLog;
using Csmr.TestKit.Machines;

namespace Csmr.Unit.Tests.Services;

public sealed class RecordLogTests
{
    private readonly MachineUnderTest _log = new(new RecordLogMachineType());

    [Fact]
    public void Append_Entries_CountsFromOne()
    {
        Assert.Equal(Value.Of(1), Append("\"first\"")["index"]);
        Assert.Equal(Value.Of(2), Append("{}")["index"]);
        Assert.Equal("""(entries: ["first",{}], next: null, start: 1, end: 2)""", Retrieve(1, 2).ToString());
    }

    [Fact]
    public void Bounds_OfAnEmptyLog_AreOneAndZero() =>
        Assert.Equal("(start: 1, end: 0)", _log.Call("bounds").ToString());

    // A log of the entries 4 to 8.
    [Theory]
    [InlineData(4, 8, "4 5 6 7 8")]
    [InlineData(4, 4, "4")]
    [InlineData(8, 8, "8")]
    [InlineData(5, 6, "5 6")]
    [InlineData(7, 100, "7 8")]
    [InlineData(8, long.MaxValue, "8")]
    [InlineData(9, 9, "")]
    [InlineData(9, 100, "")]
    [InlineData(long.MaxValue, long.MaxValue, "")]
    [InlineData(3, 8, "log.truncated")]
    [InlineData(3, 3, "log.truncated")]
    [InlineData(1, 1, "log.truncated")]
    [InlineData(1, long.MaxValue, "log.truncated")]
    [InlineData(5, 4, "log.bad-range")]
    [InlineData(2, 1, "log.bad-range")]
    [InlineData(long.MaxValue, 1, "log.bad-range")]
    [InlineData(0, 5, "log.bad-range")]
    [InlineData(long.MinValue, long.MaxValue, "log.bad-range")]
    public void Retrieve_OfARange_GivesWhatThereIs(long first, long last, string expected)
    {
        Fill(8);
        _log.Call("truncate", ("index", 4));
        var answer = Retrieve(first, last);
        Assert.Equal(expected, answer.Outcome.IsDone ? string.Join(' ', Entries(answer)) : answer.Code);
        if (answer.Outcome.IsDone)
        {
            Assert.Equal((Value.Null, Value.Of(4), Value.Of(8)), (answer["next"], answer["start"], answer["end"]));
        }
    }

    [Fact]
    public void Retrieve_BelowTheStart_NamesTheFirstEntryKept()
    {
        Fill(8);
        _log.Call("truncate", ("index", 4));
        Assert.Contains("ask for 4 and above", Retrieve(1, 2).Outcome.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3, false, 4)]
    [InlineData(4, true, 4)]
    [InlineData(5, true, 5)]
    [InlineData(8, true, 8)]
    [InlineData(9, true, 9)]
    [InlineData(10, false, 4)]
    [InlineData(long.MaxValue, false, 4)]
    [InlineData(long.MinValue, false, 4)]
    public void Truncate_ToAnIndex_IsTrueWithinStartAndOneAboveTheEnd(long index, bool ok, long start)
    {
        Fill(8);
        _log.Call("truncate", ("index", 4));
        var answer = _log.Call("truncate", ("index", index));
        Assert.Equal((Value.Of(ok), Value.Of(start)), (answer["ok"], answer["start"]));
        Assert.Equal($"(start: {start}, end: 8)", _log.Call("bounds").ToString());
    }

    [Fact]
    public void Append_AfterEverythingWasTruncated_GoesOnCounting()
    {
        Fill(8);
        _log.Call("truncate", ("index", 9));
        Assert.Equal("(start: 9, end: 8)", _log.Call("bounds").ToString());
        Assert.Equal("(entries: [], next: null, start: 9, end: 8)", Retrieve(9, 9).ToString());
        Assert.Equal(Value.Of(9), _log.Copy().Call("append", ("entry", "9"))["index"]);
        Assert.Equal(Value.Of(9), Append("9")["index"]);
        Assert.Equal("(entries: [9], next: null, start: 9, end: 9)", Retrieve(9, 9).ToString());
    }

    [Fact]
    public void Retrieve_OfMoreThanAThousand_GoesOnPageByPage()
    {
        Fill(2_500);
        var found = new List<string>();
        for (var next = Value.Of(1); !next.IsNull;)
        {
            var page = Retrieve(next.AsLong(), 2_400);
            Assert.InRange(Entries(page).Length, 1, 1000);
            found.AddRange(Entries(page));
            next = page["next"];
        }

        Assert.Equal(Enumerable.Range(1, 2_400).Select(static i => $"{i}"), found);
    }

    [Fact]
    public void Retrieve_OfLargeEntries_EndsAtAboutOneMebibyte()
    {
        for (var i = 0; i < 3; i++)
        {
            Append($"\"{new string('x', 600_000)}\"");
        }

        var page = Retrieve(1, 3);
        Assert.Single(Entries(page));
        Assert.Equal(Value.Of(2), page["next"]);
        Assert.Equal(Value.Null, Retrieve(3, 3)["next"]);
    }

    [Fact]
    public void Append_OfTooLargeAnEntry_IsRefused()
    {
        var log = new MachineUnderTest(new RecordLogMachineType(), ("entryBytesMax", Value.Of(4)));
        Assert.Equal("log.entry-too-large", log.Call("append", ("entry", "12345")).Code);
        Assert.Equal(Value.Of(1), log.Call("append", ("entry", "1234"))["index"]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void AppendAndTruncate_OverManySegments_KeepEveryEntryAtItsIndex(int seed)
    {
        var random = new Random(seed);
        var state = new RecordLogState();
        var model = new List<byte[]>();
        for (var i = 0; i < 400; i++)
        {
            for (var appends = random.Next(60); appends > 0; appends--)
            {
                model.Add(BitConverter.GetBytes(model.Count));
                Assert.Equal(model.Count, state.Append(model[^1]));
            }

            if (random.Next(4) == 0)
            {
                state.Truncate(state.Start + random.NextInt64(Math.Min(state.End - state.Start + 2, 300)));
            }
        }

        Assert.Equal(model.Count, state.End);
        for (var index = state.Start; index <= state.End; index++)
        {
            Assert.Same(model[(int)index - 1], state[index]);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void AnyCalls_AgainstANaiveModel_AnswerTheSame(int seed)
    {
        var model = new List<string>();
        var start = 1L;
        var generator = new InvocationGenerator(_log.Type.Definition, seed);
        for (var i = 0; i < 3_000; i++)
        {
            var call = generator.Next();
            var answer = _log.Apply(call, generator.NextContext());
            generator.See(answer.Outcome);
            Assert.Equal(Expected(call), answer.Outcome.IsDone ? answer.ToString() : answer.Code);
        }

        string Expected(Invocation call)
        {
            switch (call.Operation.Name)
            {
                case "append":
                    model.Add(call["entry"].ToString());
                    return $"(index: {model.Count})";
                case "truncate":
                    var index = call["index"].AsLong();
                    var ok = index >= start && index - 1 <= model.Count;
                    start = ok ? index : start;
                    return $"(ok: {(ok ? "true" : "false")}, start: {start})";
                case "bounds":
                    return $"(start: {start}, end: {model.Count})";
                default:
                    var (first, last) = (call["first"].AsLong(), call["last"].AsLong());
                    if (first > last || first < start)
                    {
                        return first > last ? "log.bad-range" : "log.truncated";
                    }

                    var wanted = model.Select(static (entry, at) => (entry, index: at + 1L)).Where(pair => pair.index >= first && pair.index <= last).ToArray();
                    var next = wanted.Length > 1000 ? $"{first + 1000}" : "null";
                    return $"(entries: [{string.Join(',', wanted.Take(1000).Select(static pair => pair.entry))}], next: {next}, start: {start}, end: {model.Count})";
            }
        }
    }

    private static string[] Entries(Answer answer)
    {
        using var json = JsonDocument.Parse(answer["entries"].AsJson());
        return [.. json.RootElement.EnumerateArray().Select(static entry => entry.GetRawText())];
    }

    private void Fill(int entries)
    {
        for (var i = 1; i <= entries; i++)
        {
            Append($"{i}");
        }
    }

    private Answer Append(string entry) => _log.Call("append", ("entry", entry));

    private Answer Retrieve(long first, long last) => _log.Call("retrieve", ("first", first), ("last", last));
}
