using Csmr.Composition.Findings;
using Csmr.Composition.Json;
using Csmr.Composition.Manifests;
using Csmr.Composition.Plans;

namespace Csmr.Composition.Compiling;

/// <summary>Makes the steps of one composite operation.</summary>
internal sealed class StepCompiler(CompilationContext context, StepScope scope, Consistency consistency)
{
    private readonly FindingList _findings = context.Findings;
    private readonly ExpressionCompiler _expressions = new(scope, context.Findings);

    /// <summary>Makes one step, or those of the composite operation that it calls, and adds them to the scope.</summary>
    /// <param name="step">The step.</param>
    /// <returns>Whether nothing was wrong.</returns>
    public bool Compile(StepNode step)
    {
        var callee = Callee(step);
        var when = step.When is null ? null : _expressions.Condition(step.When);
        var arguments = callee is null ? null : Arguments(step, callee, when);
        if (callee is null || arguments is null || (step.When is not null && when is null))
        {
            scope.AddBroken(step.Id.Value);
            return false;
        }

        var id = step.Id.Value;
        var inlined = StepInliner.Inline(
            callee, scope.Steps.Count, when, own => arguments[own.Index], inner => callee.Steps.Count == 1 ? id : $"{id}.{inner}", step.OnRefusal?.Value);
        scope.Add(id, callee.Fields, inlined);
        return true;
    }

    private OperationPlan? Callee(StepNode step)
    {
        var plan = context.Require(step.Service)?.Require(step.Operation, _findings);
        if (plan?.RemovedReason is null)
        {
            return plan is null || MayBeCalled(step, plan) ? plan : null;
        }

        _findings.Add(
            FindingCodes.RemovedOperation,
            step.Operation.Position,
            $"'{plan.Service}' has removed '{plan.Name}': {plan.RemovedReason}",
            "call the service that still has it");
        return null;
    }

    private bool MayBeCalled(StepNode step, OperationPlan plan)
    {
        if (plan.Steps.Count == 1)
        {
            return true;
        }

        if (step.OnRefusal is not null)
        {
            _findings.Add(
                FindingCodes.BadRefusalRule,
                step.OnRefusal.Position,
                $"'{plan.Service}.{plan.Name}' has {plan.Steps.Count} steps, and 'onRefusal' is said of a single one",
                "say it at the steps inside");
            return false;
        }

        if (consistency == Consistency.Independent && plan.Consistency == Consistency.Atomic)
        {
            _findings.Add(
                FindingCodes.AtomicBroken,
                step.Operation.Position,
                $"'{plan.Service}.{plan.Name}' is atomic, but its steps would not be as a part of this independent operation",
                "make this operation atomic too, or the one that it calls independent");
            return false;
        }

        return true;
    }

    /// <summary>One expression for each parameter of the operation called; null where something was reported.</summary>
    private Expression[]? Arguments(StepNode step, OperationPlan callee, Expression? when)
    {
        var given = step.With is null ? SameNamed(step, callee) : With(step, callee);
        if (given is null)
        {
            return null;
        }

        var facts = scope.Facts(when);
        var keys = Destinations.KeyArguments(callee);
        var arguments = new Expression[callee.Parameters.Count];
        var isWhole = true;
        for (var i = 0; i < arguments.Length; i++)
        {
            var parameter = callee.Parameters[i];
            if (given.TryGetValue(parameter.Name, out var argument))
            {
                isWhole &= Fit(parameter, argument, facts, keys.Contains(i), out arguments[i]);
                continue;
            }

            arguments[i] = ConstantExpression.Null;
            if (!parameter.IsOptional)
            {
                isWhole = false;
                _findings.Add(
                    FindingCodes.MissingArgument,
                    step.Operation.Position,
                    $"'{step.Service.Value}.{callee.Name}' needs the argument '{parameter.Name}' ({parameter.Type})",
                    step.With is null ? "give it under 'with', since the client has no argument of that name" : "add it under 'with'");
            }
        }

        return isWhole ? arguments : null;
    }

    /// <summary>Without <c>with</c>, each argument is the client's of the same name.</summary>
    private Dictionary<string, Located<Expression>> SameNamed(StepNode step, OperationPlan callee)
    {
        var given = new Dictionary<string, Located<Expression>>(StringComparer.Ordinal);
        foreach (var (parameter, index) in scope.Parameters.Select(static (parameter, index) => (parameter, index)))
        {
            if (callee.Parameters.Any(wanted => wanted.Name == parameter.Name))
            {
                given.Add(parameter.Name, new Located<Expression>(new ArgumentExpression(index, parameter.Type), step.Operation.Position));
            }
        }

        return given;
    }

    private Dictionary<string, Located<Expression>>? With(StepNode step, OperationPlan callee)
    {
        var given = new Dictionary<string, Located<Expression>>(StringComparer.Ordinal);
        var isWhole = true;
        foreach (var entry in step.With!.Entries)
        {
            if (!callee.Parameters.Any(parameter => parameter.Name == entry.Key))
            {
                isWhole = false;
                _findings.Add(
                    FindingCodes.UnknownArgument,
                    entry.KeyPosition,
                    $"'{step.Service.Value}.{callee.Name}' has no argument '{Suggestion.Shown(entry.Key)}'",
                    Suggestion.Among(entry.Key, "it has", callee.Parameters.Select(static parameter => parameter.Name)));
            }

            var expression = _expressions.Value(entry.Value);
            isWhole &= expression is not null;
            if (expression is not null)
            {
                given[entry.Key] = new Located<Expression>(expression, entry.Value.Position);
            }
        }

        return isWhole ? given : null;
    }

    private bool Fit(ParameterDefinition parameter, Located<Expression> argument, NullFacts facts, bool isKey, out Expression fitted)
    {
        var (expression, position) = (argument.Value, argument.Position);
        fitted = expression;
        var isNull = expression is ConstantExpression { Constant.IsNull: true };
        if (!isNull && !parameter.Type.Accepts(expression.Type))
        {
            _findings.Add(FindingCodes.WrongType, position, $"argument '{parameter.Name}' must be a {parameter.Type}, but this is a {expression.Type}");
            return false;
        }

        if (!parameter.IsOptional && facts.MayBeNull(expression))
        {
            _findings.Add(
                FindingCodes.MaybeNull,
                position,
                $"argument '{parameter.Name}' is required, but this may be null",
                isNull ? "give a value" : "guard the step with 'when': by a result of the step that it comes from, or '{not: {equals: [it, null]}}'");
            return false;
        }

        if (isKey && (!expression.IsKnownAtStart() || expression.All().Any(static part => part is ArithmeticExpression)))
        {
            _findings.Add(
                FindingCodes.KeyNotFromClient,
                position,
                $"argument '{parameter.Name}' decides which group is called, so it must come from the client's arguments alone, and not be computed with numbers",
                "take it from '$in'");
            return false;
        }

        fitted = parameter.Type.Carrier == ValueKind.Json ? AsJson(expression) : expression;
        if (fitted is ConstantExpression constant && ArgumentBounds.Find(parameter, constant.Constant) is { } problem && !isNull)
        {
            _findings.Add(FindingCodes.ConstantOutOfBounds, position, problem.Message);
            return false;
        }

        return true;
    }

    private static Expression AsJson(Expression expression) => expression switch
    {
        ConstantExpression constant => new ConstantExpression(JsonExpression.Of(constant.Constant), constant.Type),
        _ when expression.Type.Carrier != ValueKind.Json => new JsonExpression(expression),
        _ => expression,
    };
}
