using System.Buffers;
using Csmr.Replication.Machine;
using Csmr.Replication.Paxos;
using Csmr.Services.Counter;

namespace Csmr.Unit.Tests.Replication;

public sealed class ReplicatedMachineTests
{
    private static readonly CounterMachineType Counter = new();
    private static readonly SessionId Session = new(1, 2);
    private readonly ReplicatedMachine _machine = New(Counter);

    [Fact]
    public void Apply_SameIdAgain_AnsweredAgainAndNotExecutedAgain()
    {
        Assert.Equal((CommandReplyKind.Executed, 5), Apply(_machine, Add(sequence: 1, amount: 5)));
        Assert.Equal((CommandReplyKind.Replayed, 5), Apply(_machine, Add(sequence: 1, amount: 5)));
        Assert.Equal((CommandReplyKind.Executed, 10), Apply(_machine, Add(sequence: 2, amount: 5)));
        Assert.Equal((CommandReplyKind.Replayed, 5), Apply(_machine, Add(sequence: 1, amount: 5)));
        Assert.Equal(10, Get());
    }

    [Fact]
    public void Apply_SameIdForSomethingElse_Refused()
    {
        Apply(_machine, Add(sequence: 1, amount: 5));
        Assert.Equal(CommandReplyKind.IdReused, Apply(_machine, Add(sequence: 1, amount: 6)).Kind);
        Assert.Equal(5, Get());
    }

    [Fact]
    public void Apply_StepsOfOneRequest_AreToldApart()
    {
        Apply(_machine, Add(sequence: 1, amount: 5, step: 0));
        Assert.Equal((CommandReplyKind.Executed, 10), Apply(_machine, Add(sequence: 1, amount: 5, step: 1)));
    }

    [Theory]
    [InlineData(1000, 999, CommandReplyKind.Executed)]
    [InlineData(1000, 1000, CommandReplyKind.Expired)]
    [InlineData(1000, 5000, CommandReplyKind.Expired)]
    public void Apply_ExpiryAgainstEntryTime_ExecutedOnlyBefore(long expiresAtMs, long timeMs, CommandReplyKind expected) =>
        Assert.Equal(expected, Apply(_machine, Add(sequence: 1, amount: 5, expiresAtMs: expiresAtMs), timeMs).Kind);

    [Fact]
    public void Apply_RepetitionAfterExpiry_RefusedAndNotExecutedAgain()
    {
        Apply(_machine, Add(sequence: 1, amount: 5, expiresAtMs: 1000), timeMs: 10);
        Assert.Equal(CommandReplyKind.Expired, Apply(_machine, Add(sequence: 1, amount: 5, expiresAtMs: 1000), timeMs: 1000).Kind);
        Assert.Equal(5, Get());
    }

    [Fact]
    public void Apply_ResultsOfOneSession_AreKeptAsLongAsItsLatestExpiry()
    {
        Apply(_machine, Add(sequence: 1, amount: 5, expiresAtMs: 5000), timeMs: 10);
        Apply(_machine, Add(sequence: 2, amount: 5, expiresAtMs: 1000), timeMs: 20);
        Assert.Equal(CommandReplyKind.Replayed, Apply(_machine, Add(sequence: 1, amount: 5, expiresAtMs: 5000), timeMs: 4999).Kind);
    }

    [Fact]
    public void Apply_ExpiryTooFarAhead_Refused()
    {
        var machine = New(Counter, new SessionLimits { RetentionMsMax = 1000 });
        Assert.Equal(CommandReplyKind.Expired, Apply(machine, Add(sequence: 1, amount: 5, expiresAtMs: 1012), timeMs: 11).Kind);
        Assert.Equal(CommandReplyKind.Executed, Apply(machine, Add(sequence: 1, amount: 5, expiresAtMs: 1011), timeMs: 11).Kind);
    }

    [Fact]
    public void Apply_AcknowledgedBySession_DroppedAndRefused()
    {
        Apply(_machine, Add(sequence: 1, amount: 5));
        Apply(_machine, Add(sequence: 2, amount: 5, acknowledgedBelow: 2));
        Assert.Equal(CommandReplyKind.Superseded, Apply(_machine, Add(sequence: 1, amount: 5)).Kind);
        Assert.Equal(CommandReplyKind.Replayed, Apply(_machine, Add(sequence: 2, amount: 5)).Kind);
        Assert.Equal(10, Get());
    }

    [Fact]
    public void Apply_TableFull_RefusedUntilResultsGo()
    {
        var machine = New(Counter, new SessionLimits { ResultsMax = 2 });
        Apply(machine, Add(sequence: 1, amount: 1), timeMs: 1);
        Apply(machine, Add(sequence: 2, amount: 1, expiresAtMs: 500), timeMs: 1);
        Assert.Equal(CommandReplyKind.SessionsFull, Apply(machine, Add(sequence: 3, amount: 1), timeMs: 2).Kind);
        var other = Add(sequence: 1, amount: 1, acknowledgedBelow: 0) with { Id = new RequestId(new SessionId(9, 9), 1) };
        Assert.Equal(CommandReplyKind.Executed, Apply(machine, other with { ExpiresAtMs = 200_000 }, timeMs: 150_000).Kind);
    }

