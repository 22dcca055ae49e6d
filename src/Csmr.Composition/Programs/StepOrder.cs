using Csmr.Composition.Plans;

namespace Csmr.Composition.Programs;

/// <summary>What the order of steps hangs on.</summary>
/// <param name="Arguments">The step's arguments.</param>
/// <param name="When">Its condition.</param>
/// <param name="MayEnd">Whether it may be refused and that ends the operation.</param>
public readonly record struct OrderedStep(IEnumerable<Expression> Arguments, Expression? When, bool MayEnd);

/// <summary>
/// The one rule of the order of steps. A step awaits every earlier step that its arguments or its condition refer to, and
/// every earlier step that may be refused and thereby end the operation. It is not reached if a step that it awaits ended
/// the operation or was not reached itself. Steps that do not await each other may be executed at the same time in their
/// groups, with the same result as one after the other.
/// </summary>
/// <remarks>
/// A defect of a machine (a fault), and a refusal that its definition does not declare, end the operation too, but only for
/// the steps that await this one: everything else has the same right to run as if it had come first. So what is executed
/// never hangs on who was faster.
/// </remarks>
public static class StepOrder
{
    /// <summary>For each step the earlier steps that it awaits.</summary>
    /// <param name="steps">The steps, in plan order.</param>
    /// <returns>Their positions, ascending.</returns>
    public static int[][] Awaited(IReadOnlyList<OrderedStep> steps)
    {
        var awaited = new int[steps.Count][];
        for (var i = 0; i < awaited.Length; i++)
        {
            var step = steps[i];
            var expressions = step.When is null ? step.Arguments : step.Arguments.Append(step.When);
            var positions = new SortedSet<int>(expressions.SelectMany(ExpressionExtensions.All).Select(StepOf).Where(static referred => referred >= 0));
            for (var earlier = 0; earlier < i; earlier++)
            {
                if (steps[earlier].MayEnd)
                {
                    positions.Add(earlier);
                }
            }

            awaited[i] = [.. positions];
        }

        return awaited;
    }

    /// <summary>Whether the end of a step ends the operation for those that await it.</summary>
    /// <param name="end">The end.</param>
    /// <param name="rule">What a refusal means.</param>
    /// <returns>Whether it does.</returns>
    public static bool Ends(in StepEnd end, RefusalRule rule) =>
        end.State == StepState.Faulted || (end.State == StepState.Refused && rule == RefusalRule.Stop);

    private static int StepOf(Expression expression) => expression switch
    {
        FieldExpression field => field.Step,
        RefusalExpression refusal => refusal.Step,
        _ => -1,
    };
}

/// <summary>How a step ended.</summary>
/// <param name="State">Skipped, not reached, done, refused or faulted.</param>
/// <param name="Outcome">The outcome, where it has one.</param>
public readonly record struct StepEnd(StepState State, Outcome? Outcome)
{
    /// <summary>Its condition was false.</summary>
    public static StepEnd Skipped => new(StepState.Skipped, null);

    /// <summary>A step that it awaits ended the operation.</summary>
    public static StepEnd NotReached => new(StepState.NotReached, null);

    /// <summary>The end of a step with an outcome.</summary>
    /// <param name="outcome">The outcome.</param>
    /// <returns>The end.</returns>
    public static StepEnd Of(Outcome outcome) => new(
        outcome.Kind switch
        {
            OutcomeKind.Done => StepState.Done,
            OutcomeKind.Refused => StepState.Refused,
            _ => StepState.Faulted,
        },
        outcome);
}
