using Csmr.Composition.Plans;

namespace Csmr.Unit.Tests.Composition.Programs;

/// <summary>
/// A random operation with arguments, and machines that answer any invocation by a fixed function of it: with values, refusals
/// that are declared or not, and faults.
/// </summary>
internal sealed class RandomCall
{
    private const int Groups = 3;

    private static readonly ParameterDefinition[] Parameters =
    [
        new("text", ValueType.String, ""), new("number", ValueType.Long, ""), new("flag", ValueType.Bool, "") { IsOptional = true },
        new("any", ValueType.Json, "") { IsOptional = true },
    ];

    private static readonly FieldDefinition[] Fields =
        [new("ok", ValueType.Bool, ""), new("count", ValueType.Long, "", IsNullable: true), new("name", ValueType.String, ""), new("value", ValueType.Json, "", IsNullable: true)];

    private readonly Random _random;
    private readonly int _seed;

    public RandomCall(int seed)
    {
        (_seed, _random) = (seed, new Random(seed));
        var steps = new List<StepPlan>();
        for (var count = _random.Next(1, 9); steps.Count < count;)
        {
            steps.Add(Step(steps.Count));
        }

        Plan = new OperationPlan
        {
            Name = "x",
            Service = "s",
            Summary = "",
            Access = OperationAccess.Update,
            Parameters = Parameters,
            Fields = Fields,
            Consistency = Consistency.Atomic,
            Steps = steps,
            Return = [.. Fields.Select(field => Of(field.Type, steps.Count, 3))],
        };
        Arguments =
        [
            Value.Of(Text()), Value.Of(Number()), _random.Next(3) == 0 ? Value.Null : Value.Of(_random.Next(2) == 0),
            _random.Next(3) == 0 ? Value.Null : Value.OfJson("""{"count":3,"list":[1]}"""u8.ToArray()),
        ];
    }

    public OperationPlan Plan { get; }

    public Value[] Arguments { get; }

    /// <summary>What the machines answer: the same whenever they are asked the same.</summary>
    public Outcome Answer(string operation, ReadOnlySpan<Value> arguments)
    {
        var hash = new HashCodeOfText(_seed);
        hash.Add(operation);
        foreach (var argument in arguments)
        {
            hash.Add($"{argument.Kind}:{argument}");
        }

        var random = new Random(hash.Value);
        return random.Next(12) switch
        {
            0 or 1 => Outcome.Refused($"refused.{random.Next(3)}", "no"),
            2 => Outcome.Fault("machine-failed", "defect"),
            _ => Outcome.Done(
                Value.Of(random.Next(3) > 0),
                random.Next(4) == 0 ? Value.Null : Value.Of(random.Next(10) == 0 ? long.MaxValue : random.Next(20)),
                Value.Of($"n{random.Next(5)}"),
                random.Next(4) == 0 ? Value.Null : Value.OfJson("""{"count":7}"""u8.ToArray())),
        };
    }

    private StepPlan Step(int index)
    {
        var declares = _random.Next(2) == 0;
        var operation = new OperationDefinition
        {
            Name = $"o{index}",
            Summary = "",
            Access = OperationAccess.Update,
            Parameters = [.. Parameters.Take(_random.Next(1, Parameters.Length + 1)).Select(Bounded)],
            Fields = Fields,
            Refusals = declares ? [new RefusalDefinition("refused.0", "")] : [],
        };
        return new StepPlan
        {
            Id = $"s{index}",
            Service = "s",
            Operation = operation,
            Arguments = [.. operation.Parameters.Select(parameter => Of(parameter.Type, index, 3))],
            When = _random.Next(3) == 0 ? Condition(index, 3) : null,
            OnRefusal = _random.Next(3) == 0 ? RefusalRule.Continue : RefusalRule.Stop,
            Router = new SingleRouter(new GroupId($"g{_random.Next(Groups)}")),
        };
    }

