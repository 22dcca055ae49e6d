using System.Text;

namespace Csmr.Composition.Plans;

/// <summary>A text with values in it: <c>"put({$in.key},{$put.version})"</c>. JSON stands in it as its text; where a part is null, so is the whole.</summary>
/// <param name="Pieces">The constant texts and the values, in order.</param>
public sealed record TemplateExpression(IReadOnlyList<Expression> Pieces) : Expression
{
    /// <inheritdoc/>
    public override ValueType Type => ValueType.String;

    /// <inheritdoc/>
    public override Value Evaluate(IEvaluationScope scope)
    {
        var text = new StringBuilder();
        foreach (var piece in Pieces)
        {
            var value = piece.Evaluate(scope);
            if (value.IsNull)
            {
                return Value.Null;
            }

            text.Append(value.ToString());
        }

        return Value.Of(text.ToString());
    }
}

/// <summary>What an <see cref="ArithmeticExpression"/> computes.</summary>
public enum Arithmetic : byte
{
    /// <summary>The sum.</summary>
    Plus = 0,

    /// <summary>The difference.</summary>
    Minus = 1,
}

/// <summary>A sum or difference of two integers: <c>{$plus: [$in.amount, $in.fee]}</c>. Null where an operand is; never a wrong number.</summary>
/// <param name="Operator">What it computes.</param>
/// <param name="Left">The one.</param>
/// <param name="Right">The other.</param>
public sealed record ArithmeticExpression(Arithmetic Operator, Expression Left, Expression Right) : Expression
{
    /// <inheritdoc/>
    public override ValueType Type => ValueType.Long;

    /// <inheritdoc/>
    public override Value Evaluate(IEvaluationScope scope)
    {
        var (left, right) = (Left.Evaluate(scope), Right.Evaluate(scope));
        if (left.Kind != ValueKind.Long || right.Kind != ValueKind.Long)
        {
            return Value.Null;
        }

        return Value.Of(checked(Operator == Arithmetic.Plus ? left.AsLong() + right.AsLong() : left.AsLong() - right.AsLong()));
    }
}

/// <summary>How a <see cref="ComparisonExpression"/> compares.</summary>
public enum Comparison : byte
{
    /// <summary>The left one is smaller.</summary>
    Less = 0,

    /// <summary>The left one is smaller or equal.</summary>
    AtMost = 1,

    /// <summary>The left one is larger.</summary>
    More = 2,

    /// <summary>The left one is larger or equal.</summary>
    AtLeast = 3,
}

/// <summary>True where two integers compare as said: <c>{atLeast: [$got.balance, $in.amount]}</c>. False where one of them is null.</summary>
/// <param name="Operator">How they must compare.</param>
/// <param name="Left">The one.</param>
/// <param name="Right">The other.</param>
public sealed record ComparisonExpression(Comparison Operator, Expression Left, Expression Right) : Expression
{
    /// <inheritdoc/>
    public override ValueType Type => ValueType.Bool;

    /// <inheritdoc/>
    public override Value Evaluate(IEvaluationScope scope)
    {
        var (left, right) = (Left.Evaluate(scope), Right.Evaluate(scope));
        return Value.Of(left.Kind == ValueKind.Long && right.Kind == ValueKind.Long && Holds(left.AsLong().CompareTo(right.AsLong())));
    }

    private bool Holds(int order) => Operator switch
    {
        Comparison.Less => order < 0,
        Comparison.AtMost => order <= 0,
        Comparison.More => order > 0,
        _ => order >= 0,
    };
}
