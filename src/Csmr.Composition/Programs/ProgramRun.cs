using Csmr.Composition.Json;
using Csmr.Composition.Plans;

namespace Csmr.Composition.Programs;

/// <summary>A step whose turn it is.</summary>
/// <param name="Index">The step.</param>
/// <param name="Arguments">What to execute it with; empty where its end is decided.</param>
/// <param name="Decided">Its end, where nothing is to be executed: skipped, not reached, or refused because its arguments do not fit.</param>
public readonly record struct StepTurn(int Index, Value[] Arguments, StepEnd? Decided);

/// <summary>
/// One run of a program, as one of its groups sees it, or the gateway. Sans-I/O and deterministic: which ends the steps
/// have follows from the program and the outcomes alone, whoever executes them and in which order the ends come. Not thread-safe.
/// </summary>
/// <param name="program">The program.</param>
public sealed class ProgramRun(CompositeProgram program) : IEvaluationScope
{
    private readonly StepEnd?[] _ends = new StepEnd?[program.Steps.Count];

    /// <summary>The program.</summary>
    public CompositeProgram Program { get; } = program;

    /// <summary>Whether every step has ended.</summary>
    public bool IsOver => Array.TrueForAll(_ends, static end => end is not null);

    /// <summary>How a step ended.</summary>
    /// <param name="step">The step.</param>
    /// <returns>Its end; null where it has none yet.</returns>
    public StepEnd? EndOf(int step) => _ends[step];

    /// <summary>The next step of a group in plan order that has not ended, if all that it awaits has.</summary>
    /// <param name="group">The group.</param>
    /// <param name="turn">The step.</param>
    /// <returns>Whether there is one now.</returns>
    public bool TryNext(int group, out StepTurn turn)
    {
        for (var i = 0; i < _ends.Length; i++)
        {
            if (Program.Steps[i].Group == group && _ends[i] is null)
            {
                return TryTurn(i, out turn);
            }
        }

        turn = default;
        return false;
    }

    /// <summary>A step's turn, if all that it awaits has ended.</summary>
    /// <param name="step">The step.</param>
    /// <param name="turn">Its turn.</param>
    /// <returns>Whether it is its turn.</returns>
    public bool TryTurn(int step, out StepTurn turn)
    {
        turn = default;
        var isReached = true;
        foreach (var awaited in Program.AwaitedBy(step))
        {
            if (_ends[awaited] is not { } end)
            {
                return false;
            }

            isReached &= end.State != StepState.NotReached && !StepOrder.Ends(end, Program.Steps[awaited].OnRefusal);
        }

        turn = isReached ? Decide(step) : new StepTurn(step, [], StepEnd.NotReached);
        return true;
    }

    /// <summary>Takes the end of a step.</summary>
    /// <param name="step">The step.</param>
    /// <param name="end">Its end.</param>
    /// <exception cref="InvalidOperationException">It had one.</exception>
    public void Settle(int step, StepEnd end)
    {
        if (_ends[step] is not null)
        {
            throw new InvalidOperationException($"Step {step} has ended already.");
        }

        _ends[step] = end;
    }

    /// <summary>Whether a later step of a group awaits a step.</summary>
    /// <param name="step">The step.</param>
    /// <param name="group">The group.</param>
    /// <returns>Whether one does.</returns>
    public bool IsNeededBy(int step, int group)
    {
        for (var later = step + 1; later < Program.Steps.Count; later++)
        {
            if (Program.Steps[later].Group == group && Program.AwaitedBy(later).Contains(step))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether every step of a group has ended.</summary>
    /// <param name="group">The group.</param>
    /// <returns>Whether they have.</returns>
    public bool IsFinished(int group)
    {
        for (var i = 0; i < _ends.Length; i++)
        {
            if (Program.Steps[i].Group == group && _ends[i] is null)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The outcome that ended the operation: of the first step that did.</summary>
    /// <returns>The refusal or fault; null where none has.</returns>
    public Outcome? Ending()
    {
        for (var i = 0; i < _ends.Length; i++)
        {
            if (_ends[i] is { } end && StepOrder.Ends(end, Program.Steps[i].OnRefusal))
            {
                return end.Outcome;
            }
        }

        return null;
    }

    /// <summary>The step that ended the operation for one that was not reached.</summary>
    /// <param name="step">The step that was not reached.</param>
    /// <returns>The position of the other; null where the step was reached or has no end yet.</returns>
    public int? EndedBy(int step)
    {
        if (_ends[step]?.State != StepState.NotReached)
        {
            return null;
        }

        foreach (var awaited in Program.AwaitedBy(step))
        {
            if (_ends[awaited] is { } end && StepOrder.Ends(end, Program.Steps[awaited].OnRefusal))
            {
                return awaited;
            }

            if (EndedBy(awaited) is { } cause)
            {
                return cause;
            }
        }

        return null;
    }

    /// <summary>
    /// A step's arguments as far as they are known at the beginning, to tell its footprint: others have any value of their type.
    /// </summary>
    /// <param name="step">The step.</param>
    /// <returns>The arguments; null where one that names state is not known yet.</returns>
    public Value[]? Preview(int step) => Program.Steps[step].NamesItsState
        ? [.. Program.Steps[step].Arguments.Select(static argument => argument.Expression is ConstantExpression known ? known.Constant : AnyOf(argument.Parameter!))]
        : null;

    /// <inheritdoc/>
    Value IEvaluationScope.Argument(int index) => Value.Null;

    /// <inheritdoc/>
    Value IEvaluationScope.Field(int step, int field) =>
        _ends[step]?.Outcome is { IsDone: true } outcome && field < outcome.Fields.Length ? outcome.Fields[field] : Value.Null;

    /// <inheritdoc/>
    Value IEvaluationScope.Refusal(int step) =>
        _ends[step]?.Outcome is { Kind: OutcomeKind.Refused } outcome ? Value.Of(outcome.Code) : Value.Null;

    private StepTurn Decide(int index)
    {
        var step = Program.Steps[index];
        try
        {
            if (step.When is not null && !step.When.Holds(this))
            {
                return new StepTurn(index, [], StepEnd.Skipped);
            }

            var arguments = new Value[step.Arguments.Count];
            for (var i = 0; i < arguments.Length; i++)
            {
                var (expression, parameter) = step.Arguments[i];
                arguments[i] = expression.Evaluate(this);
                if (parameter is not null && ArgumentBounds.Find(parameter, arguments[i]) is { } problem)
                {
                    return Refuse(index, "step.invalid-argument", $"cannot call {step.Service}.{step.Operation}: {problem.Message}");
                }
            }

            return new StepTurn(index, arguments, null);
        }
        catch (OverflowException)
        {
            return Refuse(index, "step.overflow", $"cannot call {step.Service}.{step.Operation}: a number does not fit 64 bits");
        }
    }

    private StepTurn Refuse(int index, string code, string message) =>
        new(index, [], StepEnd.Of(Outcome.Refused(code, $"Step '{Program.Steps[index].Id}' {message}")));

    private static Value AnyOf(ParameterDefinition parameter) => parameter.Type.Carrier switch
    {
        ValueKind.Long => Value.Of(parameter.Minimum ?? parameter.Maximum ?? 0),
        ValueKind.Bool => Value.Of(false),
        ValueKind.Json => Value.OfJson("0"u8.ToArray()),
        _ => Value.Of(""),
    };
}
