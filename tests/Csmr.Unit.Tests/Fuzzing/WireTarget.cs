using Csmr.Composition.Programs;
using Csmr.Replication.Machine;
using Csmr.Replication.Multicast;
using Csmr.Replication.Paxos;
using Csmr.Replication.Ports;
using Csmr.Services;
using Csmr.TestKit.Fuzzing;
using Csmr.Unit.Tests.Composition.Programs;

namespace Csmr.Unit.Tests.Fuzzing;

/// <summary>What travels between processes: it is decoded, and encoded again gives the same bytes, or it is refused.</summary>
internal static class WireTarget
{
    private static readonly MachineDefinition[] Machines = [.. ShippedMachines.Catalog.Machines.Select(static type => type.Definition)];

    private static readonly Func<ReadOnlyMemory<byte>, byte[]>[] Readers =
    [
        static bytes => MessageCodec.Pack(MessageCodec.Read(bytes)),
        static bytes => Written(writer => CommandBatch.Write(CommandBatch.Read(bytes), writer)),
        static bytes => Written(writer => CommandBatch.WriteReads(CommandBatch.ReadReads(bytes), writer)),
        static bytes => Replies(bytes),
        static bytes => Entry.Read(bytes) is var entry ? Entry.Pack(entry.TimeMs, entry.Proposals) : [],
        static bytes => Invocations(bytes),
        static bytes => Outcomes(bytes),
        static bytes => CommandBatch.PackIds(CommandBatch.ReadIds(bytes)),
        static bytes => MulticastCall.Read(bytes).Pack(),
        static bytes => ChannelMessage.Read(bytes).Pack(),
        static bytes => Programs(bytes),
        static bytes => Results(bytes),
    ];

    private static readonly InputMutator Mutator = new(Samples(), []);

    // The first byte chooses the reader; it is the right one for a sample that was not changed.
    public static FuzzTarget Target { get; } = new(
        "wire",
        Share: 40,
        static random =>
        {
            var input = Mutator.Next(random);
            return random.Chance(50) && input.Length > 0 ? [(byte)random.Below(Readers.Length), .. input[1..]] : input;
        },
        Check,
        static bytes => (64 << 10) + (128L * bytes));

    public static bool Check(byte[] input)
    {
        if (input.Length == 0)
        {
            return false;
        }

        try
        {
            var again = Readers[input[0] % Readers.Length](input.AsMemory(1));
            Assert.True(again.Length == 0 || input.AsSpan(1).SequenceEqual(again), $"read and written again it is {Convert.ToHexString(again)}");
            return true;
        }
        catch (WireFormatException)
        {
            return false;
        }
    }

    private static byte[][] Samples()
    {
        byte[] entry = Entry.Pack(1_000_000, [new byte[] { 1, 2, 3 }, new byte[40]]);
        var ballot = new Ballot(300, new ReplicaId(2));
        Message[] messages =
        [
            new Hello(77), new AgreedTo([1, 2, ulong.MaxValue]), new FormedBy([1, 2, 3]), new PreVote(ballot, new Slot(5)),
            new PreVoteReply(ballot, true, ballot, new Slot(3)), new Truncated(ballot, new Slot(90)),
            new SnapshotAsk(new Slot(7), new Slot(5), 1 << 20), new SnapshotPart(new Slot(7), 1 << 21, 1 << 20, entry), new Prepare(ballot, new Slot(9)),
            new Promise(ballot, new Slot(1), new Slot(2), new Slot(70_000), new Slot(0), new Slot(1), 1_000_000, [new(new Slot(1), ballot, entry), new(new Slot(2), ballot, entry)]),
            new Accept(ballot, new Slot(3), [entry, entry], new Slot(2), 12, 1_000_000), new Accepted(ballot, new Slot(4), 12),
            new Reject(ballot, ballot), new TakeOver(ballot), new Removed(3),
            new Accept(ballot, new Slot(3), [Entry.Pack(1_000_000, GroupConfiguration.Initial([new Member(new ReplicaId(0))]).With("n2", isWitness: true))], new Slot(2), 12, 1_000_000),
        ];
        var invocations = Machines.SelectMany(static (machine, index) => machine.Operations.Select(operation => Written(writer =>
        {
            writer.Byte((byte)index);
            new Invocation(operation, [.. operation.Parameters.Select(ValueOf)]).Write(writer);
        }))).ToArray();
        Outcome[] outcomes = [Outcome.Done(Value.Of(true), Value.Of(7), Value.Null, Value.Of("text")), Outcome.Refused("kv.x", "why"), Outcome.Fault("f", "how")];
        var commands = invocations.Take(3).Select((invocation, i) =>
            new Command(new RequestId(new SessionId(1, 2), i + 1, i), 5_000_000, 1, IsCallerSession: i == 1, invocation.AsMemory(1))).ToArray();
        CommandReply[] replies = [new(CommandReplyKind.Executed, new Slot(4), outcomes[0]), new(CommandReplyKind.Expired, new Slot(4), null)];
        return
        [
            .. messages.Select(message => With(0, MessageCodec.Pack(message))),
            With(1, Written(writer => CommandBatch.Write(commands, writer))),
            With(2, Written(writer => CommandBatch.WriteReads([.. invocations.Take(3).Select(static bytes => new ReadOnlyMemory<byte>(bytes, 1, bytes.Length - 1))], writer))),
            With(3, Written(writer => Array.ForEach(replies, reply => CommandBatch.WriteReply(reply, writer)))),
            With(4, entry),
            .. invocations.Select(static invocation => With(5, invocation)),
            .. outcomes.Select(static outcome => With(6, Written(outcome.Write))),
            .. CompositeSamples(outcomes),
        ];
    }

