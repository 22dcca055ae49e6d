using Csmr.Composition.Plans;

namespace Csmr.Composition.Explaining;

/// <summary>Writes expressions as manifests do.</summary>
public static class ExpressionText
{
    /// <summary>The text of an expression of an operation.</summary>
    /// <param name="expression">The expression.</param>
    /// <param name="operation">The operation that it belongs to.</param>
    /// <returns>The text.</returns>
    public static string Of(Expression expression, OperationPlan operation)
    {
        return expression switch
        {
            ArgumentExpression argument => $"$in.{operation.Parameters[argument.Index].Name}",
            FieldExpression field => $"${operation.Steps[field.Step].Id}.{operation.Steps[field.Step].Operation.Fields[field.Field].Name}",
            RefusalExpression refusal => $"${operation.Steps[refusal.Step].Id}.refusal",
            ConstantExpression { Constant.Kind: ValueKind.String } text => $"\"{text.Constant}\"",
            ConstantExpression constant => constant.Constant.ToString(),
            JsonExpression json => Text(json.Source),
            RecordExpression record => $"{{{string.Join(", ", record.Members.Select(member => $"{member.Name}: {Text(member.Expression)}"))}}}",
            ListExpression list => $"[{List(list.Items)}]",
            MemberExpression member => $"{Text(member.Source)}.{member.Name}",
            ItemExpression item => $"{Text(item.Source)}[{item.Index + 1}]",
            EachExpression each => $"[{Text(each.Results[0])}, …]",
            WhenExpression guarded => Text(guarded.Then),
            FirstExpression first => string.Join(" | ", first.Choices.Select(Text)),
            NotExpression negated => $"not {Text(negated.Operand)}",
            EqualsExpression equal => $"{Text(equal.Left)} = {Text(equal.Right)}",
            ComparisonExpression comparison => $"{Text(comparison.Left)} {SymbolOf(comparison.Operator)} {Text(comparison.Right)}",
            ArithmeticExpression { Operator: Arithmetic.Minus, Left: ConstantExpression { Constant: var zero } } negative when zero == Value.Of(0) => $"-{Sum(negative.Right)}",
            ArithmeticExpression arithmetic => $"{Text(arithmetic.Left)} {(arithmetic.Operator == Arithmetic.Plus ? '+' : '-')} {Sum(arithmetic.Right)}",
            TemplateExpression template => $"\"{string.Concat(template.Pieces.Select(Piece))}\"",
            AllExpression all => string.Join(" and ", all.Operands.Select(Operand)),
            AnyExpression any => string.Join(" or ", any.Operands.Select(Operand)),
            PartitionExpression partition => $"{Text(partition.Key)} in {partition.Function.Describe(partition.Partition)}",
            _ => "?",
        };

        string Text(Expression part) => Of(part, operation);

        string List(IEnumerable<Expression> parts) => string.Join(", ", parts.Select(Text));

        string Sum(Expression part) => part is ArithmeticExpression ? $"({Text(part)})" : Text(part);

        string Piece(Expression part) => part is ConstantExpression constant ? constant.Constant.ToString() : $"{{{Text(part)}}}";

        string Operand(Expression part) => part is AllExpression or AnyExpression ? $"({Text(part)})" : Text(part);
    }

    private static string SymbolOf(Comparison comparison) => comparison switch
    {
        Comparison.Less => "<",
        Comparison.AtMost => "<=",
        Comparison.More => ">",
        _ => ">=",
    };
}