    private ParameterDefinition Bounded(ParameterDefinition parameter) => _random.Next(3) > 0 ? parameter
        : ReferenceEquals(parameter.Type, ValueType.Long) ? parameter with { Minimum = 0, Maximum = 40 }
        : ReferenceEquals(parameter.Type, ValueType.String) ? parameter with { BytesMax = 12 } : parameter;

    private Expression Of(ValueType type, int steps, int depth)
    {
        if (depth > 0 && _random.Next(5) == 0)
        {
            return _random.Next(2) == 0
                ? new WhenExpression(Condition(steps, depth - 1), Of(type, steps, depth - 1))
                : new FirstExpression([Of(type, steps, depth - 1), Of(type, steps, depth - 1)]);
        }

        return type.Name switch
        {
            "bool" => Condition(steps, depth),
            "long" => Integer(steps, depth),
            "string" => Name(steps, depth),
            _ => Json(steps, depth),
        };
    }

    private Expression Condition(int steps, int depth) => _random.Next(depth > 0 ? 8 : 3) switch
    {
        0 => new ArgumentExpression(2, ValueType.Bool),
        1 or 2 when steps > 0 => new FieldExpression(_random.Next(steps), 0, ValueType.Bool),
        3 => new NotExpression(Condition(steps, depth - 1)),
        4 => new EqualsExpression(Of(ValueType.Long, steps, depth - 1), Of(ValueType.Long, steps, depth - 1)),
        5 => new AllExpression([Condition(steps, depth - 1), Condition(steps, depth - 1)]),
        6 => new AnyExpression([Condition(steps, depth - 1), Condition(steps, depth - 1)]),
        7 => new ComparisonExpression((Comparison)_random.Next(4), Integer(steps, depth - 1), Integer(steps, depth - 1)),
        _ => new ConstantExpression(Value.Of(_random.Next(4) > 0), ValueType.Bool),
    };

    private Expression Integer(int steps, int depth) => _random.Next(depth > 0 ? 6 : 3) switch
    {
        0 => new ArgumentExpression(1, ValueType.Long),
        1 or 2 when steps > 0 => new FieldExpression(_random.Next(steps), 1, ValueType.Long),
        3 => new ArithmeticExpression((Arithmetic)_random.Next(2), Integer(steps, depth - 1), Integer(steps, depth - 1)),
        4 => new MemberExpression(Json(steps, depth - 1), "count", ValueType.Long),
        _ => new ConstantExpression(Value.Of(Number()), ValueType.Long),
    };

    private Expression Name(int steps, int depth) => _random.Next(depth > 0 ? 6 : 3) switch
    {
        0 => new ArgumentExpression(0, ValueType.String),
        1 or 2 when steps > 0 => new FieldExpression(_random.Next(steps), 2, ValueType.String),
        3 => new TemplateExpression([new ConstantExpression(Value.Of("t"), ValueType.String), Of(ValueType.Long, steps, depth - 1)]),
        4 when steps > 0 => new RefusalExpression(_random.Next(steps)),
        _ => new ConstantExpression(Value.Of(Text()), ValueType.String),
    };

    private Expression Json(int steps, int depth) => _random.Next(depth > 0 ? 6 : 3) switch
    {
        0 => new ArgumentExpression(3, ValueType.Json),
        1 or 2 when steps > 0 => new FieldExpression(_random.Next(steps), 3, ValueType.Json),
        3 => new RecordExpression([new("count", Integer(steps, depth - 1)), new("name", Name(steps, depth - 1))], ValueType.Json),
        4 => new ListExpression([Integer(steps, depth - 1), Condition(steps, depth - 1)], ValueType.Json),
        _ => new JsonExpression(Of(ValueType.Long, steps, depth - 1)),
    };

    private string Text() => new('k', _random.Next(16));

    private long Number() => _random.Next(8) == 0 ? long.MaxValue : _random.Next(-5, 50);

    /// <summary>A hash that is the same in every process.</summary>
    private sealed class HashCodeOfText(int seed)
    {
        public int Value { get; private set; } = seed;

        public void Add(string text) => Value = (Value * 31) + (int)HashPartitions.Hash(text);
    }
}
