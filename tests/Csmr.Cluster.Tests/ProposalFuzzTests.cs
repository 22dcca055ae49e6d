using Csmr.Composition.Plans;
using Csmr.Composition.Programs;
using Csmr.Grains.Replicas;
using Csmr.Replication.Machine;
using Csmr.Replication.Multicast;
using Csmr.Replication.Paxos;
using Csmr.TestKit.Fuzzing;
using Csmr.TestKit.Simulation;

namespace Csmr.Cluster.Tests;

/// <summary>
/// What gateways and other groups send, as it is executed: whatever the bytes are, two replicas do the same with them, and the
/// group goes on. Only a batch of a channel that can be read and contradicts the group's own state stops it, by invariant M1.
/// </summary>
public sealed class ProposalFuzzTests(ITestOutputHelper output)
{
    private const byte Commands = 0;
    private const byte Words = 1;
    private const byte Reads = 2;
    private const byte Kinds = 3;
    private const long StartMs = 1_000_000;

    private static readonly Plan Store = Plans.Store();
    private static readonly GroupPlan Kv = Store.Groups.Single(static group => group.Service == "kv");
    private static readonly GroupPlan Events = Store.Groups.Single(static group => group.Service == "events");
    private static readonly SessionId Session = new(1, 2);

    private readonly InputMutator _mutator = new(Samples(), []);

    [Fact]
    public void Proposals_Bad_AreExecutedAlikeAndHoldUpNobody()
    {
        var closing = new FuzzTarget("proposals", Share: 5, Make, Check, static bytes => (2 << 20) + (1024L * bytes)).Run();
        output.WriteLine(closing);
        Assert.DoesNotContain(", 0 refused", closing, StringComparison.Ordinal);
        Assert.DoesNotContain(", 0 accepted", closing, StringComparison.Ordinal);
    }

    // The first byte says what it is, and is right for samples.
    private byte[] Make(SimulationRandom random)
    {
        var input = _mutator.Next(random);
        return random.Chance(20) && input.Length > 0 ? [(byte)random.Below(Kinds), .. input[1..]] : input;
    }

    private static bool Check(byte[] input)
    {
        if (input.Length == 0)
        {
            return false;
        }

        var (one, other) = (Started(Kv), Started(Kv));
        byte[]? answer;
        try
        {
            answer = Feed(one, input);
        }
        catch (InvariantBrokenException broken) when (broken.Id == "M1" && Channels.IsBatch(input.AsMemory(1)))
        {
            Assert.Throws<InvariantBrokenException>(() => Feed(other, input));
            return false;
        }

        Assert.Equal(answer, Feed(other, input));
        Assert.Equal(one.Digest(), other.Digest());
        Assert.Equal(0, one.Faults);
        RequireGoesOn(one);
        return answer.Length > 0 && !answer.AsSpan().SequenceEqual(new byte[] { 0 });
    }

    // Another client's command is executed; where a composite operation that was taken holds everything, it waits for that.
    private static void RequireGoesOn(ReplicatedMachine machine)
    {
        var command = Single(1, "put", Value.Of("afterwards"), Value.OfJson("1"u8.ToArray())) with { Id = new RequestId(new SessionId(30, 40), 1) };
        var kind = Replies(machine, command, slot: 4)[0].Kind;
        Assert.True(kind == CommandReplyKind.Executed || (kind == CommandReplyKind.Waiting && machine.Pending.Count() > 1), $"it is answered {kind}");
    }

    private static byte[] Feed(ReplicatedMachine machine, byte[] input)
    {
        var bytes = input.AsMemory(1);
        return input[0] % Kinds == Reads ? machine.Read(bytes) : Applied(machine, bytes, slot: 3);
    }

    /// <summary>A group that has executed one call and waits for the other group's word about a composite one.</summary>
    private static ReplicatedMachine Started(GroupPlan group)
    {
        var machine = new ReplicatedMachine(group.Machine, group.Settings, new SessionLimits(), group.Id, new CompositeLanguage());
        Applied(machine, Batch(Single(1, "put", Value.Of("pear"), Value.OfJson("2"u8.ToArray()))), slot: 1);
        Assert.Equal(CommandReplyKind.Waiting, Replies(machine, Composite(2), slot: 2)[0].Kind);
        return machine;
    }

    private static byte[][] Samples()
    {
        var events = Started(Events);
        var word = events.PackOutgoing(Kv.Id, 0, 1 << 20);
        var kv = Started(Kv);
        Applied(events, kv.PackOutgoing(Events.Id, 0, 1 << 20), slot: 3);
        var all = events.PackOutgoing(Kv.Id, 0, 1 << 20);
        Assert.True(Channels.IsBatch(word) && all.Length > word.Length);
        var writer = new WireWriter();
        CommandBatch.WriteReads([Packed("get", Value.Of("pear")), Packed("range", Value.Of("a"), Value.Null)], writer);
        return
        [
            With(Commands, Batch(Single(3, "get", Value.Of("pear")), Single(4, "put", Value.Of("pear"), Value.OfJson("[1]"u8.ToArray())))),
            With(Commands, Batch(Composite(5))), With(Commands, Batch(Composite(2))),
            With(Words, word), With(Words, all), With(Words, ReplicatedMachine.PackReceived(Events.Id, 1)),
            With(Reads, writer.ToArray()),
        ];
    }

    private static Command Composite(long sequence)
    {
        var operation = Store.Operations.Single(static operation => operation.Name == "record-atomic");
        var call = CompositeCall.Of(operation, [Value.Of("apple"), Value.OfJson("{\"a\":1}"u8.ToArray()), .. operation.Parameters.Skip(2).Select(static _ => Value.Null)]);
        var invocation = new MulticastCall(call.Destinations, call.Program.ToBytes()).Pack();
        return new Command(new RequestId(Session, sequence), StartMs + 60_000, 0, IsCallerSession: false, invocation, IsComposite: true);
    }

    private static Command Single(long sequence, string operation, params Value[] arguments) =>
        new(new RequestId(Session, sequence), StartMs + 60_000, 0, IsCallerSession: false, Packed(operation, arguments));

    private static byte[] Packed(string operation, params Value[] arguments)
    {
        var writer = new WireWriter();
        Invocation.Pack(writer, operation, arguments);
        return writer.ToArray();
    }

    private static byte[] Batch(params Command[] commands)
    {
        var writer = new WireWriter();
        CommandBatch.Write(commands, writer);
        return writer.ToArray();
    }

    private static CommandReply[] Replies(ReplicatedMachine machine, Command command, int slot) =>
        CommandBatch.ReadReplies(Applied(machine, Batch(command), slot), 1);

    private static byte[] Applied(ReplicatedMachine machine, ReadOnlyMemory<byte> proposal, int slot)
    {
        while (machine.AppliedUpTo.Number < slot - 1)
        {
            machine.Apply(machine.AppliedUpTo.Next, Entry.Read(Entry.Pack(StartMs, [])), null);
        }

        var replies = new List<byte[]>();
        machine.Apply(new Slot(slot), Entry.Read(Entry.Pack(StartMs, [proposal])), replies);
        return replies.Single();
    }

    private static byte[] With(byte kind, byte[] bytes) => [kind, .. bytes];
}
