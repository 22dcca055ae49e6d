using Csmr.Composition.Plans;

namespace Csmr.Composition.Programs;

/// <summary>
/// One call of a composite operation as its groups run it: the steps with the client's arguments in them, and nothing else
/// that a manifest knows. Immutable; equal calls make equal bytes.
/// </summary>
public sealed class CompositeProgram
{
    private readonly int[][] _awaited;

    /// <summary>Makes one.</summary>
    /// <param name="groupCount">The number of groups that it is run by.</param>
    /// <param name="steps">The steps.</param>
    public CompositeProgram(int groupCount, IReadOnlyList<ProgramStep> steps)
    {
        (GroupCount, Steps) = (groupCount, steps);
        _awaited = StepOrder.Awaited([.. steps.Select(static step => step.Ordering)]);
    }

    /// <summary>The number of groups. They go by their positions from 0.</summary>
    public int GroupCount { get; }

    /// <summary>The steps, in plan order.</summary>
    public IReadOnlyList<ProgramStep> Steps { get; }

    /// <summary>The earlier steps whose results a step waits for: see <see cref="StepOrder"/>.</summary>
    /// <param name="step">The step.</param>
    /// <returns>Their positions, ascending.</returns>
    public IReadOnlyList<int> AwaitedBy(int step) => _awaited[step];

    /// <summary>Packs it.</summary>
    /// <returns>The bytes.</returns>
    public byte[] ToBytes() => ProgramCodec.Write(this);

    /// <summary>Unpacks one.</summary>
    /// <param name="bytes">What <see cref="ToBytes"/> made.</param>
    /// <returns>The program.</returns>
    /// <exception cref="WireFormatException">The bytes are no program.</exception>
    public static CompositeProgram Read(ReadOnlyMemory<byte> bytes) => ProgramCodec.Read(bytes);
}

/// <summary>One step of a program.</summary>
public sealed record ProgramStep
{
    /// <summary>The position of the group that executes it.</summary>
    public required int Group { get; init; }

    /// <summary>Its name, for messages.</summary>
    public required string Id { get; init; }

    /// <summary>What it calls, for messages.</summary>
    public required string Service { get; init; }

    /// <summary>The operation of the group's machine.</summary>
    public required string Operation { get; init; }

    /// <summary>One for each parameter of the operation.</summary>
    public required IReadOnlyList<ProgramArgument> Arguments { get; init; }

    /// <summary>The step is skipped unless this holds. Null for always.</summary>
    public Expression? When { get; init; }

    /// <summary>What a refusal means.</summary>
    public RefusalRule OnRefusal { get; init; }

    /// <summary>Whether it may be refused by what its operation declares, or because arguments that are not known yet may not fit.</summary>
    public bool MayBeRefused { get; init; }

    /// <summary>Whether everything is known that names the state which it touches.</summary>
    public bool NamesItsState { get; init; }

    internal OrderedStep Ordering => new(Arguments.Select(static argument => argument.Expression), When, MayBeRefused && OnRefusal == RefusalRule.Stop);
}

/// <summary>One argument of a step.</summary>
/// <param name="Expression">Its value.</param>
/// <param name="Parameter">The bounds that the value is held against; null where it is known to fit.</param>
public sealed record ProgramArgument(Expression Expression, ParameterDefinition? Parameter);
