using System.Globalization;
using Csmr.Composition.Findings;
using Csmr.Composition.Manifests;
using Csmr.Composition.Plans;

namespace Csmr.Composition.Compiling;

/// <summary>Makes one service out of several that each have a part of the keys.</summary>
internal sealed class PartitionBuilder(FindingList findings)
{
    /// <summary>Offers each operation whose key argument is known.</summary>
    /// <param name="offered">The service made.</param>
    /// <param name="node">What the manifest says.</param>
    /// <param name="function">Which partition has which keys.</param>
    /// <param name="parts">The service of each partition.</param>
    public void Build(OfferedService offered, PartitionNode node, PartitionFunction function, IReadOnlyList<OfferedService> parts)
    {
        var keys = node.By ?? Default(parts, node.Position);
        if (node.By is null && keys.Count == 0)
        {
            offered.IsBroken = true;
            findings.Add(
                FindingCodes.NothingOffered,
                node.Position,
                $"no operation of '{offered.Name}' touches the state of exactly one key",
                "name the keys with 'by', or do not spread this service");
        }

        foreach (var (name, key) in keys)
        {
            if (Part(parts, name) is not { } plans || Key(plans[0], name, key) is not { } index)
            {
                offered.SetBroken(name.Value);
            }
            else if (FindDifference(plans) is { } difference)
            {
                offered.SetBroken(name.Value);
                findings.Add(FindingCodes.PartitionsDiffer, name.Position, $"operation '{name.Value}' differs between the partitions: {difference}", "give each partition the same operation");
            }
            else if (HasAffinity(plans, index, name, key))
            {
                offered.Set(plans.All(PlainOperations.IsPlain) && plans.All(plan => plan.Steps[0].Operation == plans[0].Steps[0].Operation)
                    ? Routed(offered.Name, function, index, plans)
                    : Guarded(function, index, parts, plans));
            }
            else
            {
                offered.SetBroken(name.Value);
            }
        }
    }

    /// <summary>Where the manifest names no keys: the operations of state machines that have exactly one key parameter.</summary>
    private static IReadOnlyList<(Located<string> Operation, Located<string> Argument)> Default(IReadOnlyList<OfferedService> parts, Position position) =>
    [
        .. parts[0].Operations
            .Where(plan => plan.RemovedReason is null && PlainOperations.IsPlain(plan)
                && plan.Steps[0].Operation.KeyParameters.Count == 1
                && parts.All(part => part.Find(plan.Name) is { RemovedReason: null }))
            .Select(plan => (new Located<string>(plan.Name, position), new Located<string>(plan.Steps[0].Operation.KeyParameters[0], position))),
    ];

    /// <summary>The operation's plan at each partition; null where one was reported.</summary>
    private OperationPlan[]? Part(IReadOnlyList<OfferedService> parts, Located<string> name)
    {
        var plans = new List<OperationPlan>();
        foreach (var part in parts)
        {
            var plan = part.Require(name, findings);
            if (plan is { RemovedReason: null })
            {
                plans.Add(plan);
            }
            else if (plan is not null)
            {
                findings.Add(FindingCodes.RemovedOperation, name.Position, $"{part.Title} has removed '{name.Value}': {plan.RemovedReason}", "leave it out of 'by'");
            }
        }

        return plans.Count == parts.Count ? [.. plans] : null;
    }

    private int? Key(OperationPlan plan, Located<string> name, Located<string> key)
    {
        var index = plan.Parameters.Select(static parameter => parameter.Name).ToList().IndexOf(key.Value);
        if (index < 0)
        {
            findings.Add(
                FindingCodes.UnknownArgument,
                key.Position,
                $"operation '{name.Value}' has no argument '{Suggestion.Shown(key.Value)}'",
                Suggestion.Among(key.Value, "it has", plan.Parameters.Select(static parameter => parameter.Name)));
            return null;
        }

        var parameter = plan.Parameters[index];
        if (!ReferenceEquals(parameter.Type, ValueType.String) || parameter.IsOptional)
        {
            findings.Add(
                FindingCodes.BadPartitionKey,
                key.Position,
                parameter.IsOptional ? $"argument '{key.Value}' is optional and cannot be a key" : $"argument '{key.Value}' is a {parameter.Type} and cannot be a key",
                "a key is a required string");
            return null;
        }

        return index;
    }

    private static string? FindDifference(OperationPlan[] plans)
    {
        foreach (var plan in plans.Skip(1))
        {
            if (!ParameterBounds.AreAlike(plans[0].Parameters, plan.Parameters))
            {
                return $"'{plans[0].Service}' takes ({ArgumentsOf(plans[0])}), '{plan.Service}' takes ({ArgumentsOf(plan)})";
            }

            if (!ParameterBounds.AreAlike(plans[0].Fields, plan.Fields))
            {
                return $"'{plans[0].Service}' answers ({AnswersOf(plans[0])}), '{plan.Service}' answers ({AnswersOf(plan)})";
            }
        }

        return null;

        static string ArgumentsOf(OperationPlan plan) => string.Join(", ", plan.Parameters.Select(static parameter => $"{parameter.Name}: {parameter.Type}"));

        static string AnswersOf(OperationPlan plan) => string.Join(", ", plan.Fields.Select(static field => $"{field.Name}: {field.Type}"));
    }

