using System.Globalization;
using Csmr.Services.Queues;
using Csmr.TestKit.Machines;

namespace Csmr.Unit.Tests.Services;

public sealed class QueueTests
{
    private static readonly Value Yes = Value.Of(true);
    private static readonly Value No = Value.Of(false);

    private readonly MachineUnderTest _queue = new(new QueueMachineType(), ("attemptsMax", Value.Of(2)), ("deadMax", Value.Of(2)), ("jobsMax", Value.Of(4)));

    [Fact]
    public void Take_GivesJobsInOrder_EachOnce()
    {
        Put("1");
        Put("2");
        var first = Take();
        Assert.Equal(("1", Value.Of(1), Value.Of(1_010_000)), (first["body"].ToString(), first["attempt"], first["expiresAtMs"]));
        Assert.Equal("2", Take()["body"].ToString());
        var none = Take();
        Assert.All(["job", "body", "token", "attempt", "expiresAtMs"], field => Assert.True(none[field].IsNull));
        Assert.Equal(Yes, End("complete", first)["ok"]);
        Assert.Equal(No, End("complete", first)["ok"]);
        Assert.Equal("0 1 0 0", Stats());
    }

    [Fact]
    public void Lease_ThatIsOver_GivesTheJobToAnother_AndTheFirstHolderCannotEndIt()
    {
        Put("1");
        var slow = Take();
        _queue.TimeMs += 9_999;
        Assert.True(Take()["job"].IsNull);
        _queue.TimeMs += 1;
        var next = Take();
        Assert.Equal((slow["job"], Value.Of(2)), (next["job"], next["attempt"]));
        Assert.True(next["token"].AsLong() > slow["token"].AsLong());
        Assert.Equal(No, End("complete", slow)["ok"]);
        Assert.Equal(No, End("extend", slow)["ok"]);
        Assert.Equal(No, End("abandon", slow)["ok"]);
        Assert.Equal(Yes, End("complete", next)["ok"]);
        Assert.Equal("0 0 0 0", Stats());
    }

    [Fact]
    public void Extend_StartsANewLeaseFromNow()
    {
        Put("1");
        var held = Take();
        _queue.TimeMs += 5_000;
        Assert.Equal(Value.Of(1_035_000), End("extend", held)["expiresAtMs"]);
        _queue.TimeMs += 29_999;
        Assert.Equal("0 1 0 0", Stats());
        _queue.TimeMs += 1;
        Assert.Equal("1 0 0 0", Stats());
    }

    [Fact]
    public void Abandon_IsReadyAtItsOldPlace_OrLater_OrDead()
    {
        Put("1");
        Put("2");
        var first = Take();
        Assert.Equal((Yes, No), (End("abandon", first)["ok"], No));
        var again = Take();
        Assert.Equal("1", again["body"].ToString());
        Assert.Equal((Yes, Yes), Both(End("abandon", again)));
        Assert.Equal("1 0 0 1", Stats());

        var second = Take();
        Assert.Equal((Yes, No), Both(_queue.Call("abandon", ("queue", "q"), ("job", second["job"]), ("token", second["token"]), ("delaySeconds", 3))));
        Assert.Equal("0 0 1 1", Stats());
        _queue.TimeMs += 3_000;
        Assert.Equal("1 0 0 1", Stats());
    }

    [Fact]
    public void DeadJobs_AreKeptUpToABound_AndCanBeTakenUpAgainOrDropped()
    {
        foreach (var body in new[] { "1", "2", "3" })
        {
            Put(body);
            End("abandon", Take());
            End("abandon", Take());
        }

        Assert.Equal("""[{"job":4,"body":2,"attempts":2},{"job":7,"body":3,"attempts":2}]""", _queue.Call("dead", ("queue", "q"))["jobs"].ToString());
        Assert.Equal(Yes, _queue.Call("redrive", ("queue", "q"), ("job", 7))["ok"]);
        Assert.Equal(No, _queue.Call("redrive", ("queue", "q"), ("job", 7))["ok"]);
        Assert.Equal(Yes, _queue.Call("discard", ("queue", "q"), ("job", 4))["ok"]);
        Assert.Equal(No, _queue.Call("discard", ("queue", "q"), ("job", 7))["ok"]);
        Assert.Equal(("3", Value.Of(1)), (Take() is var taken ? taken["body"].ToString() : "", taken["attempt"]));
        Assert.Equal("""[{"job":7,"body":3,"state":"taken","attempts":1}]""", _queue.Call("peek", ("queue", "q"))["jobs"].ToString());
    }