    [Fact]
    public void Apply_TimeOfEntries_NeverGoesBack()
    {
        Apply(_machine, Add(sequence: 1, amount: 1), timeMs: 100);
        Apply(_machine, Add(sequence: 2, amount: 1), timeMs: 50);
        Assert.Equal(100, _machine.TimeMs);
    }

    [Fact]
    public void Apply_SlotOutOfOrder_BreaksA4() =>
        Assert.Equal("A4", Assert.Throws<InvariantBrokenException>(() => _machine.Apply(new Slot(2), new Entry(0, []), null)).Id);

    [Fact]
    public void Apply_MachineThrows_FaultAndTheGroupGoesOn()
    {
        var machine = New(new ThrowingType());
        var command = new Command(new RequestId(Session, 1), 100_000, 0, false, Pack(ThrowingType.Boom));
        machine.Apply(new Slot(1), new Entry(1, [Batch(command)]), null);
        Assert.Equal(1, machine.Faults);
        machine.Apply(new Slot(2), new Entry(1, [Batch(command with { Id = new RequestId(Session, 2) })]), null);
        Assert.Equal(new Slot(2), machine.AppliedUpTo);
    }

    [Fact]
    public void Apply_BytesThatAreNoCommands_ChangeNothing()
    {
        Apply(_machine, Add(sequence: 1, amount: 5));
        var replies = new List<byte[]>();
        _machine.Apply(_machine.AppliedUpTo.Next, new Entry(2, [new byte[] { 77, 1, 2 }, Array.Empty<byte>()]), replies);
        Assert.Equal(2, replies.Count);
        Assert.Equal(5, Get());
    }

    [Fact]
    public void Read_OfAnUpdate_IsAFaultAndChangesNothing()
    {
        var writer = new WireWriter();
        CommandBatch.WriteReads([Add(sequence: 1, amount: 3).Invocation], writer);
        var reply = CommandBatch.ReadReplies(_machine.Read(writer.ToArray()), 1)[0];
        Assert.Equal(OutcomeKind.Fault, reply.Outcome!.Kind);
        Assert.Equal(0, Get());
    }

    [Fact]
    public void Digest_SameEntries_EqualAndDifferentAfterADifferentOne()
    {
        var other = New(Counter);
        foreach (var machine in new[] { _machine, other })
        {
            Apply(machine, Add(sequence: 1, amount: 5));
        }

        Assert.Equal(_machine.Digest(), other.Digest());
        Apply(_machine, Add(sequence: 2, amount: 5));
        Apply(other, Add(sequence: 2, amount: 6));
        Assert.NotEqual(_machine.Digest(), other.Digest());
    }

    private static ReplicatedMachine New(IStateMachineType type, SessionLimits? limits = null) =>
        new(type, MachineSettings.Defaults(type.Definition), limits);

    private static Command Add(long sequence, long amount, int step = 0, long expiresAtMs = 100_000, long acknowledgedBelow = 0) =>
        new(new RequestId(Session, sequence, step), expiresAtMs, acknowledgedBelow, false, Pack(Counter.Definition.Find("add")!, Value.Of(amount)));

    private static byte[] Pack(OperationDefinition operation, params Value[] arguments)
    {
        var writer = new WireWriter();
        new Invocation(operation, arguments).Write(writer);
        return writer.ToArray();
    }

    private static byte[] Batch(Command command)
    {
        var writer = new WireWriter();
        CommandBatch.Write([command], writer);
        return writer.ToArray();
    }

    private static (CommandReplyKind Kind, long Value) Apply(ReplicatedMachine machine, Command command, long timeMs = 1)
    {
        var replies = new List<byte[]>();
        machine.Apply(machine.AppliedUpTo.Next, new Entry(timeMs, [Batch(command)]), replies);
        var reply = CommandBatch.ReadReplies(Assert.Single(replies), 1)[0];
        return (reply.Kind, reply.Outcome is { IsDone: true } done ? done.Fields[0].AsLong() : -1);
    }

    private long Get()
    {
        var writer = new WireWriter();
        CommandBatch.WriteReads([Pack(Counter.Definition.Find("get")!)], writer);
        return CommandBatch.ReadReplies(_machine.Read(writer.ToArray()), 1)[0].Outcome!.Fields[0].AsLong();
    }

    private sealed class ThrowingType : IStateMachineType
    {
        public static readonly OperationDefinition Boom = new()
        {
            Name = "boom",
            Summary = "Throws.",
            Access = OperationAccess.Update,
            Fields = [new FieldDefinition("ok", ValueType.Bool, "Never.")],
        };

        public MachineDefinition Definition { get; } = new("thrower", "Throws.", [Boom]);

        public IStateMachine Create(MachineSettings settings) => new Thrower();

        private sealed class Thrower : IStateMachine
        {
            public Outcome Apply(Invocation invocation, in ApplyContext context) => throw new InvalidCastException("a defect");

            public Footprint FootprintOf(Invocation invocation) => Footprint.Everything;

            public void Snapshot(IBufferWriter<byte> output)
            {
            }

            public void Restore(ReadOnlyMemory<byte> snapshot)
            {
            }
        }
    }
}
