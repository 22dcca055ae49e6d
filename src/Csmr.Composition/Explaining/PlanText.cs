using System.Globalization;
using System.Text;
using Csmr.Composition.Model;
using Csmr.Composition.Plans;
using Csmr.Composition.Programs;

namespace Csmr.Composition.Explaining;

/// <summary>Writes a plan for a person: what each operation does, where, and on which replicas. The same plan gives the same text.</summary>
/// <param name="plan">The plan.</param>
public sealed class PlanText(Plan plan)
{
    private const string Legend = "A node in brackets has a witness: it votes, but neither leads nor executes.";

    /// <summary>The whole plan.</summary>
    /// <returns>The text.</returns>
    public string Whole()
    {
        var text = new StringBuilder();
        var model = PlanModel.Of(plan);
        Line(text, 0, $"{plan.Name}, version {plan.Version}: {Count(plan.Operations.Count, "operation")} over {Count(plan.Groups.Count, "group")}, tolerates f = {model.F}");
        Line(text, 0, $"nodes: {string.Join(' ', plan.Nodes)}");
        text.Append('\n');
        Line(text, 0, "groups");
        var width = plan.Groups.Max(static group => group.Id.Name.Length);
        var machines = plan.Groups.Max(static group => group.Machine.Definition.Name.Length);
        foreach (var group in plan.Groups)
        {
            var durability = group.Durability == Durability.Fsync ? "" : "   in memory only";
            Line(
                text,
                1,
                $"{group.Id.Name.PadRight(width)}   {group.Machine.Definition.Name.PadRight(machines)}   f = {group.F}   {Nodes(group)}{durability}");
        }

        if (plan.Groups.Any(static group => group.Replicas.Any(static replica => replica.IsWitness)))
        {
            Line(text, 1, Legend);
        }

        foreach (var operation in plan.Operations)
        {
            text.Append('\n').Append(Operation(operation));
        }

        return text.ToString();
    }

    /// <summary>One operation.</summary>
    /// <param name="operation">The operation.</param>
    /// <returns>The text.</returns>
    public string Operation(OperationPlan operation)
    {
        var text = new StringBuilder();
        Line(text, 0, Signature(operation));
        if (operation.RemovedReason is not null)
        {
            Line(text, 1, $"removed: {operation.RemovedReason}");
            return text.ToString();
        }

        Line(text, 1, $"{operation.Summary} ({Kind(operation)})");
        var awaited = Awaited(operation);
        for (var i = 0; i < operation.Steps.Count; i++)
        {
            // Those for the further items differ in the item alone.
            if (operation.Steps[i].Item <= 1)
            {
                Step(text, operation, i, group: null);
                Order(text, operation, awaited[i]);
            }
        }

        Return(text, operation);
        Set(text, "R(x)", PlanModel.R(plan, operation));
        return text.ToString();
    }

    /// <summary>One operation with given arguments: the groups and replicas that the call reaches.</summary>
    /// <param name="operation">The operation; not a removed one.</param>
    /// <param name="arguments">One value for each of its parameters; those that decide about groups must be given.</param>
    /// <returns>The text.</returns>
    public string Call(OperationPlan operation, Value[] arguments)
    {
        var text = new StringBuilder();
        var given = operation.Parameters.Zip(arguments).Where(static pair => !pair.Second.IsNull).Select(static pair => $"{pair.First.Name}={pair.Second}");
        Line(text, 0, $"{operation.Name} {string.Join(' ', given)}".TrimEnd());
        var call = CompositeCall.Of(operation, arguments);
        var isWhole = operation.Parameters.Zip(arguments).All(static pair => pair.First.IsOptional || !pair.Second.IsNull);
        var awaited = Awaited(operation);
        for (var i = 0; i < call.PlanSteps.Count; i++)
        {
            Step(text, operation, call.PlanSteps[i], call.Destinations[call.Program.Steps[i].Group]);
            Order(text, operation, isWhole ? [.. call.Program.AwaitedBy(i).Select(step => call.PlanSteps[step])] : [.. awaited[call.PlanSteps[i]].Where(call.PlanSteps.Contains)]);
        }

        Set(text, $"R(x, a) in {Count(call.Destinations.Count, "group")}", PlanModel.R(plan, operation, arguments));
        return text.ToString();
    }

