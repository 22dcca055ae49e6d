using Csmr.Composition.Findings;
using Csmr.Composition.Json;
using Csmr.Composition.Manifests;
using Csmr.Composition.Plans;

namespace Csmr.Composition.Compiling;

/// <summary>Makes the plan of one composite operation of an extension.</summary>
/// <param name="context">What the compilation shares.</param>
/// <param name="extended">The service that is extended.</param>
/// <param name="consistency">What the operation promises if it says nothing.</param>
internal sealed class OperationCompiler(CompilationContext context, OfferedService extended, Consistency consistency)
{
    private const int StepsMax = 64;
    private const int ExpressionsMax = 1000;
    private const int DepthMax = 80;

    private readonly FindingList _findings = context.Findings;

    /// <summary>Makes the plan.</summary>
    /// <param name="node">What the manifest says.</param>
    /// <returns>The plan; null where something was reported.</returns>
    public OperationPlan? Compile(OperationNode node)
    {
        var inherited = extended.Find(node.Name.Value) is { RemovedReason: null } offered ? offered : null;
        var declared = node.Arguments?.Select(static argument => argument.Parameter) ?? inherited?.Parameters ?? [];
        var scope = new StepScope([.. declared.OrderBy(static parameter => parameter.IsOptional)], [.. node.Steps.Select(static step => step.Id.Value)]);
        var isWhole = !node.IsBroken && node.Steps.Count > 0;
        var steps = new StepCompiler(context, scope, ConsistencyOf(node));
        foreach (var step in node.Steps)
        {
            if (scope.TryFind(step.Id.Value, out _))
            {
                isWhole = false;
                _findings.Add(FindingCodes.DefinedTwice, step.Id.Position, $"two steps are called '{step.Id.Value}'", "give one of them another 'id'");
            }

            isWhole &= steps.Compile(step);
            if (scope.Steps.Count > StepsMax)
            {
                _findings.Add(FindingCodes.TooComplex, node.Name.Position, $"operation '{node.Name.Value}' has more than {StepsMax} steps", "nest less");
                return null;
            }
        }

        var answer = Answer(node, scope);
        return isWhole && answer is not null ? Finish(node, scope, answer, inherited) : null;
    }

    /// <summary>The answer: what the manifest returns, else that of the one step that stands for the operation.</summary>
    private StepAnswer? Answer(OperationNode node, StepScope scope)
    {
        if (node.Return is not null)
        {
            var expression = new ExpressionCompiler(scope, _findings).Value(node.Return);
            return expression is null ? null : new StepAnswer([scope.FieldOf(OutcomeJson.ResultName, expression)], [expression]);
        }

        var replaced = node.Steps.Where(step => step.Service.Value == extended.Name && step.Operation.Value == node.Name.Value).ToArray();
        var only = replaced.Length == 1 ? replaced[0] : node.Steps.Count == 1 ? node.Steps[0] : null;
        if (only is not null)
        {
            scope.TryFind(only.Id.Value, out var answer);
            return answer is null ? null : answer with
            {
                Fields = [.. answer.Fields.Select((field, index) => field with { IsNullable = scope.Facts(null).MayBeNull(answer.Outputs[index]) })],
            };
        }

        if (!node.IsBroken)
        {
            _findings.Add(
                FindingCodes.NoReturn,
                node.Name.Position,
                $"operation '{node.Name.Value}' has several steps and no 'return'",
                "say what the client gets: 'return: {ok: $step.ok}'");
        }

        return null;
    }

