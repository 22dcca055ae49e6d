using Csmr.Composition.Plans;

namespace Csmr.Composition.Model;

/// <summary>A plan in the words of the model.</summary>
public static class PlanModel
{
    /// <summary>One group as a replicated service: every operation of its machine at every replica that executes.</summary>
    /// <param name="group">The group.</param>
    /// <returns>The service.</returns>
    public static ReplicatedService Of(GroupPlan group)
    {
        var executing = group.Replicas.Where(static replica => !replica.IsWitness).Select(replica => new Replica(group.Id, replica.Id, replica.Node)).ToArray();
        return new ReplicatedService(
            group.F,
            group.Machine.Definition.Operations.SelectMany(operation =>
                executing.Select(replica => (new Operation(group.Id.Name, operation.Name), Argument.Any, replica))));
    }

    /// <summary>The composition of all groups of a plan.</summary>
    /// <param name="plan">The plan.</param>
    /// <returns>The composition, with the f of the whole.</returns>
    public static ReplicatedService Of(Plan plan) =>
        plan.Groups.Select(Of).Aggregate(ReplicatedService.Nothing, static (left, right) => left.ComposeWith(right));

    /// <summary>R(x) of a client-visible operation: the union over the groups that its steps may reach.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="operation">The operation x.</param>
    /// <returns>The replication set.</returns>
    public static ReplicationSet R(Plan plan, OperationPlan operation) =>
        Union(plan, operation.Steps.SelectMany(static step => step.Router.Groups.Select(group => (step, group))));

    /// <summary>R(x, a) of a client-visible operation: the union over the groups that its steps reach with these arguments.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="operation">The operation x.</param>
    /// <param name="arguments">The arguments a.</param>
    /// <returns>The replication set.</returns>
    public static ReplicationSet R(Plan plan, OperationPlan operation, Value[] arguments) => Union(
        plan,
        operation.Steps
            .Zip(Destinations.Of(operation, arguments))
            .Where(static pair => pair.Second is not null)
            .Select(static pair => (pair.First, pair.Second!.Value)));

    private static ReplicationSet Union(Plan plan, IEnumerable<(StepPlan Step, GroupId Group)> reached) => reached
        .Select(pair => Of(plan.Group(pair.Group)!).R(new Operation(pair.Group.Name, pair.Step.Operation.Name)))
        .Aggregate(ReplicationSet.None, static (left, right) => left.Union(right));
}
