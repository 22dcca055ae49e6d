namespace Csmr.Replication.Ports;

/// <summary>
/// Understands the programs of composite operations. The replicated layer runs them without knowing manifests. Everything
/// here is deterministic: equal programs and results give equal answers at every replica of every group.
/// </summary>
public interface ICompositeLanguage
{
    /// <summary>Begins to run a program.</summary>
    /// <param name="program">Its bytes, as the gateway made them: steps, and the client's arguments.</param>
    /// <returns>The run, at its beginning.</returns>
    /// <exception cref="WireFormatException">The bytes are no program.</exception>
    ICompositeRun Start(ReadOnlyMemory<byte> program);
}

/// <summary>
/// One composite operation as one of its groups sees it: which steps there are, where they are executed, and what they wait
/// for. Groups are meant by their positions in the operation's list of destinations.
/// </summary>
public interface ICompositeRun
{
    /// <summary>The number of steps.</summary>
    int StepCount { get; }

    /// <summary>The group that executes a step.</summary>
    /// <param name="step">The step.</param>
    /// <returns>Its position among the destinations.</returns>
    int GroupOf(int step);

    /// <summary>
    /// A step's packed invocation as far as it is known at the beginning, for its footprint: the arguments that name state have
    /// their values; others that hang on earlier results have any value of their type.
    /// </summary>
    /// <param name="step">The step.</param>
    /// <returns>The invocation; null where an argument that names state is not known yet.</returns>
    ReadOnlyMemory<byte>? Preview(int step);

    /// <summary>The next step of a group that is not settled, and whose every earlier result that it hangs on is known.</summary>
    /// <param name="group">The group.</param>
    /// <param name="step">The step.</param>
    /// <returns>Whether there is one now.</returns>
    bool TryNext(int group, out CompositeStep step);

    /// <summary>Takes the result of a step.</summary>
    /// <param name="step">The step, not settled before.</param>
    /// <param name="result">Its result.</param>
    void Settle(int step, StepResult result);

    /// <summary>Whether a later step of a group hangs on a step's result.</summary>
    /// <param name="step">The step.</param>
    /// <param name="group">The group.</param>
    /// <returns>Whether the group must be told the result.</returns>
    bool IsNeededBy(int step, int group);

    /// <summary>Whether all steps of a group are settled.</summary>
    /// <param name="group">The group.</param>
    /// <returns>Whether they are.</returns>
    bool IsFinished(int group);
}

/// <summary>A step that can be settled now.</summary>
/// <param name="Index">The step.</param>
/// <param name="Invocation">What to execute; not used where it is decided already.</param>
/// <param name="Decided">Its result, where nothing is to be executed: skipped, not reached, or arguments that do not fit.</param>
public readonly record struct CompositeStep(int Index, ReadOnlyMemory<byte> Invocation, StepResult? Decided);

/// <summary>How a step of a composite operation ended.</summary>
public enum StepResultKind : byte
{
    /// <summary>It has an outcome.</summary>
    Settled = 0,

    /// <summary>Its condition was false: its fields are null.</summary>
    Skipped = 1,

    /// <summary>An earlier step was refused or met a defect, and that ended the operation.</summary>
    NotReached = 2,
}

/// <summary>The result of a step.</summary>
/// <param name="Kind">How it ended.</param>
/// <param name="Outcome">The outcome, where it has one.</param>
public readonly record struct StepResult(StepResultKind Kind, Outcome? Outcome)
{
    /// <summary>The result of a step with an outcome.</summary>
    /// <param name="outcome">The outcome.</param>
    /// <returns>The result.</returns>
    public static StepResult Of(Outcome outcome) => new(StepResultKind.Settled, outcome);

    /// <summary>Writes it.</summary>
    /// <param name="writer">Where to.</param>
    public void Write(WireWriter writer)
    {
        writer.Byte((byte)Kind);
        Outcome?.Write(writer);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <param name="reader">Where from.</param>
    /// <returns>The result.</returns>
    /// <exception cref="WireFormatException">The bytes are no result.</exception>
    public static StepResult Read(ref WireReader reader)
    {
        var kind = (StepResultKind)reader.Byte();
        return kind switch
        {
            StepResultKind.Settled => Of(Csmr.Outcome.Read(ref reader)),
            StepResultKind.Skipped or StepResultKind.NotReached => new StepResult(kind, null),
            _ => throw new WireFormatException($"unknown kind of result {(byte)kind}"),
        };
    }
}
