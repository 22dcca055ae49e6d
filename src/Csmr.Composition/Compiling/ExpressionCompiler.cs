using System.Text;
using System.Text.RegularExpressions;
using Csmr.Composition.Findings;
using Csmr.Composition.Manifests;
using Csmr.Composition.Plans;
using Csmr.Composition.Yaml;

namespace Csmr.Composition.Compiling;

/// <summary>Makes expressions out of YAML: constants, references, and maps and lists of them; and conditions.</summary>
internal sealed partial class ExpressionCompiler(StepScope scope, FindingList findings)
{
    private static readonly ConstantExpression Zero = new(Csmr.Value.Of(0), ValueType.Long);

    private static readonly Dictionary<string, Comparison> Comparisons = new(StringComparer.Ordinal)
    {
        ["less"] = Comparison.Less,
        ["atMost"] = Comparison.AtMost,
        ["more"] = Comparison.More,
        ["atLeast"] = Comparison.AtLeast,
    };

    private readonly ReferenceCompiler _references = new(scope, findings);

    /// <summary>Makes the expression of a value.</summary>
    /// <param name="node">The value.</param>
    /// <returns>The expression; null where something in it was reported.</returns>
    public Expression? Value(YamlNode node) => node switch
    {
        YamlScalar scalar => Scalar(scalar),
        YamlList list => List(list),
        YamlMap map when map.Entries.FirstOrDefault(static entry => IsOperator(entry.Key)) is { } entry => Operator(map, entry),
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
            return Condition(map);
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

    private Expression? Condition(YamlMap map)
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

        return Condition(map.Entries[0].Key, map.Entries[0].Value);
    }

    private Expression? Condition(string key, YamlNode operand)
    {
        if (key == "not")
        {
            return Condition(operand) is { } condition ? new NotExpression(condition) : null;
        }

        var takesTwo = key is not ("all" or "any");
        if (operand is not YamlList list || list.Items.Count == 0 || (takesTwo && list.Items.Count != 2))
        {
            findings.Add(FindingCodes.BadExpression, operand.Position, $"'{key}' takes a list of {(takesTwo ? "two values" : "conditions")}");
            return null;
        }

        return key switch
        {
            "equals" => Equality(list),
            "all" or "any" => Combination(key, list),
            _ => Integers(list) is [var left, var right] ? new ComparisonExpression(Comparisons[key], left, right) : null,
        };
    }

    /// <summary>An operator where a value stands: a map with the one key <c>$plus</c>, <c>$not</c>, ….</summary>
    private Expression? Operator(YamlMap map, YamlEntry entry)
    {
        var (name, operand) = (entry.Key[1..], entry.Value);
        if (map.Entries.Count != 1)
        {
            findings.Add(FindingCodes.BadExpression, entry.KeyPosition, $"the operator '{Suggestion.Shown(entry.Key)}' stands beside other keys", "an operator is alone in its map; a member whose name starts with '$' is written '$$…'");
            return null;
        }

        if (ManifestKeys.Condition.Keys.Contains(name))
        {
            return Condition(name, operand);
        }

        if (name == "negative")
        {
            return Value(operand) is { } value && Integer(value, operand.Position) ? Computed(Arithmetic.Minus, Zero, value, operand.Position) : null;
        }

        if (!ManifestKeys.ValueOperators.Contains(name))
        {
            findings.Add(
                FindingCodes.BadExpression,
                entry.KeyPosition,
                $"there is no operator '{Suggestion.Shown(entry.Key)}'",
                Suggestion.Among(entry.Key, "there are", ManifestKeys.ValueOperators.Concat(ManifestKeys.Condition.Keys).Select(static known => $"${known}")));
            return null;
        }

        if (operand is not YamlList { Items.Count: > 1 } list || (name == "minus" && list.Items.Count != 2))
        {
            findings.Add(FindingCodes.BadExpression, operand.Position, $"'{entry.Key}' takes a list of {(name == "minus" ? "two integers" : "at least two values")}");
            return null;
        }

        return name == "first" ? First(list) : Sum(name == "plus" ? Arithmetic.Plus : Arithmetic.Minus, list);
    }

    private Expression? Sum(Arithmetic arithmetic, YamlList list)
    {
        var operands = Integers(list);
        var sum = operands?[0];
        for (var i = 1; i < operands?.Length && sum is not null; i++)
        {
            sum = Computed(arithmetic, sum, operands[i], list.Position);
        }

        return sum;
    }

    private Expression? Computed(Arithmetic arithmetic, Expression left, Expression right, Position position)
    {
        var computed = new ArithmeticExpression(arithmetic, left, right);
        try
        {
            return Folded(computed, [left, right]);
        }
        catch (OverflowException)
        {
            findings.Add(FindingCodes.ConstantOutOfBounds, position, "this number does not fit 64 bits");
            return null;
        }
    }

    private FirstExpression? First(YamlList list)
    {
        var choices = list.Items.Select(Value).ToArray();
        if (choices.Contains(null))
        {
            return null;
        }

        var type = Common(choices!);
        return new FirstExpression([.. choices.Select(choice => ReferenceEquals(type, ValueType.Json) && choice!.Type.Carrier != ValueKind.Json ? new JsonExpression(choice) : choice!)]);
    }