    [Fact]
    public void LeaseOfTheLastAttempt_ThatIsOver_MakesTheJobDead()
    {
        Put("1");
        Take();
        _queue.TimeMs += 10_000;
        Take();
        _queue.TimeMs += 10_000;
        Assert.Equal("0 0 0 1", Stats());
    }

    [Fact]
    public void Id_OfAJobThatIsThere_PutsNoOtherIn()
    {
        var first = _queue.Call("enqueue", ("queue", "q"), ("body", "1"), ("id", "x"));
        var again = _queue.Call("enqueue", ("queue", "q"), ("body", "2"), ("id", "x"));
        Assert.Equal((first["job"], No), (again["job"], again["isNew"]));
        Assert.Equal(Yes, _queue.Call("enqueue", ("queue", "other"), ("body", "2"), ("id", "x"))["isNew"]);
        var held = Take();
        Assert.Equal(No, _queue.Call("enqueue", ("queue", "q"), ("body", "2"), ("id", "x"))["isNew"]);
        End("complete", held);
        Assert.Equal(Yes, _queue.Call("enqueue", ("queue", "q"), ("body", "2"), ("id", "x"))["isNew"]);
    }

    [Fact]
    public void Delay_HidesAJobUntilItsTime()
    {
        _queue.Call("enqueue", ("queue", "q"), ("body", "1"), ("delaySeconds", 2));
        Assert.True(Take()["job"].IsNull);
        _queue.TimeMs += 1_999;
        Assert.Equal("0 0 1 0", Stats());
        _queue.TimeMs += 1;
        Assert.Equal("1", Take()["body"].ToString());
    }

    [Fact]
    public void Bounds_AreRefusals()
    {
        var small = new MachineUnderTest(new QueueMachineType(), ("jobsMax", Value.Of(1)), ("bodyBytesMax", Value.Of(3)));
        Assert.Equal("queue.body-too-large", small.Call("enqueue", ("queue", "q"), ("body", "1234")).Outcome.Code);
        Assert.True(small.Call("enqueue", ("queue", "q"), ("body", "123")).Outcome.IsDone);
        Assert.Equal("queue.full", small.Call("enqueue", ("queue", "q"), ("body", "1")).Outcome.Code);
        Assert.True(small.Call("enqueue", ("queue", "other"), ("body", "1")).Outcome.IsDone);
    }

