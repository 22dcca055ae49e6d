using System.Buffers;

namespace Csmr.Unit.Tests.TestKit;

/// <summary>What is wrong with a <see cref="FlawedMachineType"/>.</summary>
public enum Flaw
{
    None,
    FootprintTooSmall,
    ReadChangesState,
    RefusalChangesState,
    ThrowsAfterChange,
    UndeclaredNull,
    UndeclaredRefusal,
    WrongKind,
    SnapshotInOrderOfArrival,
    SnapshotForgets,
    RestoreKeepsOldState,
    RestoreThrowsAnything,
    StaticState,
    FootprintOfNoKey,
    ReadWithWriteFootprint,
    CaptureOfWhatIsLater,
}

/// <summary>A small store of numbers with one flaw, to see that the contract suite meets it.</summary>
public sealed class FlawedMachineType(Flaw flaw) : IStateMachineType
{
    public MachineDefinition Definition { get; } = new(
        "flawed",
        "A store of numbers.",
        [
            new OperationDefinition
            {
                Name = "set",
                Summary = "Sets a number, and refuses one below 0.",
                Access = OperationAccess.Update,
                Parameters = [ParameterDefinition.Key("key", "The key."), new ParameterDefinition("number", ValueType.Long, "The number.")],
                Fields = [new FieldDefinition("old", ValueType.Long, "The number before; 0 for none.")],
                KeyParameters = ["key"],
                Refusals = [new RefusalDefinition("flawed.negative", "The number is below 0.")],
                Example = """{"old":0}""",
            },
            new OperationDefinition
            {
                Name = "get",
                Summary = "Reads a number.",
                Access = OperationAccess.Read,
                Parameters = [ParameterDefinition.Key("key", "The key.")],
                Fields = [new FieldDefinition("number", ValueType.Long, "The number; null for none.", IsNullable: flaw != Flaw.UndeclaredNull)],
                KeyParameters = ["key"],
                Example = """{"number":1}""",
            },
        ]);

    public IStateMachine Create(MachineSettings settings) => new FlawedMachine(flaw);
}

internal sealed class FlawedMachine(Flaw flaw) : IStateMachine
{
    private static long _calls;

    private readonly List<(string Key, long Number)> _numbers = [];

    public Outcome Apply(Invocation invocation, in ApplyContext context)
    {
        var key = invocation[0].AsString();
        return invocation.Operation.Name == "set" ? Set(key, invocation[1].AsLong()) : Get(key);
    }

    public Footprint FootprintOf(Invocation invocation) => (flaw, invocation.Operation.Access) switch
    {
        (Flaw.FootprintTooSmall, OperationAccess.Update) => Footprint.Read(invocation[0].AsString()),
        (Flaw.FootprintOfNoKey, _) => Footprint.Write("something else"),
        (Flaw.ReadWithWriteFootprint, _) or (_, OperationAccess.Update) => Footprint.Write(invocation[0].AsString()),
        _ => Footprint.Read(invocation[0].AsString()),
    };

    public void Snapshot(IBufferWriter<byte> output)
    {
        var writer = new WireWriter();
        var numbers = flaw == Flaw.SnapshotInOrderOfArrival ? [.. _numbers] : _numbers.OrderBy(static pair => pair.Key, StringComparer.Ordinal).ToArray();
        writer.VarUInt((ulong)numbers.Length);
        foreach (var (key, number) in numbers)
        {
            writer.String(key);
            writer.VarInt(flaw == Flaw.SnapshotForgets ? 1 : number);
        }

        output.Write(writer.Written);
    }

    public IStateView Capture()
    {
        if (flaw == Flaw.CaptureOfWhatIsLater)
        {
            return new LateView(this);
        }

        var writer = new WireWriter();
        Snapshot(writer);
        return new EarlyView(writer.ToArray());
    }

    public void Restore(ReadOnlyMemory<byte> snapshot)
    {
        var reader = new WireReader(snapshot);
        var numbers = new List<(string, long)>();
        for (var left = flaw == Flaw.RestoreThrowsAnything ? snapshot.Span[0] : reader.Count(2); left > 0; left--)
        {
            numbers.Add((reader.String(), reader.VarInt()));
        }

        if (flaw != Flaw.RestoreThrowsAnything)
        {
            reader.End();
        }

        if (flaw != Flaw.RestoreKeepsOldState)
        {
            _numbers.Clear();
        }

        _numbers.AddRange(numbers);
    }

    private Outcome Set(string key, long number)
    {
        var index = _numbers.FindIndex(pair => pair.Key == key);
        if (number < 0)
        {
            if (flaw == Flaw.RefusalChangesState)
            {
                _numbers.Clear();
            }

            return Outcome.Refused(flaw == Flaw.UndeclaredRefusal ? "flawed.other" : "flawed.negative", "It is below 0.");
        }

        var old = index >= 0 ? _numbers[index].Number : 0;
        if (index >= 0)
        {
            _numbers.RemoveAt(index);
        }

        _numbers.Add((key, number));
        if (flaw == Flaw.ThrowsAfterChange && number > 100)
        {
            throw new InvalidOperationException("It is above 100.");
        }

        return Outcome.Done(Value.Of(flaw == Flaw.StaticState ? ++_calls : old));
    }

    private Outcome Get(string key)
    {
        var index = _numbers.FindIndex(pair => pair.Key == key);
        if (flaw == Flaw.ReadChangesState && index >= 0)
        {
            _numbers.RemoveAt(index);
        }

        if (flaw == Flaw.WrongKind)
        {
            return Outcome.Done(Value.Of("none"));
        }

        return Outcome.Done(index >= 0 && index < _numbers.Count ? Value.Of(_numbers[index].Number) : Value.Null);
    }

    private sealed class LateView(FlawedMachine machine) : IStateView
    {
        public void Write(IBufferWriter<byte> output) => machine.Snapshot(output);
    }

    private sealed class EarlyView(byte[] state) : IStateView
    {
        public void Write(IBufferWriter<byte> output) => output.Write(state);
    }
}
