using Csmr.Composition.Plans;
using Csmr.Services;

namespace Csmr.Cluster.Tests;

/// <summary>Plans made by hand, so that these tests say what they need.</summary>
internal static class Plans
{
    public static readonly string[] Nodes = ["n1", "n2", "n3"];

    /// <summary>One kv group and one log group; kv's operations by their names, <c>record</c> (put, then append; independent), <c>record-atomic</c> and a removed one.</summary>
    public static Plan Store(int witnesses = 0)
    {
        var kv = GroupOf("kv", "kv", witnesses);
        var log = GroupOf("events", "log", witnesses);
        return new Plan
        {
            Name = "store",
            Version = 1,
            Nodes = Nodes,
            Groups = [log, kv],
            Operations =
            [
                .. kv.Machine.Definition.Operations.Select(operation => Simple(kv, operation)),
                .. log.Machine.Definition.Operations.Select(operation => Simple(log, operation)),
                Record(kv, log, "record", Consistency.Independent),
                Record(kv, log, "record-atomic", Consistency.Atomic),
                Removed("wipe", "nothing is wiped here"),
            ],
        };
    }

    /// <summary>The same plan with its replicas on other nodes.</summary>
    public static Plan OnNodes(Plan plan, params string[] nodes) => plan with
    {
        Nodes = nodes,
        Groups = [.. plan.Groups.Select(group => group with { Replicas = [.. group.Replicas.Select((replica, index) => replica with { Node = nodes[index] })] })],
    };

    private static GroupPlan GroupOf(string id, string machine, int witnesses)
    {
        var type = ShippedMachines.Catalog.Find(machine)!;
        return new GroupPlan
        {
            Id = new GroupId(id),
            Service = id,
            Machine = type,
            Settings = MachineSettings.Defaults(type.Definition),
            Replicas = [.. Nodes.Select((node, index) => new ReplicaPlan(new ReplicaId(index), node, index >= Nodes.Length - witnesses))],
            F = 1,
            Durability = Durability.Fsync,
        };
    }

    private static OperationPlan Simple(GroupPlan group, OperationDefinition operation) => new()
    {
        Name = operation.Name,
        Service = group.Service,
        Summary = operation.Summary,
        Access = operation.Access,
        Parameters = operation.Parameters,
        Fields = operation.Fields,
        Consistency = Consistency.Independent,
        Steps = [StepOf("call", group, operation, [.. operation.Parameters.Select((parameter, index) => new ArgumentExpression(index, parameter.Type))])],
    };

    private static OperationPlan Record(GroupPlan kv, GroupPlan log, string name, Consistency consistency)
    {
        var put = kv.Machine.Definition.Find("put")!;
        var append = log.Machine.Definition.Find("append")!;
        var parameters = put.Parameters;
        return new OperationPlan
        {
            Name = name,
            Service = "store",
            Summary = "Puts and appends.",
            Access = OperationAccess.Update,
            Parameters = parameters,
            Fields = put.Fields,
            Consistency = consistency,
            Steps =
            [
                StepOf("put", kv, put, [.. parameters.Select((parameter, index) => new ArgumentExpression(index, parameter.Type))]),
                StepOf("event", log, append, [.. append.Parameters.Select((parameter, index) => index == 0
                    ? (Expression)new ArgumentExpression(put.IndexOf("value"), parameter.Type)
                    : ConstantExpression.Null)]),
            ],
            Return = [.. put.Fields.Select((field, index) => new FieldExpression(0, index, field.Type))],
        };
    }

    private static OperationPlan Removed(string name, string reason) => new()
    {
        Name = name,
        Service = "store",
        Summary = "Gone.",
        RemovedReason = reason,
        Access = OperationAccess.Update,
        Parameters = [],
        Fields = [],
        Consistency = Consistency.Independent,
        Steps = [],
    };

    private static StepPlan StepOf(string id, GroupPlan group, OperationDefinition operation, IReadOnlyList<Expression> arguments) => new()
    {
        Id = id,
        Service = group.Service,
        Operation = operation,
        Arguments = arguments,
        Router = new SingleRouter(group.Id),
    };
}
