namespace Csmr.Composition.Plans;

/// <summary>Where a group keeps what it has accepted.</summary>
public enum Durability
{
    /// <summary>On disk, flushed before any answer depends on it.</summary>
    Fsync = 0,

    /// <summary>In memory only: for experiments. A restart loses everything.</summary>
    Memory = 1,
}

/// <summary>What a composite operation over several groups promises.</summary>
public enum Consistency
{
    /// <summary>Everywhere or nowhere, once, in one order.</summary>
    Atomic = 0,

    /// <summary>Each step is a command of its own group, sent by the gateway in plan order: may be left half done.</summary>
    Independent = 1,
}

/// <summary>
/// A checked and compiled manifest: everything that routing, documentation and placement need to know. A pure function of
/// the manifest's text, so that every process that reads the same manifest has the same plan.
/// </summary>
public sealed record Plan
{
    /// <summary>The composition's name.</summary>
    public required string Name { get; init; }

    /// <summary>The manifest's version, as its author counts it.</summary>
    public required long Version { get; init; }

    /// <summary>The nodes (silo names) that carry replicas.</summary>
    public required IReadOnlyList<string> Nodes { get; init; }

    /// <summary>The groups, in order of their names.</summary>
    public required IReadOnlyList<GroupPlan> Groups { get; init; }

    /// <summary>The operations that clients see, removed ones included, in order of their names.</summary>
    public required IReadOnlyList<OperationPlan> Operations { get; init; }

    /// <summary>Finds a group.</summary>
    /// <param name="id">Its name.</param>
    /// <returns>The group, or null.</returns>
    public GroupPlan? Group(GroupId id) => Groups.FirstOrDefault(group => group.Id == id);
}

/// <summary>A replicated group: replicas of one state machine that share one log.</summary>
public sealed record GroupPlan
{
    /// <summary>The group's name.</summary>
    public required GroupId Id { get; init; }

    /// <summary>The service that it is, or is a partition of.</summary>
    public required string Service { get; init; }

    /// <summary>Its position among the service's partitions, from 0.</summary>
    public int Part { get; init; }

    /// <summary>Leads the service's keys to its partitions; null where it has one group.</summary>
    public PartitionFunction? Function { get; init; }

    /// <summary>The type of its state machine.</summary>
    public required IStateMachineType Machine { get; init; }

    /// <summary>The machine's settings.</summary>
    public required MachineSettings Settings { get; init; }

    /// <summary>The replicas, 2f + 1 of them, in order of their ids.</summary>
    public required IReadOnlyList<ReplicaPlan> Replicas { get; init; }

    /// <summary>The number of replicas that may be down while the group serves.</summary>
    public required int F { get; init; }

    /// <summary>Where the group keeps what it has accepted.</summary>
    public required Durability Durability { get; init; }
}

/// <summary>One replica of a group.</summary>
/// <param name="Id">Its id in the group.</param>
/// <param name="Node">The silo that has its disk.</param>
/// <param name="IsWitness">Whether it votes and keeps the log but does not execute.</param>
public sealed record ReplicaPlan(ReplicaId Id, string Node, bool IsWitness);

/// <summary>An operation that clients see.</summary>
public sealed record OperationPlan
{
    /// <summary>The name, unique in the plan.</summary>
    public required string Name { get; init; }

    /// <summary>The exposed service that offers it.</summary>
    public required string Service { get; init; }

    /// <summary>What it does, in one sentence.</summary>
    public required string Summary { get; init; }

    /// <summary>Why it was removed; null where it is offered. A removed operation has no steps.</summary>
    public string? RemovedReason { get; init; }

    /// <summary>Whether any step changes state.</summary>
    public required OperationAccess Access { get; init; }

    /// <summary>The client's arguments.</summary>
    public required IReadOnlyList<ParameterDefinition> Parameters { get; init; }

