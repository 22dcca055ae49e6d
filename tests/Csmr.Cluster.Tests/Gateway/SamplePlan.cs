using Csmr.Composition.Compiling;
using Csmr.Composition.Manifests;
using Csmr.Composition.Plans;
using Csmr.Services;

namespace Csmr.Cluster.Tests.Gateway;

/// <summary>
/// A plan built in code: locks, a store in two partitions, an event log; <c>place</c> is a chain over all three, <c>delete</c> is
/// removed, and an operation has the name of a fixed path.
/// </summary>
internal static class SamplePlan
{
    private static readonly MachineCatalog Machines = ShippedMachines.Catalog;

    public static Plan Make() => new()
    {
        Name = "orders",
        Version = 7,
        Nodes = ["n1", "n2", "n3"],
        Groups =
        [
            Group("early", "store", "kv"),
            Group("events", "events", "log", Durability.Memory),
            Group("late", "store", "kv", Durability.Fsync, witness: 2),
            Group("locks", "locks", "lock"),
        ],
        Operations = [.. Operations().OrderBy(static operation => operation.Name, StringComparer.Ordinal)],
    };

    /// <summary>The plan of a manifest of <c>samples/compositions</c>.</summary>
    public static Plan OfManifest(string file)
    {
        var result = ManifestCompiler.Compile(
            new ManifestSource(SourceFolder.At("samples", "compositions", file), static path => File.Exists(path) ? File.ReadAllText(path) : null), Machines);
        Assert.True(result.Plan is not null, string.Join('\n', result.Findings));
        return result.Plan;
    }

    /// <summary>The plan of a manifest's text.</summary>
    public static Plan OfText(string text)
    {
        var result = ManifestCompiler.Compile(ManifestSource.OfText("test.yaml", text), Machines);
        Assert.True(result.Plan is not null, string.Join('\n', result.Findings));
        return result.Plan;
    }

    private static IEnumerable<OperationPlan> Operations()
    {
        var store = new PartitionRouter(
            new RangePartitions(["", "n"], [0, 1]), 0, [new SingleRouter(new GroupId("early")), new SingleRouter(new GroupId("late"))]);
        yield return Single("acquire", "lock", "acquire", "locks", new SingleRouter(new GroupId("locks")));
        yield return Single("release", "lock", "release", "locks", new SingleRouter(new GroupId("locks")));
        yield return Single("get", "kv", "get", "store", store);
        yield return Single("put", "kv", "put", "store", store);
        yield return Single("cas", "kv", "cas", "store", store);
        yield return Single("groups", "log", "bounds", "events", new SingleRouter(new GroupId("events")));
        yield return Single("retrieve", "log", "retrieve", "events", new SingleRouter(new GroupId("events")));
        yield return Single("range-early", "kv", "range", "early", new SingleRouter(new GroupId("early")));
        yield return Place(store);
        yield return Single("delete", "kv", "delete", "store", store) with
        {
            RemovedReason = "orders are cancelled, not deleted",
            Summary = "Removed.",
            Parameters = [],
            Fields = [],
            Steps = [],
            Example = null,
        };
    }

    private static OperationPlan Place(Router store)
    {
        ParameterDefinition[] parameters =
        [
            ParameterDefinition.Key("order", "The order's number."),
            new ParameterDefinition("body", ValueType.Json, "The order."),
            new ParameterDefinition("fence", ValueType.Long, "The fencing token of the order's lock.") { Minimum = 1 },
        ];
        var (order, body, fence) = (new ArgumentExpression(0, ValueType.String), new ArgumentExpression(1, ValueType.Json), new ArgumentExpression(2, ValueType.Long));
        return new OperationPlan
        {
            Name = "place",
            Service = "api",
            Summary = "Places an order under its lock and tells the event log.",
            Access = OperationAccess.Update,
            Parameters = parameters,
            Fields =
            [
                new FieldDefinition("ok", ValueType.Bool, "Whether the order was placed.", IsNullable: true),
                new FieldDefinition("version", ValueType.Long, "The order's version.", IsNullable: true),
                new FieldDefinition("event", ValueType.Long, "The index of the event.", IsNullable: true),
            ],
            Refusals = [new RefusalDefinition("kv.value-too-large", "The order is too large.")],
            Example = """{"ok":true,"version":42,"event":17}""",
            Consistency = Consistency.Atomic,
            Steps =
            [
                Step("held", "locks", "lock", "check", new SingleRouter(new GroupId("locks")), order, fence),
                Step("put", "store", "kv", "put", store, order, body) with { When = new FieldExpression(0, 0, ValueType.Bool) },
                Step("event", "events", "log", "append", new SingleRouter(new GroupId("events")), body) with { When = new FieldExpression(1, 0, ValueType.Bool) },
            ],
            Return = [new FieldExpression(1, 0, ValueType.Bool), new FieldExpression(1, 1, ValueType.Long), new FieldExpression(2, 0, ValueType.Long)],
        };
    }

    private static OperationPlan Single(string name, string machine, string operation, string service, Router router)
    {
        var definition = Definition(machine, operation);
        return new OperationPlan
        {
            Name = name,
            Service = "api",
            Summary = definition.Summary,
            Access = definition.Access,
            Parameters = definition.Parameters,
            Fields = definition.Fields,
            Refusals = definition.Refusals,
            Example = definition.Example,
            Consistency = Consistency.Atomic,
            Steps =
            [
                Step(name, service, machine, operation, router, [.. definition.Parameters.Select(static (parameter, i) => new ArgumentExpression(i, parameter.Type))]),
            ],
        };
    }

    private static StepPlan Step(string id, string service, string machine, string operation, Router router, params Expression[] arguments) => new()
    {
        Id = id,
        Service = service,
        Operation = Definition(machine, operation),
        Arguments = arguments,
        Router = router,
    };

    private static OperationDefinition Definition(string machine, string operation) => Machines.Find(machine)!.Definition.Find(operation)!;

    private static GroupPlan Group(string id, string service, string machine, Durability durability = Durability.Fsync, int witness = -1)
    {
        var type = Machines.Find(machine)!;
        return new GroupPlan
        {
            Id = new GroupId(id),
            Service = service,
            Machine = type,
            Settings = MachineSettings.Defaults(type.Definition),
            Replicas = [.. Enumerable.Range(0, 3).Select(ordinal => new ReplicaPlan(new ReplicaId(ordinal), $"n{ordinal + 1}", ordinal == witness))],
            F = 1,
            Durability = durability,
        };
    }
}
