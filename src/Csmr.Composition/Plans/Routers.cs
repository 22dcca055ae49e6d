namespace Csmr.Composition.Plans;

/// <summary>Leads everything to one group.</summary>
/// <param name="group">The group.</param>
public sealed class SingleRouter(GroupId group) : Router
{
    /// <inheritdoc/>
    public override IReadOnlyList<GroupId> Groups { get; } = [group];

    /// <inheritdoc/>
    public override IReadOnlyList<int> Keys => [];

    /// <inheritdoc/>
    public override GroupId Route(ReadOnlySpan<Value> arguments) => group;
}

/// <summary>Leads by one key argument to the router of the partition that the key belongs to. Partitions nest.</summary>
public sealed class PartitionRouter : Router
{
    private readonly int _key;
    private readonly Router[] _partitions;

    /// <summary>Makes one.</summary>
    /// <param name="function">The partition function.</param>
    /// <param name="key">The position of the key among the step's arguments.</param>
    /// <param name="partitions">The router of each partition.</param>
    public PartitionRouter(PartitionFunction function, int key, IReadOnlyList<Router> partitions)
    {
        (Function, _key, _partitions) = (function, key, [.. partitions]);
        Groups = [.. partitions.SelectMany(static partition => partition.Groups).Distinct()];
        Keys = [.. partitions.SelectMany(static partition => partition.Keys).Append(key).Distinct().Order()];
    }

    /// <summary>The partition function.</summary>
    public PartitionFunction Function { get; }

    /// <summary>The position of the key among the step's arguments.</summary>
    public int Key => _key;

    /// <summary>The router of each partition.</summary>
    public IReadOnlyList<Router> Partitions => _partitions;

    /// <inheritdoc/>
    public override IReadOnlyList<GroupId> Groups { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<int> Keys { get; }

    /// <inheritdoc/>
    public override GroupId Route(ReadOnlySpan<Value> arguments) =>
        _partitions[Function.PartitionOf(PartitionFunction.TextOf(arguments[_key]))].Route(arguments);
}
