using System.Buffers;

namespace Csmr.Sample.Counter;

/// <summary>
/// A state machine of one's own in one file: named counters that never go below 0 or above a cap. This class is what
/// manifests name: <c>machine: tally</c>.
/// </summary>
public sealed class TallyMachineType : IStateMachineType
{
    /// <summary>What clients, manifests and documentation see.</summary>
    public MachineDefinition Definition { get; } = new(
        "tally",
        "Named counters between 0 and a cap.",
        [
            new OperationDefinition
            {
                Name = "add",
                Summary = "Adds to a counter, which is 0 before.",
                Access = OperationAccess.Update,
                Parameters =
                [
                    ParameterDefinition.Key("name", "The counter."),
                    new ParameterDefinition("amount", ValueType.Long, "What to add, below 0 to take away.") { Example = "3" },
                ],
                Fields = [new FieldDefinition("value", ValueType.Long, "The counter's new value.")],
                KeyParameters = ["name"],
                Refusals = [new RefusalDefinition("tally.out-of-bounds", "The counter would go below 0 or above the cap.")],
                Example = """{"value":3}""",
            },
            new OperationDefinition
            {
                Name = "top",
                Summary = "Lists the largest counters, equal ones in the order of their names.",
                Access = OperationAccess.Read,
                Parameters = [new ParameterDefinition("n", ValueType.Long, "How many at most.") { Minimum = 1, Maximum = 100, Example = "10" }],
                Fields =
                [
                    new FieldDefinition(
                        "counters",
                        ValueType.ListOf(ValueType.Record(
                            new FieldDefinition("name", ValueType.String, "The counter."),
                            new FieldDefinition("value", ValueType.Long, "Its value."))),
                        "The counters above 0, the largest first."),
                ],
                Example = """{"counters":[{"name":"apple","value":3}]}""",
            },
        ],
        [new SettingDefinition("cap", ValueType.Long, Value.Of(1_000_000), "The most that a counter may reach.") { Minimum = 1 }]);

    /// <summary>Called once for each replica of each service that names this machine.</summary>
    public IStateMachine Create(MachineSettings settings) => new TallyMachine(settings["cap"].AsLong());
}

/// <summary>One replica's copy of the counters.</summary>
/// <param name="cap">The most that a counter may reach.</param>
internal sealed class TallyMachine(long cap) : IStateMachine
{
    private const byte SnapshotFormat = 1;

    // Sorted, so that equal counters always make equal snapshots. A counter of 0 is not kept: it is the same as none.
    private OrderedMap<OrdinalKey, long> _counters = new();

    /// <inheritdoc/>
    public Outcome Apply(Invocation invocation, in ApplyContext context) => invocation.Operation.Name switch
    {
        "add" => Add(invocation["name"].AsString(), invocation["amount"].AsLong()),
        "top" => Top((int)Math.Clamp(invocation["n"].AsLong(), 1, 100)),
        var other => throw new ArgumentException($"The tally has no operation '{other}'.", nameof(invocation)),
    };

    /// <inheritdoc/>
    public Footprint FootprintOf(Invocation invocation) => invocation.Operation.Name == "add"
        ? Footprint.Write(invocation["name"].AsString())
        : Footprint.Of(new FootprintItem("", FootprintItem.End, IsWrite: false));

    /// <inheritdoc/>
    public void Snapshot(IBufferWriter<byte> output) => new View(_counters).Write(output);

    /// <summary>A copy of the map costs nothing, so the counters go on while it is written. Without this method all would stand still meanwhile.</summary>
    public IStateView Capture() => new View(_counters.Copy());

    /// <inheritdoc/>
    public void Restore(ReadOnlyMemory<byte> snapshot)
    {
        var reader = new WireReader(snapshot);
        if (reader.Byte() != SnapshotFormat)
        {
            throw new WireFormatException("this is no snapshot of a tally");
        }

        var counters = new OrderedMap<OrdinalKey, long>();
        for (var left = reader.Count(2); left > 0; left--)
        {
            var name = reader.String();
            var value = reader.VarUInt();
            if (value is 0 or > long.MaxValue || counters.Set(name, (long)value, out _))
            {
                throw new WireFormatException($"the counter '{name}' is damaged");
            }
        }

        reader.End();
        _counters = counters;
    }

    // Check first, change then.
    private Outcome Add(string name, long amount)
    {
        _counters.TryGet(name, out var value);
        if (amount > cap - value || amount < -value)
        {
            return Outcome.Refused("tally.out-of-bounds", $"'{name}' is {value}; with {amount} it would not be between 0 and {cap}.");
        }

        value += amount;
        if (value == 0)
        {
            _counters.Remove(name);
        }
        else
        {
            _counters.Set(name, value);
        }

        return Outcome.Done(Value.Of(value));
    }

    private Outcome Top(int n)
    {
        var list = new JsonBuilder().BeginList();
        foreach (var (name, value) in _counters.All().OrderByDescending(static counter => counter.Value).Take(n))
        {
            list.BeginObject().Member("name").Text(name.Text).Member("value").Number(value).EndObject();
        }

        return Outcome.Done(list.EndList().ToValue());
    }

    private sealed class View(OrderedMap<OrdinalKey, long> counters) : IStateView
    {
        public void Write(IBufferWriter<byte> output)
        {
            var writer = new WireWriter();
            writer.Byte(SnapshotFormat);
            writer.VarUInt((ulong)counters.Count);
            foreach (var (name, value) in counters.All())
            {
                writer.String(name.Text);
                writer.VarUInt((ulong)value);
            }

            writer.MoveTo(output);
        }
    }
}
