using Csmr.Services.Locks;
using Csmr.TestKit.Machines;

namespace Csmr.Unit.Tests.Services;

public sealed class LockTests
{
    private static readonly Value Yes = Value.Of(true);
    private static readonly Value No = Value.Of(false);

    private readonly MachineUnderTest _locks = new(new LockMachineType()) { TimeMs = 1_000_000 };

    [Fact]
    public void Acquire_FreeLock_GivesTokenWithoutEnd()
    {
        var answer = _locks.Call("acquire", ("key", "a"), ("owner", "x"));
        Assert.Equal((Yes, Value.Of(1), Value.Null), (answer["ok"], answer["token"], answer["expiresAtMs"]));
    }

    [Fact]
    public void Acquire_HeldByAnother_IsFalseAndTellsNoToken()
    {
        Acquire("a", "x");
        var answer = Acquire("a", "y");
        Assert.Equal((No, Value.Null, Value.Null), (answer["ok"], answer["token"], answer["expiresAtMs"]));
    }

    [Fact]
    public void Acquire_ByItsHolder_KeepsTokenAndStartsANewLease()
    {
        Assert.Equal(Value.Of(1_010_000), Acquire("a", "x", 10)["expiresAtMs"]);
        _locks.TimeMs += 5_000;
        var again = Acquire("a", "x", 10);
        Assert.Equal((Yes, Value.Of(1), Value.Of(1_015_000)), (again["ok"], again["token"], again["expiresAtMs"]));
        Assert.Equal(Value.Null, Acquire("a", "x")["expiresAtMs"]);
    }

    [Fact]
    public void Acquire_WithoutName_IsNeverTheHolder()
    {
        Assert.Equal(Yes, Acquire("a")["ok"]);
        Assert.Equal(No, Acquire("a")["ok"]);
        Assert.Equal(No, Acquire("a", "x")["ok"]);
        Acquire("b", "x");
        Assert.Equal(No, Acquire("b")["ok"]);
    }

    [Fact]
    public void Acquire_WithoutName_TakesTheSessionAsOwner()
    {
        _locks.Session = new SessionId(1, 2);
        Assert.Equal(Yes, Acquire("a")["ok"]);
        Assert.Equal(Yes, Acquire("a")["ok"]);
        Assert.Equal("session:00000000000000010000000000000002", _locks.Call("query", ("key", "a"))["owner"].AsString());
        _locks.Session = new SessionId(1, 3);
        Assert.Equal(No, Acquire("a")["ok"]);
        Assert.Equal(No, Release("a")["ok"]);
        _locks.Session = new SessionId(1, 2);
        Assert.Equal(Yes, Release("a")["ok"]);
    }

    [Fact]
    public void Lease_Ends_AtItsVeryMillisecond()
    {
        Acquire("a", "x", 10);
        _locks.TimeMs = 1_009_999;
        Assert.Equal(No, Acquire("a", "y")["ok"]);
        Assert.Equal(Yes, _locks.Call("check", ("key", "a"), ("token", 1))["ok"]);
        Assert.Equal(Yes, _locks.Call("query", ("key", "a"))["held"]);
        _locks.TimeMs = 1_010_000;
        Assert.Equal(No, _locks.Call("check", ("key", "a"), ("token", 1))["ok"]);
        Assert.Equal(No, _locks.Call("query", ("key", "a"))["held"]);
        Assert.Equal(No, _locks.Call("renew", ("key", "a"), ("owner", "x"))["ok"]);
        Assert.Equal(No, Release("a", "x")["ok"]);
        Assert.Equal(Value.Of(2), Acquire("a", "y")["token"]);
    }

    [Fact]
    public void Lease_OfItsOldHolder_IsNotTakenUpAgain()
    {
        Acquire("a", "x", 10);
        _locks.TimeMs += 10_000;
        Assert.Equal(Value.Of(2), Acquire("a", "x", 10)["token"]);
        Assert.Equal(No, _locks.Call("check", ("key", "a"), ("token", 1))["ok"]);
    }

    [Fact]
    public void LeaseSecondsDefault_OfTheSetting_HoldsWhereNoneIsNamed()
    {
        var locks = new MachineUnderTest(new LockMachineType(), ("leaseSecondsDefault", Value.Of(7))) { TimeMs = 500 };
        Assert.Equal(Value.Of(7_500), locks.Call("acquire", ("key", "a"), ("owner", "x"))["expiresAtMs"]);
        Assert.Equal(Value.Of(1_500), locks.Call("acquire", ("key", "a"), ("owner", "x"), ("leaseSeconds", 1))["expiresAtMs"]);
        Assert.Equal(Value.Of(7_500), locks.Call("renew", ("key", "a"), ("owner", "x"))["expiresAtMs"]);
    }