    /// <summary>
    /// Affinity: state that one operation reaches at one partition must not be reached at another by a second operation. It
    /// holds where every step on a group of one partition alone touches the state named by the partition's key and no other.
    /// </summary>
    private bool HasAffinity(OperationPlan[] plans, int key, Located<string> name, Located<string> keyName)
    {
        var shared = plans.Select(GroupsOf).Aggregate(static (left, right) => [.. left.Intersect(right)]);
        foreach (var step in plans.SelectMany(static plan => plan.Steps))
        {
            var isPlain = plans.All(PlainOperations.IsPlain);
            var keys = step.Operation.KeyParameters;
            if ((!isPlain && keys.Count != 1) || (plans.Length > 1 && step.Router.Groups.All(shared.Contains)))
            {
                continue;
            }

            if (keys.Count == 0)
            {
                findings.Add(
                    FindingCodes.Affinity,
                    name.Position,
                    $"operation '{name.Value}' may touch the state of every key, not only those of one partition",
                    "leave it out of 'by'");
                return false;
            }

            if (keys.Any(other => step.Arguments[step.Operation.IndexOf(other)] is not ArgumentExpression argument || argument.Index != key))
            {
                var touched = string.Join(" and ", keys.Select(static other => $"'{other}'"));
                findings.Add(
                    FindingCodes.Affinity,
                    keyName.Position,
                    $"operation '{step.Operation.Name}' touches the state named by {touched}, but would be spread by '{keyName.Value}'",
                    isPlain ? $"spread it by {touched}" : $"call it with '$in.{keyName.Value}' as {touched}, or keep its service out of the partitions");
                return false;
            }
        }

        return true;
    }

    private static HashSet<GroupId> GroupsOf(OperationPlan plan) => [.. plan.Steps.SelectMany(static step => step.Router.Groups)];

    /// <summary>All partitions run the same operation of the same machine: one step, led by its key.</summary>
    private static OperationPlan Routed(string service, PartitionFunction function, int key, OperationPlan[] plans)
    {
        var step = plans[0].Steps[0] with
        {
            Service = service,
            Router = new PartitionRouter(function, key, [.. plans.Select(static plan => plan.Steps[0].Router)]),
            Refusals = plans.Select(static plan => plan.Steps[0].Refusals).Aggregate(StepRefusal.OfEither),
        };
        return plans[0] with { Steps = [step], Parameters = Parameters(plans) };
    }

    /// <summary>The partitions run operations of several steps: all steps stand in the plan, each partition's guarded by its keys.</summary>
    private static OperationPlan Guarded(PartitionFunction function, int key, IReadOnlyList<OfferedService> parts, OperationPlan[] plans)
    {
        var steps = new List<StepPlan>();
        var answers = plans[0].Fields.Select(static _ => new List<Expression>()).ToArray();
        foreach (var (plan, partition) in plans.Select(static (plan, partition) => (plan, partition)))
        {
            var guard = new PartitionExpression(function, new ArgumentExpression(key, plan.Parameters[key].Type), partition);
            var prefix = parts.Count(part => part.Name == parts[partition].Name) == 1
                ? parts[partition].Name
                : string.Create(CultureInfo.InvariantCulture, $"{parts[partition].Name}-{partition}");
            var inlined = StepInliner.Inline(plan, steps.Count, guard, argument => argument, id => $"{prefix}.{id}");
            steps.AddRange(inlined.Steps);
            for (var field = 0; field < answers.Length; field++)
            {
                answers[field].Add(inlined.Outputs[field] is WhenExpression own ? own : new WhenExpression(guard, inlined.Outputs[field]));
            }
        }

        return plans[0] with
        {
            Access = plans.Any(static plan => plan.Access == OperationAccess.Update) ? OperationAccess.Update : OperationAccess.Read,
            Parameters = Parameters(plans),
            Refusals = [.. plans.SelectMany(static plan => plan.Refusals).DistinctBy(static refusal => refusal.Code)],
            Consistency = plans.Max(static plan => plan.Consistency),
            Fields = [.. plans[0].Fields.Select((field, index) => field with { IsNullable = plans.Any(plan => plan.Fields[index].IsNullable) })],
            Steps = steps,
            Return = [.. answers.Select(static choices => new FirstExpression(choices))],
        };
    }

    private static ParameterDefinition[] Parameters(OperationPlan[] plans) =>
        [.. plans[0].Parameters.Select((parameter, index) => plans.Skip(1).Select(plan => plan.Parameters[index]).Aggregate(parameter, ParameterBounds.Narrow))];
}