    /// <summary>The fields of the answer; the first is the result.</summary>
    public required IReadOnlyList<FieldDefinition> Fields { get; init; }

    /// <summary>The refusals that its steps may answer.</summary>
    public IReadOnlyList<RefusalDefinition> Refusals { get; init; } = [];

    /// <summary>An example of an answer: the fields as a JSON object.</summary>
    public string? Example { get; init; }

    /// <summary>What it promises where its steps reach several groups.</summary>
    public required Consistency Consistency { get; init; }

    /// <summary>The steps, in plan order.</summary>
    public required IReadOnlyList<StepPlan> Steps { get; init; }

    /// <summary>
    /// The answer f(D): one expression for each of <see cref="Fields"/>. Null where the answer is the outcome of the one
    /// step, as it is.
    /// </summary>
    public IReadOnlyList<Expression>? Return { get; init; }
}

/// <summary>One step: an operation of one service, executed in the group that its arguments lead to.</summary>
public sealed record StepPlan
{
    /// <summary>The step's name in expressions.</summary>
    public required string Id { get; init; }

    /// <summary>The service (or partitioned service) called.</summary>
    public required string Service { get; init; }

    /// <summary>The operation of the state machine that executes it.</summary>
    public required OperationDefinition Operation { get; init; }

    /// <summary>One expression for each parameter of <see cref="Operation"/>.</summary>
    public required IReadOnlyList<Expression> Arguments { get; init; }

    /// <summary>The step is skipped, with null results, unless this is true. Null for always.</summary>
    public Expression? When { get; init; }

    /// <summary>Leads the step's arguments to a group.</summary>
    public required Router Router { get; init; }

    /// <summary>Where the step is one of several that are made for the items of a list, the item's position from 1; else 0.</summary>
    public int Item { get; init; }

    /// <summary>What a refusal of the step means for the steps after it.</summary>
    public RefusalRule OnRefusal { get; init; }

    /// <summary>The refusals that may come, with the settings of the services that the step may reach; all that the operation declares where nothing is said.</summary>
    public IReadOnlyList<StepRefusal> Refusals
    {
        get => field ?? StepRefusal.Of(Operation, settings: null);
        init;
    }
}

/// <summary>What a refusal of a step means.</summary>
public enum RefusalRule : byte
{
    /// <summary>It ends the operation and is the answer.</summary>
    Stop = 0,

    /// <summary>The operation goes on; the step's fields are null.</summary>
    Continue = 1,
}

/// <summary>A refusal that a step may be answered with.</summary>
/// <param name="Code">Its code.</param>
/// <param name="Argument">The position of the one argument that it hangs on; -1 where it hangs on anything else.</param>
/// <param name="BytesMax">The number of bytes of that argument up to which it is not given.</param>
public readonly record struct StepRefusal(string Code, int Argument, long BytesMax)
{
    /// <summary>The refusals of an operation.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="settings">The settings of the service; null where they are not known.</param>
    /// <returns>Them.</returns>
    public static IReadOnlyList<StepRefusal> Of(OperationDefinition operation, MachineSettings? settings) =>
    [
        .. operation.Refusals.Select(refusal => refusal.OnlyAbove is { } limit && settings is not null
            ? new StepRefusal(refusal.Code, operation.IndexOf(limit.Parameter), settings[limit.BytesMaxSetting].AsLong())
            : new StepRefusal(refusal.Code, -1, 0)),
    ];

    /// <summary>The refusals of a step that may reach either of two services with one machine.</summary>
    /// <param name="left">Those of the one.</param>
    /// <param name="right">Those of the other.</param>
    /// <returns>Both: each with the smaller limit.</returns>
    public static IReadOnlyList<StepRefusal> OfEither(IReadOnlyList<StepRefusal> left, IReadOnlyList<StepRefusal> right) =>
        [.. left.Zip(right, static (one, other) => one.BytesMax <= other.BytesMax ? one : other)];
}
