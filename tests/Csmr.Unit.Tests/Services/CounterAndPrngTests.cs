using Csmr.Services.Counter;
using Csmr.Services.Prng;
using Csmr.TestKit.Machines;

namespace Csmr.Unit.Tests.Services;

public sealed class CounterTests
{
    private readonly MachineUnderTest _counter = new(new CounterMachineType());

    [Fact]
    public void Add_WithAndWithoutAmount_SumsUp()
    {
        Assert.Equal(Value.Of(0), _counter.Call("get")["value"]);
        Assert.Equal(Value.Of(1), _counter.Call("add")["value"]);
        Assert.Equal(Value.Of(6), _counter.Call("add", ("amount", 5))["value"]);
        Assert.Equal(Value.Of(-4), _counter.Call("add", ("amount", -10))["value"]);
        Assert.Equal(Value.Of(-4), _counter.Call("get")["value"]);
    }

    [Theory]
    [InlineData(long.MaxValue, 1, false)]
    [InlineData(long.MaxValue, 0, true)]
    [InlineData(long.MaxValue, long.MinValue, true)]
    [InlineData(long.MinValue, -1, false)]
    [InlineData(long.MinValue, long.MinValue, false)]
    [InlineData(long.MinValue, long.MaxValue, true)]
    [InlineData(-1, long.MinValue, false)]
    [InlineData(1, long.MaxValue - 1, true)]
    public void Add_BeyondSixtyFourBits_IsRefusedAndKeepsTheNumber(long number, long amount, bool fits)
    {
        _counter.Call("add", ("amount", number));
        Assert.Equal(fits ? "" : "counter.overflow", _counter.Call("add", ("amount", amount)).Code);
        Assert.Equal(Value.Of(fits ? number + amount : number), _counter.Call("get")["value"]);
    }

    [Theory]
    [InlineData(5, -5, 0, true)]
    [InlineData(5, -6, 0, false)]
    [InlineData(5, 1, 7, false)]
    public void Add_BelowTheMinimum_IsRefusedAndKeepsTheNumber(long number, long amount, long minimum, bool fits)
    {
        _counter.Call("add", ("amount", number));
        Assert.Equal(fits ? "" : "counter.below-minimum", _counter.Call("add", ("amount", amount), ("minimum", minimum)).Code);
        Assert.Equal(Value.Of(fits ? number + amount : number), _counter.Call("get")["value"]);
    }
}

public sealed class PrngTests
{
    [Fact]
    public void Draw_FromAKnownSeed_GivesThePublishedNumbers()
    {
        ulong[] published = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821];
        var state = new PrngState(1234567);
        Assert.Equal(published, published.Select(_ => state.Draw(out state)));
    }

    [Fact]
    public void Next_WithoutBound_IsTheUpperSixtyThreeBits()
    {
        var prng = new MachineUnderTest(new PrngMachineType(), ("seed", Value.Of(1234567)));
        Assert.Equal(Value.Of((long)(6457827717110365317UL >> 1)), prng.Call("next")["value"]);
        Assert.Equal(Value.Of((long)(3203168211198807973UL >> 1)), prng.Copy().Call("next")["value"]);
    }

    [Fact]
    public void Next_WithBound_IsEvenBelowIt()
    {
        var prng = new MachineUnderTest(new PrngMachineType());
        var counts = new int[6];
        for (var i = 0; i < 60_000; i++)
        {
            counts[prng.Call("next", ("bound", 6))["value"].AsLong()]++;
        }

        Assert.All(counts, static count => Assert.InRange(count, 9_500, 10_500));
    }

    // A plain remainder would give the numbers of the lower two thirds half as often again as those above.
    [Fact]
    public void Next_WithABoundThatDoesNotDivide_IsStillEven()
    {
        var prng = new MachineUnderTest(new PrngMachineType());
        var counts = new int[3];
        for (var i = 0; i < 30_000; i++)
        {
            counts[prng.Call("next", ("bound", 3L << 61))["value"].AsLong() >> 61]++;
        }

        Assert.All(counts, static count => Assert.InRange(count, 9_500, 10_500));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(1L << 62)]
    [InlineData((1L << 62) + 1)]
    [InlineData(long.MaxValue)]
    public void Next_WithAnyBound_StaysBelowIt(long bound)
    {
        var prng = new MachineUnderTest(new PrngMachineType());
        for (var i = 0; i < 1_000; i++)
        {
            Assert.InRange(prng.Call("next", ("bound", bound))["value"].AsLong(), 0, bound - 1);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    public void Next_WithABoundBelowOne_IsRefused(long bound) =>
        Assert.Equal("prng.bad-bound", new MachineUnderTest(new PrngMachineType()).Call("next", ("bound", bound)).Code);
}
