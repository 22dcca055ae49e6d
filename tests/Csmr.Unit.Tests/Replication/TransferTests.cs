using Csmr.Replication.Machine;
using Csmr.Replication.Paxos;
using Csmr.Services;
using Csmr.Services.KeyValue;
using Csmr.TestKit.Multicast;

namespace Csmr.Unit.Tests.Replication;

/// <summary>A group's state is cut, brought to another group part by part, and takes the place of that one's (R1, R2), whatever copies are made meanwhile.</summary>
public sealed class TransferTests
{
    private long _sequence;

    public static TheoryData<string> Machines => [.. ShippedMachines.All.Select(static type => type.Definition.Name)];

    [Theory]
    [MemberData(nameof(Machines))]
    public void State_CutAndBrought_IsTheSame(string name)
    {
        var type = ShippedMachines.Catalog.Find(name)!;
        for (var seed = 1; seed <= 20; seed++)
        {
            var source = Filled(type, seed, entries: 150);
            var expected = Cut(source, "c");
            Apply(source, type, seed + 1_000, 50);
            var target = Filled(type, seed + 2_000, 50);
            Execute(target, TransferOperations.Stage, Value.Of("r"));
            for (var i = 0; i < expected.Length; i++)
            {
                Assert.True(Execute(target, TransferOperations.Load, Value.Of("r"), Value.Of(i), Value.OfJson(expected[i])).IsDone);
            }

            Assert.True(Execute(target, TransferOperations.Ready, Value.Of("r"), Value.Of(expected.Length)).IsDone);
            Assert.True(Execute(target, TransferOperations.Commit, Value.Of("r")).IsDone);
            Assert.Equal(Visible(type, expected), Visible(type, Cut(target, "again")));
        }
    }

    [Fact]
    public void Cut_IsNotPartOfTheState()
    {
        var (machine, other) = (Filled(new KvMachineType(), 1, 100), Filled(new KvMachineType(), 1, 100));
        var outcome = Execute(machine, TransferOperations.Cut, Value.Of("c"));
        Assert.Equal(machine.AppliedUpTo.Number, outcome.Fields[0].AsLong());
        Assert.Single(machine.TakeCuts());
        Assert.Empty(machine.TakeCuts());
        _sequence--;
        Execute(other, TransferOperations.Cut, Value.Of("c"));
        Assert.Equal(machine.Digest(), other.Digest());
    }

    [Fact]
    public void Parts_InAnotherOrderOrOfAnotherRestore_AreRefused()
    {
        var machine = Filled(new KvMachineType(), 1, 100);
        var before = machine.Digest();
        Refused(Execute(machine, TransferOperations.Load, Value.Of("a"), Value.Of(0), Value.OfJson([])));
        Refused(Execute(machine, TransferOperations.Ready, Value.Of("a"), Value.Of(0)));
        Refused(Execute(machine, TransferOperations.Commit, Value.Of("a")));
        Execute(machine, TransferOperations.Stage, Value.Of("a"));
        Refused(Execute(machine, TransferOperations.Load, Value.Of("a"), Value.Of(1), Value.OfJson([])));
        Refused(Execute(machine, TransferOperations.Load, Value.Of("b"), Value.Of(0), Value.OfJson([])));
        Refused(Execute(machine, TransferOperations.Ready, Value.Of("a"), Value.Of(1)));
        Execute(machine, TransferOperations.Discard, Value.Of("b"));
        Assert.True(Execute(machine, TransferOperations.Load, Value.Of("a"), Value.Of(0), Value.OfJson([])).IsDone);
        Execute(machine, TransferOperations.Discard, Value.Of("a"));
        Refused(Execute(machine, TransferOperations.Load, Value.Of("a"), Value.Of(1), Value.OfJson([])));
        Assert.NotEqual(before, machine.Digest()); // Sessions and the slot went on.
        Assert.NotEmpty(Cut(machine, "c").Single());
    }

    [Theory]
    [InlineData("kv")]
    [InlineData("counter")]
    public void Parts_OfNoState_AreRefusedAndDropped(string name)
    {
        var machine = Filled(ShippedMachines.Catalog.Find(name)!, 1, 100);
        var state = Cut(machine, "before");
        Execute(machine, TransferOperations.Stage, Value.Of("a"));
        var load = Execute(machine, TransferOperations.Load, Value.Of("a"), Value.Of(0), Value.OfJson([7, 7, 7]));
        var ready = Execute(machine, TransferOperations.Ready, Value.Of("a"), Value.Of(1));
        Assert.Equal("restore.bad-state", (load.IsDone ? ready : load).Code);
        Refused(Execute(machine, TransferOperations.Commit, Value.Of("a")));
        Assert.Equal(state, Cut(machine, "after"));
    }