    [Fact]
    public void Queue_ThatIsEmpty_IsNoState()
    {
        Put("1");
        End("complete", Take());
        Assert.Equal(3, _queue.Snapshot().Length);
        Assert.Equal("0 0 0 0", Stats());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void AnyCalls_AgainstANaiveModel_AnswerTheSame(int seed)
    {
        (string, Value)[] settings = [("leaseSecondsDefault", Value.Of(seed)), ("attemptsMax", Value.Of(seed)), ("deadMax", Value.Of(2)), ("jobsMax", Value.Of(4)), ("bodyBytesMax", Value.Of(10))];
        var queue = new MachineUnderTest(new QueueMachineType(), settings);
        var model = new QueueModel(seed);
        var generator = new InvocationGenerator(queue.Type.Definition, seed);
        var kinds = new HashSet<string>();
        for (var i = 0; i < 4_000; i++)
        {
            var (call, context) = (model.Meet(generator.Next(), generator), generator.NextContext());
            var answer = queue.Apply(call, context);
            generator.See(answer.Outcome);
            var expected = model.Apply(call, context.TimeMs);
            Assert.Equal(expected, answer.Outcome.IsDone ? string.Join(' ', answer.Outcome.Fields.ToArray()) : answer.Outcome.Code);
            kinds.Add($"{call.Operation.Name} {(answer.Outcome.IsDone ? answer.Outcome.Fields[0] == Yes : answer.Outcome.Code)}");
        }

        // The calls have met what they ask for.
        Assert.Superset(new HashSet<string> { "complete True", "extend True", "abandon True", "redrive True", "discard True", "enqueue queue.full", "enqueue queue.body-too-large" }, kinds);
    }

    private static (Value Ok, Value IsDead) Both(Answer answer) => (answer["ok"], answer["isDead"]);

    private void Put(string body) => Assert.Equal(Yes, _queue.Call("enqueue", ("queue", "q"), ("body", body))["isNew"]);

    private Answer Take() => _queue.Call("take", ("queue", "q"), ("leaseSeconds", 10));

    private Answer End(string operation, Answer held) => _queue.Call(operation, ("queue", "q"), ("job", held["job"]), ("token", held["token"]));

    private string Stats()
    {
        var stats = _queue.Call("stats", ("queue", "q"));
        return $"{stats["ready"]} {stats["taken"]} {stats["delayed"]} {stats["dead"]}";
    }

    // Every job there ever was, in one list, each with its attempts and how it ended; everything else is searched for.
    private sealed class QueueModel(long attemptsMax)
    {
        private readonly List<Entry> _ever = [];
        private long _last;
        private long _deaths;

        public string Apply(Invocation call, long nowMs)
        {
            Expire(nowMs);
            var mine = _ever.Where(entry => entry.Queue == call["queue"].AsString() && !entry.IsGone).OrderBy(static entry => entry.Number).ToList();
            var alive = mine.Where(static entry => entry.Died == 0).ToList();
            var dead = mine.Where(static entry => entry.Died > 0).OrderBy(static entry => entry.Died).ToList();
            return call.Operation.Name switch
            {
                "enqueue" => Enqueue(call, nowMs, mine, alive.Count),
                "take" => Take(alive.Find(static entry => entry is { Token: 0, UntilMs: 0 }), nowMs + Seconds(call["leaseSeconds"])),
                "stats" => $"{alive.Count(static entry => entry.State == "ready")} {alive.Count(static entry => entry.State == "taken")} {alive.Count(static entry => entry.State == "delayed")} {dead.Count}",
                "peek" => Show(alive, call, static entry => $$"""{"job":{{entry.Number}},"body":{{entry.Body}},"state":"{{entry.State}}","attempts":{{entry.Attempts}}}"""),
                "dead" => Show(dead, call, static entry => $$"""{"job":{{entry.Number}},"body":{{entry.Body}},"attempts":{{entry.Attempts}}}"""),
                "redrive" => Redrive(dead.Find(entry => Value.Of(entry.Number) == call["job"]), alive.Count),
                "discard" => Gone(dead.Find(entry => Value.Of(entry.Number) == call["job"])),
                var ending => Ending(ending, call, nowMs, alive.Find(entry => Value.Of(entry.Number) == call["job"] && entry.Token > 0 && Value.Of(entry.Token) == call["token"])),
            };
        }

        /// <summary>Makes calls meet: two queues, and mostly a job that is there with its token.</summary>
        public Invocation Meet(Invocation call, InvocationGenerator generator)
        {
            var arguments = call.Arguments.ToArray();
            arguments[0] = Value.Of(generator.Below(2) == 0 ? "a" : "b");
            var there = _ever.Where(entry => !entry.IsGone && Value.Of(entry.Queue) == arguments[0]).ToArray();
            if (call.Operation.IndexOf("job") == 1 && there.Length > 0 && generator.Below(4) > 0)
            {
                var job = there[generator.Below(there.Length)];
                arguments[1] = Value.Of(job.Number);
                if (call.Operation.IndexOf("token") == 2 && generator.Below(4) > 0)
                {
                    arguments[2] = Value.Of(Math.Max(job.Token, 1));
                }
            }

            return new Invocation(call.Operation, arguments);
        }

        private void Expire(long nowMs)
        {
            foreach (var entry in _ever.Where(entry => !entry.IsGone && entry.Died == 0 && entry.UntilMs > 0 && entry.UntilMs <= nowMs).OrderBy(static entry => (entry.UntilMs, entry.Number)))
            {
                if (entry.Token > 0)
                {
                    GiveBack(entry, 0);
                }

                entry.UntilMs = 0;
            }
        }

        private bool GiveBack(Entry entry, long untilMs)
        {
            (entry.Token, entry.UntilMs) = (0, untilMs);
            if (entry.Attempts < attemptsMax)
            {
                return false;
            }

            (entry.UntilMs, entry.Died) = (0, ++_deaths);
            var dead = _ever.Where(other => other.Queue == entry.Queue && !other.IsGone && other.Died > 0).OrderBy(static other => other.Died).ToList();
            if (dead.Count > 2)
            {
                dead[0].IsGone = true;
            }

            return true;
        }

        private string Enqueue(Invocation call, long nowMs, List<Entry> mine, int alive)
        {
            if (call["body"].AsJson().Length > 10)
            {
                return "queue.body-too-large";
            }

            if (alive >= 4)
            {
                return "queue.full";
            }

            var id = call["id"].IsNull ? null : call["id"].AsString();
            if (id is not null && mine.Find(entry => entry.Id == id) is { } present)
            {
                return $"{present.Number} {Value.Of(false)}";
            }

            var delay = call["delaySeconds"].IsNull ? 0 : nowMs + (call["delaySeconds"].AsLong() * 1000);
            _ever.Add(new Entry { Queue = call["queue"].AsString(), Number = ++_last, Body = call["body"].ToString(), Id = id, UntilMs = delay });
            return $"{_last} {Value.Of(true)}";
        }

        private string Take(Entry? entry, long untilMs)
        {
            if (entry is null)
            {
                return string.Join(' ', Enumerable.Repeat(Value.Null, 5));
            }

            (entry.Attempts, entry.Token, entry.UntilMs) = (entry.Attempts + 1, ++_last, untilMs);
            return string.Create(CultureInfo.InvariantCulture, $"{entry.Number} {entry.Body} {entry.Token} {entry.Attempts} {untilMs}");
        }

        private string Ending(string operation, Invocation call, long nowMs, Entry? held)
        {
            switch (operation)
            {
                case "complete":
                    return Gone(held);
                case "extend" when held is null:
                    return $"{Value.Of(false)} {Value.Null}";
                case "extend":
                    held.UntilMs = nowMs + Seconds(call["leaseSeconds"]);
                    return $"{Value.Of(true)} {held.UntilMs}";
                default:
                    var isDead = held is not null && GiveBack(held, call["delaySeconds"].IsNull ? 0 : nowMs + (call["delaySeconds"].AsLong() * 1000));
                    return $"{Value.Of(held is not null)} {Value.Of(isDead)}";
            }
        }

        private static string Gone(Entry? entry)
        {
            if (entry is not null)
            {
                entry.IsGone = true;
            }

            return Value.Of(entry is not null).ToString();
        }

        private static string Redrive(Entry? entry, int alive)
        {
            var isDone = entry is not null && alive < 4;
            if (isDone)
            {
                (entry!.Died, entry.Attempts) = (0, 0);
            }

            return Value.Of(isDone).ToString();
        }

        private static string Show(List<Entry> entries, Invocation call, Func<Entry, string> write) =>
            $"[{string.Join(',', entries.Take(call["limit"].IsNull ? 100 : (int)call["limit"].AsLong()).Select(write))}]";

        private long Seconds(Value lease) => (lease.IsNull ? attemptsMax : lease.AsLong()) * 1000;

        private sealed class Entry
        {
            public required string Queue { get; init; }

            public required long Number { get; init; }

            public required string Body { get; init; }

            public string? Id { get; init; }

            public long Attempts { get; set; }

            public long Token { get; set; }

            public long UntilMs { get; set; }

            public long Died { get; set; }

            public bool IsGone { get; set; }

            public string State => Token > 0 ? "taken" : UntilMs > 0 ? "delayed" : "ready";
        }
    }
}
