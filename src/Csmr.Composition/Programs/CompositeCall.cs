using Csmr.Composition.Json;
using Csmr.Composition.Plans;

namespace Csmr.Composition.Programs;

/// <summary>One call of an operation: the groups that it reaches, and the program that they run. A pure function of plan and arguments.</summary>
public sealed class CompositeCall
{
    private CompositeCall(IReadOnlyList<GroupId> destinations, CompositeProgram program, IReadOnlyList<int> planSteps) =>
        (Destinations, Program, PlanSteps) = (destinations, program, planSteps);

    /// <summary>The groups, in order of their names: the destinations D(m). None where the arguments rule out every step.</summary>
    public IReadOnlyList<GroupId> Destinations { get; }

    /// <summary>The program. Its groups are positions in <see cref="Destinations"/>.</summary>
    public CompositeProgram Program { get; }

    /// <summary>The position in the plan of each of the program's steps.</summary>
    public IReadOnlyList<int> PlanSteps { get; }

    /// <summary>Makes the call of an operation with given arguments.</summary>
    /// <param name="plan">The operation.</param>
    /// <param name="arguments">One value for each of its parameters, as <see cref="ArgumentBinder"/> makes them.</param>
    /// <returns>The call.</returns>
    public static CompositeCall Of(OperationPlan plan, Value[] arguments)
    {
        var places = new int[plan.Steps.Count];
        var evaluation = new PartialEvaluation(arguments, places);
        var reached = new List<(ProgramStep Step, GroupId Group)>(places.Length);
        var planSteps = new List<int>(places.Length);
        for (var i = 0; i < places.Length; i++)
        {
            var when = plan.Steps[i].When is { } condition ? evaluation.Reduce(condition) : null;
            if (when is ConstantExpression known && known.Constant != Value.Of(true))
            {
                places[i] = -1;
                continue;
            }

            places[i] = reached.Count;
            planSteps.Add(i);
            reached.Add(Reach(plan.Steps[i], when is ConstantExpression ? null : when, evaluation));
        }

        GroupId[] destinations = [.. reached.Select(static pair => pair.Group).Distinct().OrderBy(static group => group.Name, StringComparer.Ordinal)];
        var steps = reached.Select(pair => pair.Step with { Group = Array.IndexOf(destinations, pair.Group) });
        return new CompositeCall(destinations, new CompositeProgram(destinations.Length, [.. steps]), planSteps);
    }

    /// <summary>
    /// Whether a step may be refused and end the operation, as far as the plan tells: what the client gives, and what is made of
    /// it alone, is taken to fit.
    /// </summary>
    /// <param name="step">The step.</param>
    /// <returns>Whether it may.</returns>
    public static bool MayEnd(StepPlan step) => step.OnRefusal == RefusalRule.Stop
        && (step.Refusals.Any(refusal => refusal.Argument < 0 || !step.Arguments[refusal.Argument].IsKnownAtStart())
            || (step.When is not null && HasArithmetic(step.When))
            || step.Arguments.Select(static (expression, index) => (expression, index)).Any(argument =>
                !argument.expression.IsKnownAtStart()
                && (ArgumentBounds.Has(step.Operation.Parameters[argument.index]) || HasArithmetic(argument.expression))));

    private static (ProgramStep Step, GroupId Group) Reach(StepPlan step, Expression? when, PartialEvaluation evaluation)
    {
        var parameters = step.Operation.Parameters;
        var arguments = new ProgramArgument[parameters.Count];
        var known = new Value[parameters.Count];
        var mayNotFit = when is not null && HasArithmetic(when);
        for (var i = 0; i < arguments.Length; i++)
        {
            var expression = evaluation.Reduce(step.Arguments[i]);
            known[i] = expression is ConstantExpression constant ? constant.Constant : Value.Null;
            var fits = expression is ConstantExpression && ArgumentBounds.Find(parameters[i], known[i]) is null;
            arguments[i] = new ProgramArgument(expression, fits ? null : parameters[i]);
            mayNotFit |= !fits && (expression is ConstantExpression || ArgumentBounds.Has(parameters[i]) || HasArithmetic(expression));
        }

        var keys = step.Operation.KeyParameters.Select(step.Operation.IndexOf);
        var program = new ProgramStep
        {
            Group = 0, // Known when all groups are.
            Id = step.Id,
            Service = step.Service,
            Operation = step.Operation.Name,
            Arguments = arguments,
            When = when,
            OnRefusal = step.OnRefusal,
            MayBeRefused = mayNotFit || step.Refusals.Any(refusal => MayCome(refusal, arguments)),
            NamesItsState = (step.Operation.KeyParameters.Count > 0 ? keys.Select(key => arguments[key]) : arguments).All(IsConstant),
        };
        return (program, step.Router.Route(known));
    }

    private static bool MayCome(in StepRefusal refusal, ProgramArgument[] arguments) =>
        refusal.Argument < 0 || arguments[refusal.Argument].Expression is not ConstantExpression known
        || ArgumentBounds.BytesOf(known.Constant) > refusal.BytesMax;

    private static bool IsConstant(ProgramArgument argument) => argument.Expression is ConstantExpression;

    private static bool HasArithmetic(Expression expression) => expression.All().Any(static part => part is ArithmeticExpression);
}