    /// <summary>Without a restore that is committed, nothing of what was brought is to be seen; a copy of the replica goes on as the original.</summary>
    [Theory]
    [MemberData(nameof(Machines))]
    public void Copies_InTheMiddleOfARestore_GoOnAsTheOriginal(string name)
    {
        var type = ShippedMachines.Catalog.Find(name)!;
        var parts = Cut(Filled(type, 4, 300), "c").SelectMany(Pieces).ToArray();
        var machine = Filled(type, 5, 60);
        Step(ref machine, type, TransferOperations.Stage, Value.Of("a"));
        var before = Cut(machine, "x");
        if (type.Create(MachineSettings.Defaults(type.Definition)) is IItemizedStateMachine)
        {
            parts = [parts.SelectMany(static part => part).ToArray()];
        }

        for (var i = 0; i < parts.Length; i++)
        {
            Step(ref machine, type, TransferOperations.Load, Value.Of("a"), Value.Of(i), Value.OfJson(parts[i]));
            Assert.Equal(before, Cut(machine, "x"));
        }

        Step(ref machine, type, TransferOperations.Ready, Value.Of("a"), Value.Of(parts.Length));
        Assert.Equal(before, Cut(machine, "x"));
        Step(ref machine, type, TransferOperations.Commit, Value.Of("a"));
        Refused(Execute(machine, TransferOperations.Commit, Value.Of("a")));
    }

    // Counters that never go back are no part of what a restore brings.
    private static IEnumerable<string> Visible(IStateMachineType type, byte[][] parts) =>
        type.Create(MachineSettings.Defaults(type.Definition)) is IItemizedStateMachine
            ? parts.SelectMany(static part => StateCut.ReadItems(part)).Where(static item => item.Key is not null).Select(static item => $"{item.Key} {Convert.ToHexString(item.Body.Span)}")
            : parts.Select(Convert.ToHexString);

    private static ReplicatedMachine Filled(IStateMachineType type, int seed, int entries)
    {
        var machine = New(type);
        Apply(machine, type, seed, entries);
        return machine;
    }

    private static void Apply(ReplicatedMachine machine, IStateMachineType type, int seed, int entries)
    {
        var history = new CommandHistory(type, seed);
        for (var i = 0; i < entries; i++)
        {
            machine.Apply(machine.AppliedUpTo.Next, history.Next(), null);
        }
    }

    private static ReplicatedMachine New(IStateMachineType type) => new(type, MachineSettings.Defaults(type.Definition));

    private byte[][] Cut(ReplicatedMachine machine, string id)
    {
        Assert.True(Execute(machine, TransferOperations.Cut, Value.Of(id)).IsDone);
        var cut = machine.TakeCuts()[^1];
        Assert.Equal(id, cut.Id);
        return [.. cut.Parts];
    }

    private Outcome Execute(ReplicatedMachine machine, string operation, params Value[] arguments)
    {
        var command = new Command(new RequestId(new SessionId(77, 77), ++_sequence, 0), machine.TimeMs + 60_000, 0, IsCallerSession: false, TransferOperations.Pack(operation, arguments));
        var writer = new WireWriter();
        CommandBatch.Write([command], writer);
        var replies = new List<byte[]>();
        machine.Apply(machine.AppliedUpTo.Next, new Entry(machine.TimeMs, [writer.ToArray()]), replies);
        return CommandBatch.ReadReplies(replies.Single(), 1).Single().Outcome!;
    }

    private static byte[][] Pieces(byte[] part) => [.. part.Chunk(100)];

    private void Step(ref ReplicatedMachine machine, IStateMachineType type, string operation, params Value[] arguments)
    {
        var copy = new ReplicaCopy(machine).Finish(New(type), machine);
        var sequence = _sequence;
        Assert.True(Execute(machine, operation, arguments).IsDone);
        _sequence = sequence;
        Execute(copy, operation, arguments);
        ReplicaCopy.RequireSame(machine, copy);
        machine = new ReplicaCopy(machine).Finish(New(type), machine);
    }

    private static void Refused(Outcome outcome) => Assert.Equal("restore.not-staged", outcome.Code);
}
