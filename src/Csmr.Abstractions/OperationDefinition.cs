namespace Csmr;

/// <summary>What an operation does to the state of its machine.</summary>
public enum OperationAccess
{
    /// <summary>It changes state, or depends on the time: it is ordered by the log.</summary>
    Update = 0,

    /// <summary>It only reads and does not look at the time: it is answered at the leader by a quorum round, without a log entry.</summary>
    Read = 1,
}

/// <summary>A named, typed argument of an operation.</summary>
/// <param name="Name">The name, as clients see it.</param>
/// <param name="Type">The type.</param>
/// <param name="Summary">What it means, in one sentence, with its unit.</param>
public sealed record ParameterDefinition(string Name, ValueType Type, string Summary)
{
    /// <summary>Whether it may be left out (or be null).</summary>
    public bool IsOptional { get; init; }

    /// <summary>The smallest allowed integer, for <see cref="ValueType.Long"/>.</summary>
    public long? Minimum { get; init; }

    /// <summary>The largest allowed integer, for <see cref="ValueType.Long"/>.</summary>
    public long? Maximum { get; init; }

    /// <summary>The fewest allowed bytes of the UTF-8 text, for <see cref="ValueType.String"/>.</summary>
    public int? BytesMin { get; init; }

    /// <summary>The most allowed bytes of the UTF-8 text, for <see cref="ValueType.String"/> and JSON.</summary>
    public int? BytesMax { get; init; }

    /// <summary>The most items of a list.</summary>
    public int? ItemsMax { get; init; }

    /// <summary>
    /// What each item of a list keeps to: one definition for each member where the items are records, else one. Empty where
    /// nothing is said beyond the type.
    /// </summary>
    public IReadOnlyList<ParameterDefinition> Items { get; init; } = [];

    /// <summary>An example, as JSON text, for the documentation.</summary>
    public string? Example { get; init; }

    /// <summary>A key: a text of 1 to 1,024 bytes.</summary>
    /// <param name="name">The name.</param>
    /// <param name="summary">What it means.</param>
    /// <returns>The parameter.</returns>
    public static ParameterDefinition Key(string name, string summary) =>
        new(name, ValueType.String, summary) { BytesMin = 1, BytesMax = 1024, Example = "\"apple\"" };
}

/// <summary>An operation of a state machine: the <em>x</em> of the model, with its arguments and what it answers.</summary>
public sealed record OperationDefinition
{
    /// <summary>The name, unique in its machine: lower-case letters, digits and hyphens, a letter first.</summary>
    public required string Name { get; init; }

    /// <summary>What it does, in one sentence.</summary>
    public required string Summary { get; init; }

    /// <summary>Whether it changes state.</summary>
    public required OperationAccess Access { get; init; }

    /// <summary>The arguments, in order; optional ones last.</summary>
    public IReadOnlyList<ParameterDefinition> Parameters { get; init; } = [];

    /// <summary>
    /// The fields of its outcome, in order. The first one is <em>the</em> result: clients see it as <c>result</c> and the
    /// others beside it under their own names.
    /// </summary>
    public required IReadOnlyList<FieldDefinition> Fields { get; init; }

    /// <summary>
    /// The parameters whose values name the state that the operation touches; empty when it may touch everything. The
    /// checker's affinity and partition rules go by this, and <see cref="IStateMachine.FootprintOf"/> must agree with it.
    /// </summary>
    public IReadOnlyList<string> KeyParameters { get; init; } = [];

    /// <summary>
    /// All refusals that it may answer. A composite operation goes by them: a step of an operation that lists none does not
    /// keep later steps waiting.
    /// </summary>
    public IReadOnlyList<RefusalDefinition> Refusals { get; init; } = [];

    /// <summary>An example of an outcome: the fields as a JSON object, for the documentation.</summary>
    public string? Example { get; init; }

    /// <summary>The position of a parameter.</summary>
    /// <param name="name">The parameter's name.</param>
    /// <returns>The position from 0, or -1.</returns>
    public int IndexOf(string name)
    {
        for (var i = 0; i < Parameters.Count; i++)
        {
            if (string.Equals(Parameters[i].Name, name, StringComparison.Ordinal))
            {
                return i;
            }
        }

        return -1;
    }
}

/// <summary>A refusal that an operation may answer.</summary>
/// <param name="Code">The stable code, such as <c>log.truncated</c>.</param>
/// <param name="Summary">When it is given and what the caller can do, in one sentence.</param>
public sealed record RefusalDefinition(string Code, string Summary)
{
    /// <summary>
    /// Where it is given for one reason only, that an argument has more bytes than a setting allows: the argument and the
    /// setting. A call whose argument is small enough is then known not to be refused for it, so that later steps of a
    /// composite operation need not wait. Null where the refusal hangs on anything else.
    /// </summary>
    public ArgumentLimit? OnlyAbove { get; init; }
}

/// <summary>A bound of an argument's bytes (UTF-8 of a text, the JSON text of any other value) that a setting gives.</summary>
/// <param name="Parameter">The parameter's name.</param>
/// <param name="BytesMaxSetting">The setting's name.</param>
public sealed record ArgumentLimit(string Parameter, string BytesMaxSetting);
