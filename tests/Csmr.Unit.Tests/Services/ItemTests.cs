using Csmr.Composition.Plans;
using Csmr.Services;
using Csmr.TestKit.Machines;

namespace Csmr.Unit.Tests.Services;

/// <summary>The state of a shipped machine can be taken apart and put together again, also from and into several partitions.</summary>
public sealed class ItemTests
{
    private const int Calls = 400;

    public static TheoryData<string> Machines =>
        [.. ShippedMachines.All.Where(static type => type.Create(MachineSettings.Defaults(type.Definition)) is IItemizedStateMachine).Select(static type => type.Definition.Name)];

    [Fact]
    public void Machines_WithKeysOrManyEntries_AllHaveItems() => Assert.Equal(["kv", "lock", "log", "queue"], Machines.Select(static row => row.Data).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Machines))]
    public void Items_OfRandomStates_MakeTheSameState(string name)
    {
        for (var seed = 1; seed <= 40; seed++)
        {
            var machine = Filled(name, seed, out _);
            var items = machine.CaptureItems().ToArray();
            var copy = Put(name, items);
            Assert.Equal(SnapshotOf(machine), SnapshotOf(copy));
            Assert.Equal(items.Length, copy.CaptureItems().Count());
        }
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Items_OfThreePartitions_MakeOneAndTwo(string name)
    {
        if (name == "log")
        {
            return; // It has one key: there is nothing to spread.
        }

        for (var seed = 1; seed <= 40; seed++)
        {
            var whole = Filled(name, seed, out _).CaptureItems().ToArray();
            var three = Spread(name, whole, 3);
            var items = three.SelectMany(static part => part.CaptureItems()).ToArray();
            Assert.Equal(SnapshotOf(Put(name, whole)), SnapshotOf(Put(name, items)));
            var two = Spread(name, items, 2);
            Assert.Equal(Spread(name, whole, 2).Select(SnapshotOf), two.Select(SnapshotOf));
        }
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Items_AreThoseOfTheMomentOfTheCall(string name)
    {
        var machine = Filled(name, 3, out var generator);
        var expected = SnapshotOf(machine);
        var items = machine.CaptureItems();
        for (var i = 0; i < Calls; i++)
        {
            machine.Apply(generator.Next(), generator.NextContext());
        }

        Assert.Equal(expected, SnapshotOf(Put(name, items)));
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Take_OfDamagedOrDoubledItems_IsRefused(string name)
    {
        var items = Filled(name, 5, out _).CaptureItems().ToArray();
        Assert.NotEmpty(items);
        Assert.Throws<WireFormatException>(() => Put(name, [new StateItem(null, new byte[] { 99 })]));
        if (items.FirstOrDefault(static item => item.Key is not null) is { Key: not null } keyed && name != "log")
        {
            Assert.Throws<WireFormatException>(() => Put(name, [.. items, keyed]));
            Assert.Throws<WireFormatException>(() => Put(name, [.. items.Where(static item => item.Key is null), new StateItem("other", keyed.Body[..1])]));
        }
    }

    /// <summary>No token, version or job number that was given before a restore is given again after it.</summary>
    [Theory]
    [InlineData("kv", "put", "version")]
    [InlineData("lock", "acquire", "token")]
    [InlineData("queue", "enqueue", "job")]
    public void Succeed_CountersThatMustNotGoBack_GoOn(string name, string operation, string field)
    {
        var machine = new MachineUnderTest(ShippedMachines.Catalog.Find(name)!);
        var former = Create(name);
        var context = new ApplyContext(new Slot(1), machine.TimeMs, SessionId.None);
        Invocation Call(string key) => operation switch
        {
            "put" => machine.Invocation(operation, ("key", key), ("value", "1")),
            "acquire" => machine.Invocation(operation, ("key", key), ("owner", "me")),
            _ => machine.Invocation(operation, ("queue", key), ("body", "1")),
        };
        var last = Enumerable.Range(0, 10).Select(i => new Answer(Call("a").Operation, former.Apply(Call($"k{i}"), context))[field].AsLong()).Max();
        var next = Create(name);
        next.Succeed(former);
        Assert.Equal(last + 1, new Answer(Call("a").Operation, next.Apply(Call("new"), context))[field].AsLong());
    }

    private static IItemizedStateMachine Filled(string name, int seed, out InvocationGenerator generator)
    {
        var machine = Create(name);
        generator = new InvocationGenerator(ShippedMachines.Catalog.Find(name)!.Definition, seed);
        for (var i = 0; i < Calls; i++)
        {
            generator.See(machine.Apply(generator.Next(), generator.NextContext()));
        }

        return machine;
    }

    private static IItemizedStateMachine Create(string name)
    {
        var type = ShippedMachines.Catalog.Find(name)!;
        return (IItemizedStateMachine)type.Create(MachineSettings.Defaults(type.Definition));
    }

    private static IItemizedStateMachine[] Spread(string name, StateItem[] items, int partitions)
    {
        var function = new HashPartitions(64, partitions);
        return
        [
            .. Enumerable.Range(0, partitions).Select(partition => Put(name, items.Where(item => item.Key is null || function.PartitionOf(item.Key) == partition))),
        ];
    }

    private static IItemizedStateMachine Put(string name, IEnumerable<StateItem> items)
    {
        var machine = Create(name);
        foreach (var item in items)
        {
            machine.Take(item);
        }

        return machine;
    }

    private static byte[] SnapshotOf(IStateMachine machine)
    {
        var writer = new WireWriter();
        machine.Snapshot(writer);
        return writer.ToArray();
    }
}