    private OperationPlan? Finish(OperationNode node, StepScope scope, StepAnswer answer, OperationPlan? inherited)
    {
        var expressions = scope.Steps.SelectMany(static step => step.When is null ? step.Arguments : step.Arguments.Append(step.When)).Concat(answer.Outputs);
        if (expressions.SelectMany(ExpressionExtensions.All).Take(ExpressionsMax + 1).Count() > ExpressionsMax || expressions.Any(static expression => expression.IsDeeperThan(DepthMax)))
        {
            _findings.Add(
                FindingCodes.TooComplex, node.Name.Position, $"operation '{node.Name.Value}' has more than {ExpressionsMax} expressions, or nests them deeper than {DepthMax}", "nest less");
            return null;
        }

        WarnOfUnused(node, expressions);
        if (Narrowed(node, scope) is not { } parameters)
        {
            return null;
        }

        var isPlain = scope.Steps is [{ When: null, OnRefusal: RefusalRule.Stop }] && answer.Outputs.All(static (output) => output is FieldExpression) && node.Return is null;
        var plan = new OperationPlan
        {
            Name = node.Name.Value,
            Service = extended.Name,
            Summary = node.Summary ?? inherited?.Summary ?? $"Calls {string.Join(", then ", node.Steps.Select(static step => $"{step.Service.Value}.{step.Operation.Value}"))}.",
            Access = scope.Steps.Any(static step => step.Operation.Access == OperationAccess.Update) ? OperationAccess.Update : OperationAccess.Read,
            Parameters = parameters,
            Fields = answer.Fields,
            Refusals = [.. scope.Steps.Where(static step => step.OnRefusal == RefusalRule.Stop).SelectMany(static step => step.Operation.Refusals).DistinctBy(static refusal => refusal.Code)],
            Consistency = ConsistencyOf(node),
            Steps = scope.Steps,
            Return = isPlain ? null : answer.Outputs,
        };
        return plan with { Example = ExampleAnswer.Of(plan) };
    }

    private Consistency ConsistencyOf(OperationNode node) => node.Consistency?.Value ?? consistency;

    private void WarnOfUnused(OperationNode node, IEnumerable<Expression> expressions)
    {
        var used = expressions.SelectMany(ExpressionExtensions.All).OfType<ArgumentExpression>().Select(static argument => argument.Index).ToHashSet();
        var names = (node.Arguments ?? []).OrderBy(static argument => argument.Parameter.IsOptional).ToArray();
        foreach (var (argument, _) in names.Select(static (argument, index) => (argument, index)).Where(pair => !used.Contains(pair.index)))
        {
            _findings.Add(
                FindingCodes.UnusedArgument, argument.Position, $"argument '{argument.Parameter.Name}' is used by no step and not returned", "use it or leave it out");
        }
    }

    /// <summary>The items of a list, or one member of them, get the bounds of what they are passed on to.</summary>
    private static void NarrowItem(ref ParameterDefinition list, string? member, ParameterDefinition other) => list = list with
    {
        Items = [.. list.Items.Select(item => member is null || item.Name == member ? ParameterBounds.Narrow(item, other) : item)],
    };

    /// <summary>The parameters with the bounds of those that their values are passed on to.</summary>
    private ParameterDefinition[]? Narrowed(OperationNode node, StepScope scope)
    {
        var parameters = scope.Parameters.ToArray();
        foreach (var step in scope.Steps)
        {
            for (var i = 0; i < step.Arguments.Count; i++)
            {
                switch (step.Arguments[i])
                {
                    case ArgumentExpression argument:
                        parameters[argument.Index] = ParameterBounds.Narrow(parameters[argument.Index], step.Operation.Parameters[i]);
                        break;
                    case ItemExpression { Source: ArgumentExpression list }:
                        NarrowItem(ref parameters[list.Index], null, step.Operation.Parameters[i]);
                        break;
                    case MemberExpression { Source: ItemExpression { Source: ArgumentExpression list } } member:
                        NarrowItem(ref parameters[list.Index], member.Name, step.Operation.Parameters[i]);
                        break;
                }
            }
        }

        var clashing = parameters.FirstOrDefault(static parameter => !ParameterBounds.HasValue(parameter));
        if (clashing is null)
        {
            return parameters;
        }

        var position = node.Arguments?.First(argument => argument.Parameter.Name == clashing.Name).Position ?? node.Name.Position;
        _findings.Add(FindingCodes.ClashingBounds, position, $"no value of argument '{clashing.Name}' is within the bounds of all that it is passed on to", "change its bounds, or what it is passed on to");
        return null;
    }
}
