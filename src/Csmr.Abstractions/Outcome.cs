namespace Csmr;

/// <summary>How an execution ended.</summary>
public enum OutcomeKind : byte
{
    /// <summary>Executed; the fields hold the answer.</summary>
    Done = 0,

    /// <summary>The state machine refused: nothing was changed, and why is in the code and the message.</summary>
    Refused = 1,

    /// <summary>A defect of the state machine was met: nothing counts as changed.</summary>
    Fault = 2,
}

/// <summary>What executing an invocation gave: an answer or a refusal. A value like any other: equal at every replica. Immutable.</summary>
public sealed class Outcome
{
    private readonly Value[] _fields;

    private Outcome(OutcomeKind kind, string code, string message, Value[] fields) =>
        (Kind, Code, Message, _fields) = (kind, code, message, fields);

    /// <summary>How the execution ended.</summary>
    public OutcomeKind Kind { get; }

    /// <summary>The stable code of a refusal or fault; empty for an answer.</summary>
    public string Code { get; }

    /// <summary>For a person: why it was refused and what to do; empty for an answer.</summary>
    public string Message { get; }

    /// <summary>The fields of the answer, in the order of <see cref="OperationDefinition.Fields"/>.</summary>
    public ReadOnlySpan<Value> Fields => _fields;

    /// <summary>Whether the operation was executed and answered.</summary>
    public bool IsDone => Kind == OutcomeKind.Done;

    /// <summary>An answer.</summary>
    /// <param name="fields">The fields in the order of the definition, the result first.</param>
    /// <returns>The outcome.</returns>
    public static Outcome Done(params Value[] fields) => new(OutcomeKind.Done, "", "", fields);

    /// <summary>A refusal.</summary>
    /// <param name="code">The stable code, with the machine's name first: <c>log.truncated</c>.</param>
    /// <param name="message">Why, and what the caller can do.</param>
    /// <returns>The outcome.</returns>
    public static Outcome Refused(string code, string message) => new(OutcomeKind.Refused, code, message, []);

    /// <summary>A fault.</summary>
    /// <param name="code">The stable code.</param>
    /// <param name="message">What happened.</param>
    /// <returns>The outcome.</returns>
    public static Outcome Fault(string code, string message) => new(OutcomeKind.Fault, code, message, []);

    /// <summary>Writes the outcome.</summary>
    /// <param name="writer">Where to.</param>
    public void Write(WireWriter writer)
    {
        writer.Byte((byte)Kind);
        if (!IsDone)
        {
            writer.String(Code);
            writer.String(Message);
            return;
        }

        writer.VarUInt((uint)_fields.Length);
        foreach (var field in _fields)
        {
            writer.Value(field);
        }
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <param name="reader">Where from.</param>
    /// <returns>The outcome.</returns>
    /// <exception cref="WireFormatException">The bytes are no outcome.</exception>
    public static Outcome Read(ref WireReader reader)
    {
        var kind = (OutcomeKind)reader.Byte();
        if (kind is OutcomeKind.Refused or OutcomeKind.Fault)
        {
            return new Outcome(kind, reader.String(), reader.String(), []);
        }

        if (kind != OutcomeKind.Done)
        {
            throw new WireFormatException($"unknown kind of outcome {(byte)kind}");
        }

        var fields = new Value[reader.Count(1)];
        for (var i = 0; i < fields.Length; i++)
        {
            fields[i] = reader.Value();
        }

        return Done(fields);
    }
}
