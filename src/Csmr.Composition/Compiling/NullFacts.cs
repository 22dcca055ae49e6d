using Csmr.Composition.Plans;

namespace Csmr.Composition.Compiling;

/// <summary>
/// Tells which expressions may be null where a condition holds. A step that is executed because of <c>when: $held.ok</c>
/// knows that 'held' was executed and answered true; <c>{not: {equals: [$get.value, null]}}</c> tells that a value is there.
/// </summary>
internal sealed class NullFacts
{
    private readonly IReadOnlyList<ParameterDefinition> _parameters;
    private readonly IReadOnlyList<StepPlan> _steps;
    private readonly HashSet<Expression> _true = [];
    private readonly HashSet<Expression> _given = [];
    private readonly HashSet<Expression> _integers = [];
    private readonly HashSet<int> _executed = [];
    private readonly HashSet<int> _notRefused = [];

    /// <summary>What follows from a condition.</summary>
    /// <param name="parameters">The client's parameters.</param>
    /// <param name="steps">The steps so far.</param>
    /// <param name="condition">The condition that holds; null for none.</param>
    public NullFacts(IReadOnlyList<ParameterDefinition> parameters, IReadOnlyList<StepPlan> steps, Expression? condition)
    {
        (_parameters, _steps) = (parameters, steps);
        Holds(condition);
    }

    /// <summary>Whether a value may be null.</summary>
    public bool MayBeNull(Expression expression) => !_given.Contains(expression) && expression switch
    {
        ArgumentExpression argument => _parameters[argument.Index].IsOptional,
        FieldExpression field => _steps[field.Step].Operation.Fields[field.Field].IsNullable || !IsExecuted(field.Step),
        ConstantExpression constant => constant.Constant.IsNull,
        JsonExpression json => MayBeNull(json.Source),
        MemberExpression member => MayBeNull(member.Source)
            || member.Source.Type.Fields.Any(field => field.Name == member.Name && field.IsNullable),
        WhenExpression guarded => !IsKnown(guarded.Condition) || MayBeNull(guarded.Then),
        FirstExpression first when first.Choices.All(IsPartition) =>
            first.Choices.OfType<WhenExpression>().Any(choice => And(choice.Condition).MayBeNull(choice.Then)),
        FirstExpression first => first.Choices.All(MayBeNull),
        TemplateExpression template => template.Pieces.Any(MayBeNull),
        ArithmeticExpression arithmetic => IsNoInteger(arithmetic.Left) || IsNoInteger(arithmetic.Right),
        RefusalExpression => true,
        _ => false,
    };

    /// <summary>Of the choices of a partitioned service exactly one holds.</summary>
    private static bool IsPartition(Expression choice) => choice is WhenExpression { Condition: PartitionExpression };

    /// <summary>Whether a value may be null, or JSON that is no integer.</summary>
    private bool IsNoInteger(Expression expression) =>
        !_integers.Contains(expression) && (!ReferenceEquals(expression.Type, ValueType.Long) || MayBeNull(expression));

    private NullFacts And(Expression condition)
    {
        var facts = new NullFacts(_parameters, _steps, condition);
        foreach (var known in _true)
        {
            facts.Holds(known);
        }

        return facts;
    }

    /// <summary>Whether a step was executed and answered, not refused.</summary>
    private bool IsExecuted(int step) => _executed.Contains(step)
        || ((_steps[step].When is not { } condition || IsKnown(condition)) && (_steps[step].OnRefusal == RefusalRule.Stop || _notRefused.Contains(step)));

    private bool IsKnown(Expression condition) =>
        _true.Contains(condition) || (condition is AllExpression all && all.Operands.All(IsKnown));

    private void Holds(Expression? condition)
    {
        if (condition is null || !_true.Add(condition))
        {
            return;
        }

        switch (condition)
        {
            case AllExpression all:
                foreach (var operand in all.Operands)
                {
                    Holds(operand);
                }

                break;
            case EqualsExpression { Left: RefusalExpression refusal, Right: ConstantExpression { Constant.IsNull: true } }:
                _notRefused.Add(refusal.Step);
                break;
            case NotExpression { Operand: NotExpression twice }:
                Holds(twice.Operand);
                break;
            case ComparisonExpression comparison:
                _integers.Add(comparison.Left);
                _integers.Add(comparison.Right);
                Given(comparison.Left);
                Given(comparison.Right);
                break;
            case EqualsExpression equal:
                GivenByEquality(equal.Left, equal.Right);
                GivenByEquality(equal.Right, equal.Left);
                break;
            case NotExpression { Operand: EqualsExpression equal }:
                GivenByDifference(equal.Left, equal.Right);
                GivenByDifference(equal.Right, equal.Left);
                break;
            case NotExpression or AnyExpression or PartitionExpression:
                break;
            default:
                Given(condition);
                break;
        }
    }

    private void GivenByEquality(Expression value, Expression other)
    {
        if (other is ConstantExpression { Constant.IsNull: false })
        {
            Given(value);
        }
    }

    private void GivenByDifference(Expression value, Expression other)
    {
        if (other is ConstantExpression { Constant.IsNull: true })
        {
            Given(value);
        }
    }

    private void Given(Expression value)
    {
        _given.Add(value);
        switch (value)
        {
            case FieldExpression field when _executed.Add(field.Step):
                Holds(_steps[field.Step].When);
                break;
            case MemberExpression member:
                Given(member.Source);
                break;
            case JsonExpression json:
                Given(json.Source);
                break;
            case WhenExpression guarded:
                Holds(guarded.Condition);
                Given(guarded.Then);
                break;
        }
    }
}
