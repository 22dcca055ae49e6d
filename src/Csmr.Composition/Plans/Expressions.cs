using Csmr.Composition.Json;

namespace Csmr.Composition.Plans;

/// <summary>A client's argument: <c>$in.key</c>.</summary>
/// <param name="Index">Its position in <see cref="OperationPlan.Parameters"/>.</param>
/// <param name="ArgumentType">Its type.</param>
public sealed record ArgumentExpression(int Index, ValueType ArgumentType) : Expression
{
    /// <inheritdoc/>
    public override ValueType Type => ArgumentType;

    /// <inheritdoc/>
    public override Value Evaluate(IEvaluationScope scope) => scope.Argument(Index);
}

/// <summary>A field of an earlier step's outcome: <c>$put.version</c>.</summary>
/// <param name="Step">The step's position.</param>
/// <param name="Field">The field's position in the step's operation.</param>
/// <param name="FieldType">Its type.</param>
public sealed record FieldExpression(int Step, int Field, ValueType FieldType) : Expression
{
    /// <inheritdoc/>
    public override ValueType Type => FieldType;

    /// <inheritdoc/>
    public override Value Evaluate(IEvaluationScope scope) => scope.Field(Step, Field);
}

/// <summary>The refusal that an earlier step was answered with: <c>$put.refusal</c>; null where there is none.</summary>
/// <param name="Step">The step's position.</param>
public sealed record RefusalExpression(int Step) : Expression
{
    /// <inheritdoc/>
    public override ValueType Type => ValueType.String;

    /// <inheritdoc/>
    public override Value Evaluate(IEvaluationScope scope) => scope.Refusal(Step);
}

/// <summary>A constant of the manifest.</summary>
/// <param name="Constant">Its value.</param>
/// <param name="ConstantType">Its type.</param>
public sealed record ConstantExpression(Value Constant, ValueType ConstantType) : Expression
{
    /// <summary>No value: what an optional argument gets that a step leaves out.</summary>
    public static ConstantExpression Null { get; } = new(Value.Null, ValueType.Json);

    /// <inheritdoc/>
    public override ValueType Type => ConstantType;

    /// <inheritdoc/>
    public override Value Evaluate(IEvaluationScope scope) => Constant;
}

/// <summary>A record put together from other expressions; its value is canonical JSON.</summary>
/// <param name="Members">The members, in the order of the manifest.</param>
/// <param name="RecordType">The type, with one field for each member.</param>
public sealed record RecordExpression(IReadOnlyList<RecordMember> Members, ValueType RecordType) : Expression
{
    /// <inheritdoc/>
    public override ValueType Type => RecordType;

    /// <inheritdoc/>
    public override Value Evaluate(IEvaluationScope scope)
    {
        var builder = new JsonBuilder().BeginObject();
        foreach (var member in Members)
        {
            builder.Member(member.Name).Value(member.Expression.Evaluate(scope));
        }

        return builder.EndObject().ToValue();
    }
}

/// <summary>One member of a <see cref="RecordExpression"/>.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Expression">Its value.</param>
public sealed record RecordMember(string Name, Expression Expression);

/// <summary>A list put together from other expressions; its value is canonical JSON.</summary>
/// <param name="Items">The items.</param>
/// <param name="Element">The type that all items have.</param>
public sealed record ListExpression(IReadOnlyList<Expression> Items, ValueType Element) : Expression
{
    /// <inheritdoc/>
    public override ValueType Type { get; } = ValueType.ListOf(Element);

    /// <inheritdoc/>
    public override Value Evaluate(IEvaluationScope scope)
    {
        var builder = new JsonBuilder().BeginList();
        foreach (var item in Items)
        {
            builder.Value(item.Evaluate(scope));
        }

        return builder.EndList().ToValue();
    }
}

/// <summary>An item of a list that a step is made for: <c>$item</c>. Null where the list has fewer.</summary>
/// <param name="Source">The list; of the client's arguments.</param>
/// <param name="Index">The item's position from 0.</param>
/// <param name="ItemType">The type of the items.</param>
public sealed record ItemExpression(Expression Source, int Index, ValueType ItemType) : Expression
{
    /// <inheritdoc/>
    public override ValueType Type => ItemType;

