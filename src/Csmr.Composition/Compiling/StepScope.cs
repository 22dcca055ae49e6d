using Csmr.Composition.Findings;
using Csmr.Composition.Plans;

namespace Csmr.Composition.Compiling;

/// <summary>What the expressions of one composite operation can refer to: the client's arguments and the steps before.</summary>
/// <param name="parameters">The client's parameters.</param>
/// <param name="stepIds">The ids of all steps, in order.</param>
internal sealed class StepScope(IReadOnlyList<ParameterDefinition> parameters, IReadOnlyList<string> stepIds)
{
    private readonly Dictionary<string, StepAnswer?> _answers = new(StringComparer.Ordinal);
    private readonly List<StepPlan> _steps = [];

    public IReadOnlyList<ParameterDefinition> Parameters => parameters;

    /// <summary>The steps so far, those of nested operations in place of these.</summary>
    public IReadOnlyList<StepPlan> Steps => _steps;

    /// <summary>What <c>$item</c> stands for in the present step; null where it stands for nothing.</summary>
    public Expression? Item { get; set; }

    /// <summary>The names that come after a <c>$</c>.</summary>
    public IEnumerable<string> Names => _answers.Keys.Prepend(Item is null ? "in" : "item").Prepend("in").Distinct();

    /// <summary>Adds a step that was understood.</summary>
    public void Add(string id, IReadOnlyList<FieldDefinition> fields, InlinedSteps inlined)
    {
        int? refusable = inlined.Steps is [{ OnRefusal: RefusalRule.Continue }] ? _steps.Count : null;
        _steps.AddRange(inlined.Steps);
        _answers.TryAdd(id, new StepAnswer(fields, inlined.Outputs) { Refusable = refusable });
    }

    /// <summary>Adds steps whose answers nothing refers to yet: see <see cref="Name"/>.</summary>
    public void Add(InlinedSteps inlined) => _steps.AddRange(inlined.Steps);

    /// <summary>Gives the answer of steps that were added before a name.</summary>
    public void Name(string id, StepAnswer answer) => _answers.TryAdd(id, answer);

    /// <summary>Adds a step that was reported: references to it are not reported again.</summary>
    public void AddBroken(string id) => _answers.TryAdd(id, null);

    /// <summary>Whether a step of this id stands before; its answer is null where it was reported.</summary>
    public bool TryFind(string id, out StepAnswer? answer) => _answers.TryGetValue(id, out answer);

    /// <summary>Whether a step of this id stands at or after the present one.</summary>
    public bool IsLater(string id) => !_answers.ContainsKey(id) && stepIds.Contains(id);

    /// <summary>What may be null where a condition holds.</summary>
    public NullFacts Facts(Expression? condition) => new(parameters, _steps, condition);

    /// <summary>The field that a value comes from, for its documentation: of a step, of an argument or made up.</summary>
    public FieldDefinition FieldOf(string name, Expression expression)
    {
        var isNullable = Facts(null).MayBeNull(expression);
        var source = expression;
        while (source is WhenExpression or FirstExpression)
        {
            source = source is WhenExpression guarded ? guarded.Then : ((FirstExpression)source).Choices[0];
        }

        return source switch
        {
            FieldExpression field when _steps[field.Step].Operation.Fields[field.Field] is var original =>
                original with { Name = name, IsNullable = isNullable },
            ArgumentExpression argument => new FieldDefinition(name, expression.Type, parameters[argument.Index].Summary, isNullable),
            _ => new FieldDefinition(name, expression.Type, "", isNullable),
        };
    }
}

/// <summary>The answer of a step: the fields of the operation called, and where each value comes from.</summary>
/// <param name="Fields">The fields.</param>
/// <param name="Outputs">One expression for each.</param>
internal sealed record StepAnswer(IReadOnlyList<FieldDefinition> Fields, IReadOnlyList<Expression> Outputs)
{
    /// <summary>The step whose refusal the operation survives, so that later ones can ask for it; null where there is none.</summary>
    public int? Refusable { get; init; }
}