    /// <summary>Operands that are integers, or JSON that may hold one; null where something was reported.</summary>
    private Expression[]? Integers(YamlList list)
    {
        var operands = list.Items.Select(item => Value(item) is { } operand && Integer(operand, item.Position) ? operand : null).ToArray();
        return operands.Contains(null) ? null : [.. operands.OfType<Expression>()];
    }

    private bool Integer(Expression operand, Position position)
    {
        var isOne = ReferenceEquals(operand.Type, ValueType.Long) || (ReferenceEquals(operand.Type, ValueType.Json) && operand is not ConstantExpression);
        if (!isOne)
        {
            findings.Add(FindingCodes.WrongType, position, $"an operator on integers takes a long, but this is {(IsNull(operand) ? "null" : $"a {operand.Type}")}");
        }

        return isOne;
    }

    /// <summary>The type that all have; JSON where they differ.</summary>
    private static ValueType Common(IReadOnlyList<Expression> expressions) =>
        expressions.Skip(1).All(other => expressions[0].Type.Accepts(other.Type) && other.Type.Accepts(expressions[0].Type)) ? expressions[0].Type : ValueType.Json;

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

        var areComparable = left.Type.Name == right.Type.Name || left.Type.Accepts(right.Type) || right.Type.Accepts(left.Type) || IsNull(left) || IsNull(right);
        if (!areComparable)
        {
            findings.Add(FindingCodes.WrongType, list.Position, $"a {left.Type} and a {right.Type} are never equal");
        }

        return areComparable ? new EqualsExpression(left, right) : null;
    }

    private static bool IsNull(Expression expression) => expression is ConstantExpression { Constant.IsNull: true };

    private Expression? Scalar(YamlScalar scalar)
    {
        if (scalar.Text.Contains("{$", StringComparison.Ordinal))
        {
            return Template(scalar);
        }

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

    /// <summary>A text with references in braces; <c>{$$</c> stands for the two characters themselves.</summary>
    private Expression? Template(YamlScalar scalar)
    {
        var pieces = new List<Expression>();
        var text = new StringBuilder();
        var rest = scalar.Text;
        for (var at = rest.IndexOf("{$", StringComparison.Ordinal); at >= 0; at = rest.IndexOf("{$", StringComparison.Ordinal))
        {
            text.Append(rest, 0, at);
            if (rest[at..].StartsWith("{$$", StringComparison.Ordinal))
            {
                text.Append("{$");
                rest = rest[(at + 3)..];
                continue;
            }

            var end = rest.IndexOf('}', at);
            if (end < 0)
            {
                findings.Add(FindingCodes.BadExpression, scalar.Position, "a '{$' has no '}'", "write '{$in.argument}' or '{$step.field}'; '{$$' stands for the text '{$'");
                return null;
            }

            if (_references.Compile(rest[(at + 1)..end], scalar.Position) is not { } value)
            {
                return null;
            }

            pieces.Add(Text(text.ToString()));
            pieces.Add(value);
            text.Clear();
            rest = rest[(end + 1)..];
        }

        pieces.Add(Text(text.Append(rest).ToString()));
        pieces.RemoveAll(static piece => piece is ConstantExpression { Constant: var constant } && constant == Csmr.Value.Of(""));
        return pieces is [ConstantExpression whole] ? whole : new TemplateExpression(pieces);
    }

    private static ConstantExpression Text(string text) => new(Csmr.Value.Of(text), ValueType.String);

    private ConstantExpression? Number(YamlScalar scalar)
    {
        if (JsonNumber().IsMatch(scalar.Text))
        {
            return new ConstantExpression(Csmr.Value.OfJson(Encoding.ASCII.GetBytes(scalar.Text)), ValueType.Json);
        }

        findings.Add(FindingCodes.BadExpression, scalar.Position, $"'{Suggestion.Shown(scalar.Text)}' is no number as JSON has them", "write it as JSON does, or in quotes");
        return null;
    }

    private Expression? List(YamlList list)
    {
        var items = list.Items.Select(Value).ToArray();
        if (items.Contains(null))
        {
            return null;
        }

        var facts = scope.Facts(null);
        var element = items.Length == 0 || items.Any(item => facts.MayBeNull(item!)) ? ValueType.Json : Common(items!);
        return Folded(new ListExpression(items!, element), items!);
    }

    private Expression? Record(YamlMap map)
    {
        var members = map.Entries.Select(entry => (Key: NameOf(entry.Key), Expression: Value(entry.Value))).ToArray();
        if (members.Any(static member => member.Expression is null))
        {
            return null;
        }

        var type = ValueType.Record([.. members.Select(member => scope.FieldOf(member.Key, member.Expression!))]);
        return Folded(
            new RecordExpression([.. members.Select(static member => new RecordMember(member.Key, member.Expression!))], type),
            members.Select(static member => member.Expression!));
    }

    private static bool IsOperator(string key) => key.StartsWith('$') && !key.StartsWith("$$", StringComparison.Ordinal);

    private static string NameOf(string key) => key.StartsWith("$$", StringComparison.Ordinal) ? key[1..] : key;

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