    [Fact]
    public void Token_OverReleaseExpiryAndOtherKeys_IsNeverGivenTwice()
    {
        var tokens = new List<long> { Token("a"), Token("b") };
        Release("a", "x");
        tokens.Add(Token("a"));
        Release("b", "x");
        _locks.Call("acquire", ("key", "c"), ("owner", "x"), ("leaseSeconds", 1));
        _locks.TimeMs += 1_000;
        tokens.Add(Token("c"));
        var copy = _locks.Copy();
        tokens.Add(copy.Call("acquire", ("key", "d"), ("owner", "x"))["token"].AsLong());
        Assert.Equal([1, 2, 3, 5, 6], tokens);

        long Token(string key) => Acquire(key, "x")["token"].AsLong();
    }

    [Theory]
    [InlineData("x", null, true)]
    [InlineData("x", 1, true)]
    [InlineData("x", 2, false)]
    [InlineData("y", null, false)]
    [InlineData("y", 1, false)]
    [InlineData(null, null, false)]
    [InlineData(null, 1, false)]
    public void ReleaseAndRenew_OfANamedLock_NeedOwnerAndToken(string? owner, int? token, bool ok)
    {
        Acquire("a", "x", 10);
        _locks.TimeMs += 1;
        var renewed = _locks.Call("renew", ("key", "a"), ("owner", owner), ("leaseSeconds", 10), ("token", token));
        Assert.Equal(Value.Of(ok), renewed["ok"]);
        Assert.Equal(ok ? Value.Of(1) : Value.Null, renewed["token"]);
        Assert.Equal(ok ? Value.Of(1_010_001) : Value.Null, renewed["expiresAtMs"]);
        Assert.Equal(Value.Of(ok), _locks.Call("release", ("key", "a"), ("owner", owner), ("token", token))["ok"]);
        Assert.Equal(Value.Of(!ok), _locks.Call("query", ("key", "a"))["held"]);
    }

    [Theory]
    [InlineData(null, null, true)]
    [InlineData(null, 1, true)]
    [InlineData(null, 2, false)]
    [InlineData("y", 1, false)]
    public void Release_OfALockWithoutName_TakesACallerWithoutName(string? owner, int? token, bool ok)
    {
        Acquire("a");
        Assert.Equal(Value.Of(ok), _locks.Call("release", ("key", "a"), ("owner", owner), ("token", token))["ok"]);
    }

    [Fact]
    public void Release_OfAFreeLock_IsFalse() => Assert.Equal(No, Release("a", "x")["ok"]);

    [Fact]
    public void Query_AtEachStage_TellsTheHolder()
    {
        var free = _locks.Call("query", ("key", "a"));
        Assert.Equal((No, Value.Null, Value.Null, Value.Null), (free["held"], free["owner"], free["token"], free["expiresAtMs"]));
        Acquire("a", "x", 10);
        var held = _locks.Call("query", ("key", "a"));
        Assert.Equal((Yes, Value.Of("x"), Value.Of(1), Value.Of(1_010_000)), (held["held"], held["owner"], held["token"], held["expiresAtMs"]));
    }

    [Fact]
    public void Leases_ThatAreOver_AreForgottenAFewAtATime()
    {
        var state = new LockState();
        for (var i = 0; i < 100; i++)
        {
            state.Set($"key {i}", new HeldLock("x", state.NextToken(), i + 1));
        }

        state.Advance(50);
        state.Forget(20);
        Assert.Equal(80, state.InMemory);
        state.Forget(1000);
        Assert.Equal(50, state.InMemory);
        Assert.Equal(50, state.Held.Count());
    }

    [Fact]
    public void Capture_OfLeasesThatAreOver_LeavesThemOut()
    {
        for (var i = 0; i < 100; i++)
        {
            Acquire($"key {i}", "x", 10);
        }

        _locks.TimeMs += 10_000;
        _locks.Call("query", ("key", "a"));
        var written = new WireWriter();
        _locks.Capture().Write(written);
        Assert.Equal(_locks.Snapshot(), written.ToArray());
    }

