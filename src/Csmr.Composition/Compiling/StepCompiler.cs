using System.Globalization;
using Csmr.Composition.Findings;
using Csmr.Composition.Json;
using Csmr.Composition.Manifests;
using Csmr.Composition.Plans;
using Csmr.Composition.Yaml;

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
        if (step.ForEach is { } each)
        {
            var isWhole = Each(step, each, callee);
            scope.Item = null;
            return isWhole;
        }

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

    /// <summary>
    /// A step for each item that a list may have, each executed where the list has that item: so everything after the checker
    /// knows plain steps only.
    /// </summary>
    private bool Each(StepNode step, Located<string> each, OperationPlan? callee)
    {
        var outputs = new List<IReadOnlyList<Expression>>();
        NullFacts? facts = null;
        var list = callee is null ? null : ListOf(step, each);
        var itemsMax = list is null ? 0 : scope.Parameters[list.Index].ItemsMax ?? 0;
        for (var i = 0; i < itemsMax; i++)
        {
            var item = new ItemExpression(list!, i, list!.Type.Element!);
            scope.Item = item;
            var condition = step.When is null ? null : _expressions.Condition(step.When);
            var when = StepInliner.Both(new NotExpression(new EqualsExpression(item, ConstantExpression.Null)), condition);
            var arguments = step.When is not null && condition is null ? null : Arguments(step, callee!, when);
            if (arguments is null)
            {
                break; // The others would be reported for the same.
            }

            var id = string.Create(CultureInfo.InvariantCulture, $"{step.Id.Value}.{i + 1}");
            var inlined = StepInliner.Inline(
                callee!, scope.Steps.Count, when, own => arguments[own.Index], inner => callee!.Steps.Count == 1 ? id : $"{id}.{inner}");
            scope.Add(inlined with { Steps = [.. inlined.Steps.Select(made => made with { Item = i + 1 })] });
            outputs.Add(inlined.Outputs);
            facts ??= scope.Facts(new NotExpression(new EqualsExpression(item, ConstantExpression.Null)));
        }

        if (outputs.Count == 0 || outputs.Count < itemsMax)
        {
            scope.AddBroken(step.Id.Value);
            return false;
        }

        var results = callee!.Fields
            .Select((field, index) => new EachExpression(
                list!,
                [.. outputs.Select(output => output[index])],
                facts!.MayBeNull(outputs[0][index]) ? ValueType.Json : field.Type))
            .ToArray();
        scope.Name(step.Id.Value, new StepAnswer([.. callee.Fields.Select((field, index) => field with { Type = results[index].Type, IsNullable = false })], results));
        return true;
    }

    /// <summary>The client's list for whose items a step is made; null where something was reported.</summary>
    private ArgumentExpression? ListOf(StepNode step, Located<string> each)
    {
        if (step.OnRefusal is not null)
        {
            _findings.Add(FindingCodes.BadRefusalRule, step.OnRefusal.Position, "'onRefusal' is said of a single call, but this step is made for each item", "leave one of them out");
            return null;
        }

        if (_expressions.Value(new YamlScalar(each.Position, each.Value, IsPlain: true)) is not { } expression)
        {
            return null;
        }

        if (expression is ArgumentExpression list && scope.Parameters[list.Index].ItemsMax is not null)
        {
            return list;
        }

        _findings.Add(
            FindingCodes.BadForEach,
            each.Position,
            "a step is made for the items of a client's list, so that it is known at the start which groups are called",
            "declare an argument '{type: list, of: string, itemsMax: 16}' and write 'forEach: $in.argument'");
        return null;
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

        if (parameter.ItemsMax is { } itemsMax && !IsKnownList(expression, itemsMax))
        {
            _findings.Add(
                FindingCodes.BadForEach,
                position,
                $"steps are made for the items of argument '{parameter.Name}', so it must be a list of at most {itemsMax} that comes from the client's arguments alone",
                "pass a client's list on, or list values of '$in'");
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

    private bool IsKnownList(Expression expression, int itemsMax) => expression switch
    {
        ArgumentExpression argument => scope.Parameters[argument.Index].ItemsMax is not null,
        ListExpression list => list.Items.Count <= itemsMax && list.IsKnownAtStart() && !list.All().Any(static part => part is ArithmeticExpression),
        _ => expression is ConstantExpression,
    };

    private static Expression AsJson(Expression expression) => expression switch
    {
        ConstantExpression constant => new ConstantExpression(JsonExpression.Of(constant.Constant), constant.Type),
        _ when expression.Type.Carrier != ValueKind.Json => new JsonExpression(expression),
        _ => expression,
    };
}
