namespace Csmr;

/// <summary>An operation with its arguments: the (x, a) of the model. Immutable.</summary>
/// <param name="operation">The operation.</param>
/// <param name="arguments">One value for each parameter, in order; <see cref="Value.Null"/> where an optional one is left out.</param>
public sealed class Invocation(OperationDefinition operation, Value[] arguments)
{
    /// <summary>The operation.</summary>
    public OperationDefinition Operation { get; } = operation;

    /// <summary>The arguments in the order of the parameters.</summary>
    public ReadOnlySpan<Value> Arguments => arguments;

    /// <summary>The argument at a position.</summary>
    /// <param name="index">The position of its parameter.</param>
    public Value this[int index] => arguments[index];

    /// <summary>The argument of a name.</summary>
    /// <param name="name">The parameter's name.</param>
    /// <exception cref="ArgumentException">The operation has no such parameter.</exception>
    public Value this[string name]
    {
        get
        {
            var index = Operation.IndexOf(name);
            return index >= 0 ? arguments[index] : throw new ArgumentException($"Operation '{Operation.Name}' has no parameter '{name}'.", nameof(name));
        }
    }

    /// <summary>Writes the operation's name and the arguments.</summary>
    /// <param name="writer">Where to.</param>
    public void Write(WireWriter writer) => Pack(writer, Operation.Name, arguments);

    /// <summary>Writes an operation's name and arguments where the definition is not at hand.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="operation">The operation's name.</param>
    /// <param name="arguments">One value for each parameter.</param>
    public static void Pack(WireWriter writer, string operation, ReadOnlySpan<Value> arguments)
    {
        writer.String(operation);
        writer.VarUInt((uint)arguments.Length);
        foreach (var argument in arguments)
        {
            writer.Value(argument);
        }
    }

    /// <summary>Reads what <see cref="Write"/> wrote and checks it against a machine's definition.</summary>
    /// <param name="reader">Where from.</param>
    /// <param name="machine">The machine that is to execute it.</param>
    /// <returns>The invocation; null where the machine has no such operation or the arguments do not fit it.</returns>
    /// <exception cref="WireFormatException">The bytes are no invocation.</exception>
    public static Invocation? Read(ref WireReader reader, MachineDefinition machine)
    {
        var operation = machine.Find(reader.String());
        var count = reader.Count(1);
        var arguments = new Value[Math.Max(count, operation?.Parameters.Count ?? 0)];
        for (var i = 0; i < count; i++)
        {
            arguments[i] = reader.Value();
        }

        return operation is not null && Fits(operation, arguments) ? new Invocation(operation, arguments) : null;
    }

    private static bool Fits(OperationDefinition operation, Value[] arguments)
    {
        if (arguments.Length != operation.Parameters.Count)
        {
            return false;
        }

        for (var i = 0; i < arguments.Length; i++)
        {
            var parameter = operation.Parameters[i];
            var fits = arguments[i].IsNull ? parameter.IsOptional : arguments[i].Kind == parameter.Type.Carrier;
            if (!fits)
            {
                return false;
            }
        }

        return true;
    }
}