    private static IEnumerable<byte[]> CompositeSamples(Outcome[] outcomes)
    {
        var id = new RequestId(new SessionId(1, 2), 300, 1);
        GroupId[] groups = [new("events"), new("kv.0")];
        var calls = Enumerable.Range(0, 20).Select(static seed => new RandomCall(seed)).Select(static call => CompositeCall.Of(call.Plan, call.Arguments).Program.ToBytes()).ToArray();
        var whole = new MulticastCall(groups, calls[0]).Pack();
        yield return With(7, CommandBatch.PackIds([id, id with { Step = 0 }]));
        yield return With(8, whole);
        ChannelMessage[] messages =
        [
            new Proposed(new Command(id, 5_000_000, 1, IsCallerSession: true, whole, IsComposite: true), 12, 30_000),
            new Voided(id, groups, 0xABCDEF, CommandReplyKind.Expired, 30_000), new Cleared(id),
            new StepSettled(id, 3, StepResult.Of(outcomes[0])), new StepSettled(id, 3, new StepResult(StepResultKind.Skipped, null)),
        ];
        foreach (var message in messages)
        {
            yield return With(9, message.Pack());
        }

        foreach (var program in calls)
        {
            yield return With(10, program);
        }

        SettledStep[] settled = [.. outcomes.Select(static (outcome, step) => new SettledStep(step, StepResult.Of(outcome), new Slot(7))), new(9, new StepResult(StepResultKind.NotReached, null), new Slot(8))];
        yield return With(11, Written(MulticastCall.PackResults(settled).Write));
    }

    private static byte[] Replies(ReadOnlyMemory<byte> bytes)
    {
        var replies = CommandBatch.ReadReplies(bytes, 2);
        Assert.All(replies, static reply => Assert.True(Enum.IsDefined(reply.Kind), $"{reply.Kind} is no kind of reply"));
        return Written(writer => Array.ForEach(replies, reply => CommandBatch.WriteReply(reply, writer)));
    }

    // The first byte of an invocation chooses the machine. Arguments at the end may be left out; written again they are there.
    private static byte[] Invocations(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            throw new WireFormatException("empty");
        }

        var machine = Machines[bytes.Span[0] % Machines.Length];
        var reader = new WireReader(bytes[1..]);
        var invocation = Invocation.Read(ref reader, machine);
        reader.End();
        if (invocation is null)
        {
            return [];
        }

        var whole = Written(invocation.Write);
        var again = new WireReader(whole);
        Assert.Equal(whole, Written(Invocation.Read(ref again, machine)!.Write));
        return whole.Length > bytes.Length - 1 ? [] : [bytes.Span[0], .. whole];
    }

    private static byte[] Outcomes(ReadOnlyMemory<byte> bytes)
    {
        var reader = new WireReader(bytes);
        var outcome = Outcome.Read(ref reader);
        reader.End();
        return Written(outcome.Write);
    }

    // A program may name a step that needs no name: written again it does not.
    private static byte[] Programs(ReadOnlyMemory<byte> bytes)
    {
        var whole = CompositeProgram.Read(bytes).ToBytes();
        Assert.Equal(whole, CompositeProgram.Read(whole).ToBytes());
        return [];
    }

    // A group's answer to a composite call; a refusal has no results.
    private static byte[] Results(ReadOnlyMemory<byte> bytes)
    {
        var reader = new WireReader(bytes);
        var outcome = Outcome.Read(ref reader);
        reader.End();
        var results = MulticastCall.ReadResults(outcome);
        return outcome.IsDone ? Written(MulticastCall.PackResults(results).Write) : [];
    }

    private static Value ValueOf(ParameterDefinition parameter) => parameter.Type switch
    {
        _ when parameter.Type == ValueType.Long => Value.Of(3),
        _ when parameter.Type == ValueType.Bool => Value.Of(true),
        _ when parameter.Type == ValueType.String => Value.Of("text"),
        _ => Value.OfJson("{\"a\":1}"u8.ToArray()),
    };

    private static byte[] With(byte first, byte[] rest) => [first, .. rest];

    private static byte[] Written(Action<WireWriter> write)
    {
        var writer = new WireWriter();
        write(writer);
        return writer.ToArray();
    }
}
