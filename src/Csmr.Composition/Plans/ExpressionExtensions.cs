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
        ItemExpression item => [item.Source],
        EachExpression each => each.Results.Prepend(each.Source),
        JsonExpression json => [json.Source],
        WhenExpression guarded => [guarded.Condition, guarded.Then],
        FirstExpression first => first.Choices,
        NotExpression negated => [negated.Operand],
        EqualsExpression equal => [equal.Left, equal.Right],
        ComparisonExpression comparison => [comparison.Left, comparison.Right],
        ArithmeticExpression arithmetic => [arithmetic.Left, arithmetic.Right],
        TemplateExpression template => template.Pieces,
        AllExpression all => all.Operands,
        AnyExpression any => any.Operands,
        PartitionExpression partition => [partition.Key],
        _ => [],
    };

    /// <summary>The same expression made of other parts.</summary>
    /// <param name="expression">The expression.</param>
    /// <param name="part">The replacement of a direct part.</param>
    /// <returns>The expression; a leaf as it is.</returns>
    public static Expression Rebuild(this Expression expression, Func<Expression, Expression> part) => expression switch
    {
        RecordExpression record => record with { Members = [.. record.Members.Select(member => member with { Expression = part(member.Expression) })] },
        ListExpression list => new ListExpression([.. list.Items.Select(part)], list.Element),
        MemberExpression member => member with { Source = part(member.Source) },
        ItemExpression item => ItemExpression.Of(part(item.Source), item.Index, item.ItemType),
        EachExpression each => new EachExpression(part(each.Source), [.. each.Results.Select(part)], each.Element),
        JsonExpression json => new JsonExpression(part(json.Source)),
        WhenExpression guarded => new WhenExpression(part(guarded.Condition), part(guarded.Then)),
        FirstExpression first => new FirstExpression([.. first.Choices.Select(part)]),
        NotExpression negated => new NotExpression(part(negated.Operand)),
        EqualsExpression equal => new EqualsExpression(part(equal.Left), part(equal.Right)),
        ComparisonExpression comparison => comparison with { Left = part(comparison.Left), Right = part(comparison.Right) },
        ArithmeticExpression arithmetic => arithmetic with { Left = part(arithmetic.Left), Right = part(arithmetic.Right) },
        TemplateExpression template => new TemplateExpression([.. template.Pieces.Select(part)]),
        AllExpression all => new AllExpression([.. all.Operands.Select(part)]),
        AnyExpression any => new AnyExpression([.. any.Operands.Select(part)]),
        PartitionExpression partition => partition with { Key = part(partition.Key) },
        _ => expression,
    };

    /// <summary>The expression itself and all that it is made of.</summary>
    /// <param name="expression">The expression.</param>
    /// <returns>The expressions, parents first.</returns>
    public static IEnumerable<Expression> All(this Expression expression) =>
        expression.Parts().SelectMany(All).Prepend(expression);

    /// <summary>Whether expressions are nested in each other deeper than a bound.</summary>
    /// <param name="expression">The outermost expression.</param>
    /// <param name="bound">The bound.</param>
    /// <returns>Whether they are.</returns>
    public static bool IsDeeperThan(this Expression expression, int bound) =>
        bound <= 0 || expression.Parts().Any(part => part.IsDeeperThan(bound - 1));

    /// <summary>Whether the value depends on the client's arguments alone.</summary>
    /// <param name="expression">The expression.</param>
    /// <returns>False where it needs the outcome of a step.</returns>
    public static bool IsKnownAtStart(this Expression expression) => !expression.All().Any(static part => part is FieldExpression or RefusalExpression);

    /// <summary>The same expression with other leaves.</summary>
    /// <param name="expression">The expression.</param>
    /// <param name="leaf">The replacement of a leaf; the leaf itself where it stays.</param>
    /// <returns>The expression.</returns>
    public static Expression Replace(this Expression expression, Func<Expression, Expression> leaf) =>
        expression is ArgumentExpression or FieldExpression or RefusalExpression or ConstantExpression
            ? leaf(expression)
            : expression.Rebuild(part => part.Replace(leaf));
}