    [Fact]
    public void Snapshot_OfLeasesThatAreOver_DoesNotShowWhichAreForgotten()
    {
        for (var i = 0; i < 100; i++)
        {
            Acquire($"key {i}", "x", 10);
        }

        _locks.TimeMs += 10_000;
        _locks.Call("query", ("key", "a"));
        var once = _locks.Snapshot();
        for (var i = 0; i < 50; i++)
        {
            _locks.Call("query", ("key", "a"));
        }

        Assert.Equal(once, _locks.Snapshot());
        Assert.Equal(3, once.Length);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void AnyCalls_AgainstANaiveModel_AnswerTheSame(int seed)
    {
        var locks = new MachineUnderTest(new LockMachineType(), ("leaseSecondsDefault", Value.Of(seed % 2 * 2)));
        var model = new LockModel(seed % 2 * 2);
        var generator = new InvocationGenerator(locks.Type.Definition, seed);
        for (var i = 0; i < 2_000; i++)
        {
            var (call, context) = (generator.Next(), generator.NextContext());
            var answer = locks.Apply(call, context);
            generator.See(answer.Outcome);
            Assert.Equal(model.Apply(call, context), answer.Outcome.Fields.ToArray());
        }
    }

    private Answer Acquire(string key, string? owner = null, int? leaseSeconds = null) =>
        _locks.Call("acquire", ("key", key), ("owner", owner), ("leaseSeconds", leaseSeconds));

    private Answer Release(string key, string? owner = null) => _locks.Call("release", ("key", key), ("owner", owner));

    // All holdings there ever were, in one list; the one that counts is searched for.
    private sealed class LockModel(long leaseSecondsDefault)
    {
        private readonly List<Holding> _ever = [];

        public Value[] Apply(Invocation call, ApplyContext context)
        {
            var key = call["key"].AsString();
            var holding = _ever.Find(holding => holding.Key == key && !holding.IsReleased && (holding.End is null || context.TimeMs < holding.End));
            return call.Operation.Name switch
            {
                "check" => [Value.Of(holding is not null && call["token"] == Value.Of(holding.Token))],
                "query" => holding is null
                    ? [Value.Of(false), Value.Null, Value.Null, Value.Null]
                    : [Value.Of(true), Value.Of(holding.Owner), Value.Of(holding.Token), End(holding)],
                "release" => [Value.Of(Release(holding, call, context))],
                "renew" => Renew(holding, call, context),
                _ => Acquire(holding, key, call, context),
            };
        }

        private static bool Release(Holding? holding, Invocation call, ApplyContext context)
        {
            if (!Holds(holding, call, context))
            {
                return false;
            }

            holding!.IsReleased = true;
            return true;
        }

        private Value[] Renew(Holding? holding, Invocation call, ApplyContext context)
        {
            if (!Holds(holding, call, context))
            {
                return [Value.Of(false), Value.Null, Value.Null];
            }

            return Lease(holding!, call, context);
        }

        private Value[] Acquire(Holding? holding, string key, Invocation call, ApplyContext context)
        {
            var owner = Owner(call, context);
            if (holding is not null && (owner is null || owner != holding.Owner))
            {
                return [Value.Of(false), Value.Null, Value.Null];
            }

            if (holding is null)
            {
                holding = new Holding { Key = key, Owner = owner, Token = _ever.Count + 1 };
                _ever.Add(holding);
            }

            return Lease(holding, call, context);
        }

        private Value[] Lease(Holding holding, Invocation call, ApplyContext context)
        {
            var seconds = call["leaseSeconds"].IsNull ? leaseSecondsDefault : call["leaseSeconds"].AsLong();
            holding.End = seconds == 0 ? null : context.TimeMs + (seconds * 1000);
            return [Value.Of(true), Value.Of(holding.Token), End(holding)];
        }

        private static Value End(Holding holding) => holding.End is { } end ? Value.Of(end) : Value.Null;

        private static bool Holds(Holding? holding, Invocation call, ApplyContext context) =>
            holding is not null && holding.Owner == Owner(call, context) && (call["token"].IsNull || call["token"].AsLong() == holding.Token);

        private static string? Owner(Invocation call, ApplyContext context)
        {
            var session = context.Session.IsNone ? null : "session:" + context.Session;
            return call["owner"].IsNull ? session : call["owner"].AsString();
        }

        private sealed class Holding
        {
            public required string Key { get; init; }

            public string? Owner { get; init; }

            public long Token { get; init; }

            public long? End { get; set; }

            public bool IsReleased { get; set; }
        }
    }
}
