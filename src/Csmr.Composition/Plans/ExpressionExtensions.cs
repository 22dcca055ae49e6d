namespace Csmr.Composition.Plans;

/// <summary>Questions about expressions that every kind of expression answers alike.</summary>
public static class ExpressionExtensions
{
    /// <summary>Whether a condition holds; null counts as false.</summary>
    /// <param name="condition">The condition.</param>
    /// <param name="scope">The arguments and outcomes at hand.</param>
    /// <returns>Whether it holds.</returns>
    public static bool Holds(this Expression condition, IEvaluationScope scope)
    {
        var value = condition.Evaluate(scope);
        return value.Kind == ValueKind.Bool && value.AsBool();
    }

    /// <summary>The expressions that an expression is made of.</summary>
    /// <param name="expression">The expression.</param>
    /// <returns>Its direct parts; none for a leaf.</returns>
    public static IEnumerable<Expression> Parts(this Expression expression) => expression switch
    {
        RecordExpression record => record.Members.Select(static member => member.Expression),
        ListExpression list => list.Items,
        MemberExpression member => [member.Source],
        JsonExpression json => [json.Source],
        WhenExpression guarded => [guarded.Condition, guarded.Then],
        FirstExpression first => first.Choices,
        NotExpression negated => [negated.Operand],
        EqualsExpression equal => [equal.Left, equal.Right],
        AllExpression all => all.Operands,
        AnyExpression any => any.Operands,
        PartitionExpression partition => [partition.Key],
        _ => [],
    };

    /// <summary>The expression itself and all that it is made of.</summary>
    /// <param name="expression">The expression.</param>
    /// <returns>The expressions, parents first.</returns>
    public static IEnumerable<Expression> All(this Expression expression) =>
        expression.Parts().SelectMany(All).Prepend(expression);

    /// <summary>Whether the value depends on the client's arguments alone.</summary>
    /// <param name="expression">The expression.</param>
    /// <returns>False where it needs the outcome of a step.</returns>
    public static bool IsKnownAtStart(this Expression expression) => !expression.All().Any(static part => part is FieldExpression);

    /// <summary>The same expression with other leaves.</summary>
    /// <param name="expression">The expression.</param>
    /// <param name="leaf">The replacement of a leaf; the leaf itself where it stays.</param>
    /// <returns>The expression.</returns>
    public static Expression Replace(this Expression expression, Func<Expression, Expression> leaf) => expression switch
    {
        RecordExpression record => record with
        {
            Members = [.. record.Members.Select(member => member with { Expression = member.Expression.Replace(leaf) })],
        },
        ListExpression list => new ListExpression(Replace(list.Items, leaf)),
        MemberExpression member => member with { Source = member.Source.Replace(leaf) },
        JsonExpression json => new JsonExpression(json.Source.Replace(leaf)),
        WhenExpression guarded => new WhenExpression(guarded.Condition.Replace(leaf), guarded.Then.Replace(leaf)),
        FirstExpression first => new FirstExpression(Replace(first.Choices, leaf)),
        NotExpression negated => new NotExpression(negated.Operand.Replace(leaf)),
        EqualsExpression equal => new EqualsExpression(equal.Left.Replace(leaf), equal.Right.Replace(leaf)),
        AllExpression all => new AllExpression(Replace(all.Operands, leaf)),
        AnyExpression any => new AnyExpression(Replace(any.Operands, leaf)),
        PartitionExpression partition => partition with { Key = partition.Key.Replace(leaf) },
        _ => leaf(expression),
    };

    private static Expression[] Replace(IReadOnlyList<Expression> expressions, Func<Expression, Expression> leaf) =>
        [.. expressions.Select(expression => expression.Replace(leaf))];
}
