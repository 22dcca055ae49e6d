using Csmr.Sample.Counter;
using Csmr.TestKit.Machines;

namespace Csmr.Unit.Tests.Samples;

public sealed class TallyContractTests : StateMachineContract
{
    protected override IStateMachineType Machine => new TallyMachineType();
}

public sealed class TallyTests
{
    [Fact]
    public void Add_BeyondTheCap_IsRefused()
    {
        var tally = new MachineUnderTest(new TallyMachineType(), ("cap", Value.Of(5)));
        Assert.Equal(Value.Of(3), tally.Call("add", ("name", "apple"), ("amount", 3))["value"]);
        Assert.Equal("tally.out-of-bounds", tally.Call("add", ("name", "apple"), ("amount", 3)).Code);
    }

    [Theory]
    [InlineData(long.MinValue)]
    [InlineData(-4)]
    [InlineData(3)]
    [InlineData(long.MaxValue)]
    public void Add_OutOfBounds_IsRefusedAndKeepsTheValue(long amount)
    {
        var tally = new MachineUnderTest(new TallyMachineType(), ("cap", Value.Of(5)));
        tally.Call("add", ("name", "apple"), ("amount", 3));
        Assert.Equal("tally.out-of-bounds", tally.Call("add", ("name", "apple"), ("amount", amount)).Code);
        Assert.Equal(Value.Of(3), tally.Call("add", ("name", "apple"), ("amount", 0))["value"]);
    }

    [Fact]
    public void Add_BackToZero_LeavesNoTrace()
    {
        var tally = new MachineUnderTest(new TallyMachineType());
        var empty = tally.Snapshot();
        tally.Call("add", ("name", "apple"), ("amount", 3));
        tally.Call("add", ("name", "apple"), ("amount", -3));
        Assert.Equal(empty, tally.Snapshot());
    }

    [Fact]
    public void Top_EqualCounters_ComeInTheOrderOfTheirNames()
    {
        var tally = new MachineUnderTest(new TallyMachineType());
        foreach (var (name, amount) in new[] { ("pear", 2), ("fig", 7), ("apple", 2), ("\"quoted\"", 1) })
        {
            tally.Call("add", ("name", name), ("amount", amount));
        }

        Assert.Equal(
            """[{"name":"fig","value":7},{"name":"apple","value":2},{"name":"pear","value":2}]""",
            tally.Call("top", ("n", 3))["counters"].ToString());
        Assert.EndsWith("""{"name":"\"quoted\"","value":1}]""", tally.Call("top", ("n", 4))["counters"].ToString(), StringComparison.Ordinal);
    }
}
