using System.Text;

namespace Csmr.TestKit.Machines;

/// <summary>
/// One instance of a state machine, called by operation and argument names as a test reads best. Time and session of the
/// calls are whatever the test sets; every call is an entry of its own.
/// </summary>
public sealed class MachineUnderTest
{
    private readonly IStateMachine _machine;
    private long _slot;

    /// <summary>Makes an instance in its first state.</summary>
    /// <param name="type">The type of machine.</param>
    /// <param name="settings">The settings that differ from their defaults.</param>
    public MachineUnderTest(IStateMachineType type, params (string Name, Value Value)[] settings)
    {
        Type = type;
        Settings = new MachineSettings(type.Definition, settings.ToDictionary(static setting => setting.Name, static setting => setting.Value));
        _machine = type.Create(Settings);
    }

    private MachineUnderTest(IStateMachineType type, MachineSettings settings) =>
        (Type, Settings, _machine) = (type, settings, type.Create(settings));

    /// <summary>The type of machine.</summary>
    public IStateMachineType Type { get; }

    /// <summary>The settings.</summary>
    public MachineSettings Settings { get; }

    /// <summary>The time of the entries to come.</summary>
    public long TimeMs { get; set; } = 1_000_000;

    /// <summary>The session of the calls to come.</summary>
    public SessionId Session { get; set; }

    /// <summary>The whole state.</summary>
    /// <returns>A snapshot.</returns>
    public byte[] Snapshot()
    {
        var output = new WireWriter();
        _machine.Snapshot(output);
        return output.ToArray();
    }

    /// <summary>The whole state as of now, to be written later.</summary>
    /// <returns>The state.</returns>
    public IStateView Capture() => _machine.Capture();

    /// <summary>Replaces the whole state.</summary>
    /// <param name="snapshot">A snapshot.</param>
    public void Restore(ReadOnlyMemory<byte> snapshot) => _machine.Restore(snapshot);

    /// <summary>Another instance, in its first state, with the same settings and time.</summary>
    /// <returns>The instance.</returns>
    public MachineUnderTest Fresh() => new(Type, Settings) { TimeMs = TimeMs, Session = Session };

    /// <summary>Another instance, restored from a snapshot of this one.</summary>
    /// <returns>The instance.</returns>
    public MachineUnderTest Copy()
    {
        var copy = Fresh();
        copy._slot = _slot;
        copy.Restore(Snapshot());
        return copy;
    }

    /// <summary>Calls an operation by names.</summary>
    /// <param name="operation">The operation's name.</param>
    /// <param name="arguments">Its arguments; a text given for a JSON parameter is JSON text.</param>
    /// <returns>The answer.</returns>
    public Answer Call(string operation, params (string Name, object? Value)[] arguments) => Apply(Invocation(operation, arguments));

    /// <summary>Calls an operation.</summary>
    /// <param name="invocation">The operation with its arguments.</param>
    /// <returns>The answer.</returns>
    public Answer Apply(Invocation invocation) => Apply(invocation, new ApplyContext(new Slot(++_slot), TimeMs, Session));

    /// <summary>Calls an operation in a given entry.</summary>
    /// <param name="invocation">The operation with its arguments.</param>
    /// <param name="context">The entry.</param>
    /// <returns>The answer.</returns>
    public Answer Apply(Invocation invocation, in ApplyContext context) =>
        new(invocation.Operation, _machine.Apply(invocation, context));

    /// <summary>The state that a call touches.</summary>
    /// <param name="invocation">The operation with its arguments.</param>
    /// <returns>The footprint.</returns>
    public Footprint FootprintOf(Invocation invocation) => _machine.FootprintOf(invocation);

    /// <summary>Makes an invocation from names.</summary>
    /// <param name="operation">The operation's name.</param>
    /// <param name="arguments">Its arguments; a text given for a JSON parameter is JSON text.</param>
    /// <returns>The invocation.</returns>
    public Invocation Invocation(string operation, params (string Name, object? Value)[] arguments)
    {
        var definition = Type.Definition.Find(operation) ?? throw new ArgumentException($"There is no operation '{operation}'.", nameof(operation));
        var values = new Value[definition.Parameters.Count];
        foreach (var (name, value) in arguments)
        {
            var index = definition.IndexOf(name);
            values[index] = index >= 0
                ? ValueOf(definition.Parameters[index].Type, value)
                : throw new ArgumentException($"Operation '{operation}' has no parameter '{name}'.", nameof(arguments));
        }

        return new Invocation(definition, values);
    }

    private static Value ValueOf(ValueType type, object? value) => value switch
    {
        null => Value.Null,
        Value ready => ready,
        bool truth => Value.Of(truth),
        int number => Value.Of(number),
        long number => Value.Of(number),
        string text when type.Carrier == ValueKind.Json => Value.OfJson(Encoding.UTF8.GetBytes(text)),
        string text => Value.Of(text),
        _ => throw new ArgumentException($"A {value.GetType()} is no argument.", nameof(value)),
    };
}

/// <summary>The outcome of an operation, with its fields by name.</summary>
/// <param name="Operation">The operation.</param>
/// <param name="Outcome">The outcome.</param>
public sealed record Answer(OperationDefinition Operation, Outcome Outcome)
{
    /// <summary>A field of the answer.</summary>
    /// <param name="field">The field's name.</param>
    public Value this[string field]
    {
        get
        {
            for (var i = 0; i < Operation.Fields.Count; i++)
            {
                if (Operation.Fields[i].Name == field)
                {
                    return Outcome.IsDone ? Outcome.Fields[i] : throw new InvalidOperationException($"There is no '{field}': {this}");
                }
            }

            throw new ArgumentException($"Operation '{Operation.Name}' has no field '{field}'.", nameof(field));
        }
    }

    /// <summary>The code of a refusal or fault; empty for an answer.</summary>
    public string Code => Outcome.Code;

    /// <inheritdoc/>
    public override string ToString() => Outcome.IsDone
        ? $"({string.Join(", ", Operation.Fields.Zip(Outcome.Fields.ToArray(), static (field, value) => $"{field.Name}: {value}"))})"
        : $"{Outcome.Kind} {Outcome.Code}: {Outcome.Message}";
}
