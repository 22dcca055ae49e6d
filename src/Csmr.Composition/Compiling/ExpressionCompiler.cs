using System.Text.RegularExpressions;
using Csmr.Composition.Findings;
using Csmr.Composition.Manifests;
using Csmr.Composition.Plans;
using Csmr.Composition.Yaml;

namespace Csmr.Composition.Compiling;

/// <summary>Makes expressions out of YAML: constants, references, and maps and lists of them; and conditions.</summary>
internal sealed partial class ExpressionCompiler(StepScope scope, FindingList findings)
{
    private readonly ReferenceCompiler _references = new(scope, findings);

    /// <summary>Makes the expression of a value.</summary>
    /// <param name="node">The value.</param>
    /// <returns>The expression; null where something in it was reported.</returns>
    public Expression? Value(YamlNode node) => node switch
    {
        YamlScalar scalar => Scalar(scalar),
        YamlList list => List(list),
        YamlMap map => Record(map),
        _ => null,
    };

    /// <summary>Makes the expression of a condition.</summary>
    /// <param name="node">The condition.</param>
    /// <returns>The expression; null where something in it was reported.</returns>
    public Expression? Condition(YamlNode node)
    {
        if (node is YamlMap map)
        {
            return Operator(map);
        }

        if (node is YamlList)
        {
            findings.Add(FindingCodes.BadExpression, node.Position, "a list is no condition", "write '{all: […]}' or '{any: […]}'");
            return null;
        }

        var expression = Value(node);
        if (expression is null || ReferenceEquals(expression.Type, ValueType.Bool))
        {
            return expression;
        }

        findings.Add(FindingCodes.WrongType, node.Position, $"a condition must be a bool, but this is {(IsNull(expression) ? "null" : $"a {expression.Type}")}", "compare it: '{equals: [a, b]}'");
        return null;
    }

    private Expression? Operator(YamlMap map)
    {
        if (map.Entries.Count != 1 || !ManifestKeys.Condition.Keys.Contains(map.Entries[0].Key))
        {
            findings.Add(
                FindingCodes.BadExpression,
                map.Position,
                "this is no condition",
                $"write '$step.field' or a map with one of {string.Join(", ", ManifestKeys.Condition.Keys)}");
            return null;
        }

        var (key, operand) = (map.Entries[0].Key, map.Entries[0].Value);
        if (key == "not")
        {
            return Condition(operand) is { } condition ? new NotExpression(condition) : null;
        }

        if (operand is not YamlList list || list.Items.Count == 0 || (key == "equals" && list.Items.Count != 2))
        {
            findings.Add(FindingCodes.BadExpression, operand.Position, $"'{key}' takes a list of {(key == "equals" ? "two values" : "conditions")}");
            return null;
        }

        return key == "equals" ? Equality(list) : Combination(key, list);
    }

    private Expression? Combination(string key, YamlList list)
    {
        var conditions = list.Items.Select(Condition).ToArray();
        if (conditions.Contains(null))
        {
            return null;
        }

        return key == "all" ? new AllExpression(conditions!) : new AnyExpression(conditions!);
    }

    private EqualsExpression? Equality(YamlList list)
    {
        var left = Value(list.Items[0]);
        var right = Value(list.Items[1]);
        if (left is null || right is null)
        {
            return null;
        }

        var areComparable = left.Type.Accepts(right.Type) || right.Type.Accepts(left.Type) || IsNull(left) || IsNull(right);
        if (!areComparable)
        {
            findings.Add(FindingCodes.WrongType, list.Position, $"a {left.Type} and a {right.Type} are never equal");
        }

        return areComparable ? new EqualsExpression(left, right) : null;
    }

    private static bool IsNull(Expression expression) => expression is ConstantExpression { Constant.IsNull: true };

    private Expression? Scalar(YamlScalar scalar)
    {
        if (scalar.Text.StartsWith("$$", StringComparison.Ordinal))
        {
            return Text(scalar.Text[1..]);
        }

        if (scalar.Text.StartsWith('$'))
        {
            return _references.Compile(scalar.Text, scalar.Position);
        }

        if (scalar.IsNull)
        {
            return ConstantExpression.Null;
        }

        if (scalar.Bool is { } flag)
        {
            return new ConstantExpression(Csmr.Value.Of(flag), ValueType.Bool);
        }

        if (scalar.Integer is { } number)
        {
            return new ConstantExpression(Csmr.Value.Of(number), ValueType.Long);
        }

        return scalar.IsNumber ? Number(scalar) : Text(scalar.Text);
    }

    private static ConstantExpression Text(string text) => new(Csmr.Value.Of(text), ValueType.String);

    private ConstantExpression? Number(YamlScalar scalar)
    {
        if (JsonNumber().IsMatch(scalar.Text))
        {
            return new ConstantExpression(Csmr.Value.OfJson(System.Text.Encoding.ASCII.GetBytes(scalar.Text)), ValueType.Json);
        }

        findings.Add(FindingCodes.BadExpression, scalar.Position, $"'{Suggestion.Shown(scalar.Text)}' is no number as JSON has them", "write it as JSON does, or in quotes");
        return null;
    }

    private Expression? List(YamlList list)
    {
        var items = list.Items.Select(Value).ToArray();
        return items.Contains(null) ? null : Folded(new ListExpression(items!, ValueType.Json), items!);
    }

    private Expression? Record(YamlMap map)
    {
        var members = map.Entries.Select(entry => (entry.Key, Expression: Value(entry.Value))).ToArray();
        if (members.Any(static member => member.Expression is null))
        {
            return null;
        }

        var type = ValueType.Record([.. members.Select(member => scope.FieldOf(member.Key, member.Expression!))]);
        return Folded(
            new RecordExpression([.. members.Select(static member => new RecordMember(member.Key, member.Expression!))], type),
            members.Select(static member => member.Expression!));
    }

    /// <summary>What is made of constants alone is a constant.</summary>
    private static Expression Folded(Expression whole, IEnumerable<Expression> parts) =>
        parts.All(static part => part is ConstantExpression) ? new ConstantExpression(whole.Evaluate(NoScope.Instance), whole.Type) : whole;

    [GeneratedRegex(@"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex JsonNumber();

    private sealed class NoScope : IEvaluationScope
    {
        public static NoScope Instance { get; } = new();

        public Value Argument(int index) => default;

        public Value Field(int step, int field) => default;

        public Value Refusal(int step) => default;
    }
}
