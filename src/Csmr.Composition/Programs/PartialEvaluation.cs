using Csmr.Composition.Json;
using Csmr.Composition.Plans;

namespace Csmr.Composition.Programs;

/// <summary>Expressions with everything computed in them that the client's arguments decide.</summary>
/// <param name="arguments">The client's arguments.</param>
/// <param name="places">The place that each step has in the program; -1 for one that is left out.</param>
internal sealed class PartialEvaluation(Value[] arguments, int[] places) : IEvaluationScope
{
    private static readonly ConstantExpression True = new(Value.Of(true), ValueType.Bool);
    private static readonly ConstantExpression False = new(Value.Of(false), ValueType.Bool);

    private readonly Dictionary<int, Value[]> _lists = [];

    /// <summary>What is left of an expression.</summary>
    /// <param name="expression">The expression, of the plan.</param>
    /// <returns>An expression of the program, without arguments and without steps that are left out.</returns>
    public Expression Reduce(Expression expression) => expression switch
    {
        ArgumentExpression argument => new ConstantExpression(arguments[argument.Index], argument.Type),
        FieldExpression field => places[field.Step] < 0 ? ConstantExpression.Null : field with { Step = places[field.Step] },
        RefusalExpression refusal => places[refusal.Step] < 0 ? ConstantExpression.Null : new RefusalExpression(places[refusal.Step]),
        ConstantExpression => expression,
        AllExpression all => Combine(all.Operands, neutral: true),
        AnyExpression any => Combine(any.Operands, neutral: false),
        WhenExpression guarded => Guarded(Reduce(guarded.Condition), guarded.Then),
        FirstExpression first => First(first),
        ItemExpression item => Item(item, Reduce(item.Source)),
        EachExpression each => Reduce(each.Present(Reduce(each.Source).Evaluate(this))),
        _ => Folded(expression.Rebuild(Reduce)),
    };

    /// <inheritdoc/>
    Value IEvaluationScope.Argument(int index) => Value.Null;

    /// <inheritdoc/>
    Value IEvaluationScope.Field(int step, int field) => Value.Null;

    /// <inheritdoc/>
    Value IEvaluationScope.Refusal(int step) => Value.Null;

    private Expression Combine(IReadOnlyList<Expression> operands, bool neutral)
    {
        var open = new List<Expression>();
        foreach (var operand in operands.Select(Reduce))
        {
            if (operand is not ConstantExpression known)
            {
                open.Add(operand);
            }
            else if (known.Holds(this) != neutral)
            {
                return neutral ? False : True;
            }
        }

        return open.Count == 0 ? neutral ? True : False : neutral ? new AllExpression(open) : new AnyExpression(open);
    }

    private Expression Guarded(Expression condition, Expression then)
    {
        if (condition is ConstantExpression known)
        {
            return known.Holds(this) ? Reduce(then) : ConstantExpression.Null;
        }

        return new WhenExpression(condition, Reduce(then));
    }

    private Expression First(FirstExpression first)
    {
        var open = new List<Expression>();
        foreach (var choice in first.Choices.Select(Reduce))
        {
            if (choice is not ConstantExpression { Constant.IsNull: true })
            {
                open.Add(choice);
            }

            if (choice is ConstantExpression { Constant.IsNull: false })
            {
                break;
            }
        }

        return open.Count switch
        {
            0 => ConstantExpression.Null,
            1 => open[0],
            _ => new FirstExpression(open),
        };
    }

    /// <summary>Every step made for an item asks for it: the list is taken apart once.</summary>
    private Expression Item(ItemExpression item, Expression source)
    {
        if (item.Source is not ArgumentExpression argument || source is not ConstantExpression list)
        {
            return Folded(ItemExpression.Of(source, item.Index, item.ItemType));
        }

        if (!_lists.TryGetValue(argument.Index, out var items))
        {
            _lists.Add(argument.Index, items = JsonItems.All(list.Constant, item.ItemType));
        }

        return new ConstantExpression(item.Index < items.Length ? items[item.Index] : Value.Null, item.ItemType);
    }

    private Expression Folded(Expression expression)
    {
        if (!expression.Parts().All(static part => part is ConstantExpression))
        {
            return expression;
        }

        try
        {
            return new ConstantExpression(expression.Evaluate(this), expression.Type);
        }
        catch (OverflowException)
        {
            return expression; // Refused where it is executed, as when it comes out of a result.
        }
    }
}
