namespace Csmr.Composition.Plans;

/// <summary>True where a condition does not hold: <c>{not: $held.ok}</c>. Null counts as false everywhere in conditions.</summary>
/// <param name="Operand">The condition.</param>
public sealed record NotExpression(Expression Operand) : Expression
{
    /// <inheritdoc/>
    public override ValueType Type => ValueType.Bool;

    /// <inheritdoc/>
    public override Value Evaluate(IEvaluationScope scope) => Value.Of(!Operand.Holds(scope));
}

/// <summary>True where two values are equal: <c>{equals: [$get.version, 3]}</c>. Null equals null only; JSON compares as canonical text.</summary>
/// <param name="Left">The one.</param>
/// <param name="Right">The other.</param>
public sealed record EqualsExpression(Expression Left, Expression Right) : Expression
{
    /// <inheritdoc/>
    public override ValueType Type => ValueType.Bool;

    /// <inheritdoc/>
    public override Value Evaluate(IEvaluationScope scope)
    {
        var (left, right) = (Left.Evaluate(scope), Right.Evaluate(scope));
        return Value.Of(left.Kind == right.Kind ? left == right : JsonExpression.Of(left) == JsonExpression.Of(right));
    }
}

/// <summary>True where all conditions hold: <c>{all: […]}</c>.</summary>
/// <param name="Operands">The conditions.</param>
public sealed record AllExpression(IReadOnlyList<Expression> Operands) : Expression
{
    /// <inheritdoc/>
    public override ValueType Type => ValueType.Bool;

    /// <inheritdoc/>
    public override Value Evaluate(IEvaluationScope scope)
    {
        foreach (var operand in Operands)
        {
            if (!operand.Holds(scope))
            {
                return Value.Of(false);
            }
        }

        return Value.Of(true);
    }
}

/// <summary>True where any condition holds: <c>{any: […]}</c>.</summary>
/// <param name="Operands">The conditions.</param>
public sealed record AnyExpression(IReadOnlyList<Expression> Operands) : Expression
{
    /// <inheritdoc/>
    public override ValueType Type => ValueType.Bool;

    /// <inheritdoc/>
    public override Value Evaluate(IEvaluationScope scope)
    {
        foreach (var operand in Operands)
        {
            if (operand.Holds(scope))
            {
                return Value.Of(true);
            }
        }

        return Value.Of(false);
    }
}

/// <summary>True where a key belongs to one partition: guards the steps of that partition's composite operation.</summary>
/// <param name="Function">The partition function.</param>
/// <param name="Key">The key.</param>
/// <param name="Partition">The partition's position.</param>
public sealed record PartitionExpression(PartitionFunction Function, Expression Key, int Partition) : Expression
{
    /// <inheritdoc/>
    public override ValueType Type => ValueType.Bool;

    /// <inheritdoc/>
    public override Value Evaluate(IEvaluationScope scope) =>
        Value.Of(Function.PartitionOf(PartitionFunction.TextOf(Key.Evaluate(scope))) == Partition);
}
