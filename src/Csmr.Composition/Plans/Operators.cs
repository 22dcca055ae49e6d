using System.Buffers.Text;
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

/// <summary>A sum or difference of two integers: <c>{$plus: [$in.amount, $in.fee]}</c>. Null where an operand is no integer; never a wrong number.</summary>
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
        var (left, right) = (Integer.Of(Left.Evaluate(scope)), Integer.Of(Right.Evaluate(scope)));
        if (left is not { } one || right is not { } other)
        {
            return Value.Null;
        }

        // 128 bits hold every sum and difference of two such integers.
        var result = Operator == Arithmetic.Plus ? (Int128)one + other : (Int128)one - other;
        return result >= long.MinValue && result <= long.MaxValue ? Value.Of((long)result) : scope.Overflow();
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

/// <summary>True where two integers compare as said: <c>{atLeast: [$got.balance, $in.amount]}</c>. False where one of them is no integer.</summary>
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
        var (left, right) = (Integer.Of(Left.Evaluate(scope)), Integer.Of(Right.Evaluate(scope)));
        return Value.Of(left is { } one && right is { } other && Holds(one.CompareTo(other)));
    }

    private bool Holds(int order) => Operator switch
    {
        Comparison.Less => order < 0,
        Comparison.AtMost => order <= 0,
        Comparison.More => order > 0,
        _ => order >= 0,
    };
}

/// <summary>Integers as operators take them.</summary>
internal static class Integer
{
    /// <summary>The integer that a value is: of 64 bits, also in JSON.</summary>
    /// <param name="value">The value.</param>
    /// <returns>The integer; null where it is none.</returns>
    public static long? Of(Value value) => value.Kind switch
    {
        ValueKind.Long => value.AsLong(),
        ValueKind.Json when Utf8Parser.TryParse(value.AsJson(), out long number, out var read) && read == value.AsJson().Length => number,
        _ => null,
    };
}