    /// <inheritdoc/>
    public override Value Evaluate(IEvaluationScope scope) => JsonItems.Item(Source.Evaluate(scope), Index, ItemType);

    /// <summary>The item of a list: where the list is put together by the manifest, what stands there.</summary>
    /// <param name="source">The list.</param>
    /// <param name="index">The item's position from 0.</param>
    /// <param name="type">The type of the items.</param>
    /// <returns>The expression.</returns>
    public static Expression Of(Expression source, int index, ValueType type)
    {
        if (source is not ListExpression list)
        {
            return new ItemExpression(source, index, type);
        }

        var item = index < list.Items.Count ? list.Items[index] : ConstantExpression.Null;
        return type.Carrier == ValueKind.Json && item.Type.Carrier != ValueKind.Json ? new JsonExpression(item) : item;
    }
}

/// <summary>The results of the steps that were made for the items of a list: as many as the list has items.</summary>
/// <param name="Source">The list; of the client's arguments.</param>
/// <param name="Results">One result for each item that the list may have.</param>
/// <param name="Element">The type that all results have.</param>
public sealed record EachExpression(Expression Source, IReadOnlyList<Expression> Results, ValueType Element) : Expression
{
    /// <inheritdoc/>
    public override ValueType Type { get; } = ValueType.ListOf(Element);

    /// <inheritdoc/>
    public override Value Evaluate(IEvaluationScope scope) => Present(Source.Evaluate(scope)).Evaluate(scope);

    /// <summary>The results of the items that are there.</summary>
    /// <param name="list">The list.</param>
    /// <returns>A list of them.</returns>
    public ListExpression Present(Value list) => new([.. Results.Take(JsonItems.Count(list))], Element);
}

/// <summary>A member of a record: <c>$placed.result.version</c>.</summary>
/// <param name="Source">The record.</param>
/// <param name="Name">The member's name.</param>
/// <param name="MemberType">The member's declared type.</param>
public sealed record MemberExpression(Expression Source, string Name, ValueType MemberType) : Expression
{
    /// <inheritdoc/>
    public override ValueType Type => MemberType;

    /// <inheritdoc/>
    public override Value Evaluate(IEvaluationScope scope)
    {
        var record = Source.Evaluate(scope);
        return record.Kind == ValueKind.Json ? JsonMember.Read(record.AsJson(), Name, MemberType) : Value.Null;
    }
}

/// <summary>A text, integer or bool as the JSON value that an argument of type json takes.</summary>
/// <param name="Source">The value.</param>
public sealed record JsonExpression(Expression Source) : Expression
{
    /// <inheritdoc/>
    public override ValueType Type => ValueType.Json;

    /// <inheritdoc/>
    public override Value Evaluate(IEvaluationScope scope) => Of(Source.Evaluate(scope));

    /// <summary>A value as JSON; null stays null.</summary>
    /// <param name="value">The value.</param>
    /// <returns>The same value, carried as JSON.</returns>
    public static Value Of(Value value) =>
        value.Kind is ValueKind.Null or ValueKind.Json ? value : new JsonBuilder(32).Value(value).ToValue();
}

/// <summary>The value of <paramref name="Then"/> where a condition holds, else null: the result of a step that may be skipped.</summary>
/// <param name="Condition">The condition.</param>
/// <param name="Then">The value where it holds.</param>
public sealed record WhenExpression(Expression Condition, Expression Then) : Expression
{
    /// <inheritdoc/>
    public override ValueType Type => Then.Type;

    /// <inheritdoc/>
    public override Value Evaluate(IEvaluationScope scope) => Condition.Holds(scope) ? Then.Evaluate(scope) : Value.Null;
}

/// <summary>The first of several values that is not null: the answer of the one partition that was called.</summary>
/// <param name="Choices">The values; all of one type.</param>
public sealed record FirstExpression(IReadOnlyList<Expression> Choices) : Expression
{
    /// <inheritdoc/>
    public override ValueType Type => Choices[0].Type;

    /// <inheritdoc/>
    public override Value Evaluate(IEvaluationScope scope)
    {
        foreach (var choice in Choices)
        {
            var value = choice.Evaluate(scope);
            if (!value.IsNull)
            {
                return value;
            }
        }

        return Value.Null;
    }
}