    private void Step(StringBuilder text, OperationPlan operation, int index, GroupId? group)
    {
        var step = operation.Steps[index];
        var arguments = step.Arguments
            .Select((expression, i) => (parameter: step.Operation.Parameters[i].Name, expression))
            .Where(static pair => pair.expression is not ConstantExpression { Constant.IsNull: true })
            .Select(pair => $"{pair.parameter}: {ExpressionText.Of(pair.expression, operation)}");
        var machine = plan.Group(step.Router.Groups[0])!.Machine.Definition.Name;
        Line(
            text,
            1,
            string.Create(CultureInfo.InvariantCulture, $"{index + 1}. {step.Id}: {step.Service}.{step.Operation.Name}({string.Join(", ", arguments)}) of {machine}"));
        if (step.Item == 1 && group is null)
        {
            Line(text, 2, "and so on, for each item that the client gives");
        }

        if (step.When is not null)
        {
            Line(text, 2, $"when {ExpressionText.Of(step.When, operation)}");
        }

        if (step.OnRefusal == RefusalRule.Continue)
        {
            Line(text, 2, "goes on where it is refused");
        }

        if (group is not null)
        {
            Line(text, 2, $"in {group.Value.Name}: {Nodes(plan.Group(group.Value)!)}");
            return;
        }

        foreach (var (id, keys) in Targets(step, operation, step.Router))
        {
            Line(text, 2, $"in {id.Name}: {Nodes(plan.Group(id)!)}{(keys.Length > 0 ? $"   where {keys}" : "")}");
        }
    }

    /// <summary>What each step waits for as far as the plan alone tells.</summary>
    private static int[][] Awaited(OperationPlan operation) =>
        StepOrder.Awaited([.. operation.Steps.Select(static step => new OrderedStep(step.Arguments, step.When, CompositeCall.MayEnd(step)))]);

    /// <summary>What a step of several waits for.</summary>
    private static void Order(StringBuilder text, OperationPlan operation, IReadOnlyList<int> awaited)
    {
        if (operation.Steps.Count > 1)
        {
            Line(text, 2, awaited.Count == 0 ? "waits for nothing" : $"waits for {string.Join(", ", awaited.Select(step => operation.Steps[step].Id))}");
        }
    }

    /// <summary>Each group that a step may reach, with the keys that lead to it.</summary>
    private static IEnumerable<(GroupId Group, string Keys)> Targets(StepPlan step, OperationPlan operation, Router router)
    {
        if (router is not PartitionRouter partition)
        {
            return router.Groups.Select(static group => (group, ""));
        }

        var key = ExpressionText.Of(step.Arguments[partition.Key], operation);
        return partition.Partitions.SelectMany((inner, index) => Targets(step, operation, inner).Select(target =>
        {
            var own = $"{key} in {partition.Function.Describe(index)}";
            return (target.Group, target.Keys.Length > 0 ? $"{own} and {target.Keys}" : own);
        }));
    }

    private static void Return(StringBuilder text, OperationPlan operation)
    {
        if (operation.Return is null)
        {
            return;
        }

        var fields = operation.Fields.Zip(operation.Return).Select(pair => $"{pair.First.Name}: {ExpressionText.Of(pair.Second, operation)}");
        Line(text, 1, $"return {string.Join(", ", fields)}");
    }

    private static void Set(StringBuilder text, string name, ReplicationSet set)
    {
        var groups = set.Replicas
            .GroupBy(static replica => replica.Group)
            .Select(static group => $"{group.Key.Name}/{{{string.Join(' ', group.Select(static replica => replica.Node))}}}");
        Line(text, 1, $"{name}: {Count(set.Count, "replica")}: {string.Join(" ", groups)}");
    }

    private static string Signature(OperationPlan operation)
    {
        var parameters = operation.Parameters.Select(static parameter => $"{parameter.Name}{(parameter.IsOptional ? "?" : "")}: {parameter.Type}");
        var fields = operation.Fields.Select(static field => $"{field.Name}: {field.Type}{(field.IsNullable ? "?" : "")}");
        return $"{operation.Name}({string.Join(", ", parameters)}) → {string.Join(", ", fields)}";
    }

    private static string Kind(OperationPlan operation)
    {
        var access = operation.Access == OperationAccess.Read ? "read" : "update";
        if (operation.Steps.Count == 1)
        {
            return access;
        }

        return $"{access}, {Count(operation.Steps.Count, "step")}, {(operation.Consistency == Consistency.Atomic ? "atomic" : "independent")}";
    }

    private static string Nodes(GroupPlan group) => string.Join(' ', group.Replicas.Select(static replica => replica.IsWitness ? $"[{replica.Node}]" : replica.Node));

    private static string Count(int count, string noun) => string.Create(CultureInfo.InvariantCulture, $"{count} {noun}{(count == 1 ? "" : "s")}");

    private static void Line(StringBuilder text, int level, string line) => text.Append(' ', level * 2).Append(line).Append('\n');
}
