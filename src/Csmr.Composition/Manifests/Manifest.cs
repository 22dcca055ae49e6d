using Csmr.Composition.Findings;
using Csmr.Composition.Plans;
using Csmr.Composition.Yaml;

namespace Csmr.Composition.Manifests;

/// <summary>A value of a manifest with its place.</summary>
/// <param name="Value">The value.</param>
/// <param name="Position">Where it is.</param>
public sealed record Located<T>(T Value, Position Position);

/// <summary>One file of a manifest as its author wrote it. What is wrong in itself is left out and reported.</summary>
public sealed record ManifestFile
{
    public required Position Position { get; init; }

    public Located<string>? Name { get; init; }

    public long Version { get; init; }

    public Located<IReadOnlyList<Located<string>>>? Nodes { get; init; }

    public IReadOnlyList<Located<string>> Includes { get; init; } = [];

    public IReadOnlyList<Located<string>> Assemblies { get; init; } = [];

    public required DefaultsNode Defaults { get; init; }

    public IReadOnlyList<ServiceNode> Services { get; init; } = [];

    public IReadOnlyList<CompositionNode> Compositions { get; init; } = [];

    public IReadOnlyList<Located<string>> Expose { get; init; } = [];

    /// <summary>Whether names that it defines could not be read.</summary>
    public bool IsPartial { get; init; }
}

/// <summary>What holds for every service and operation of a file that says nothing else.</summary>
/// <param name="F">The number of replicas of a group that may be down.</param>
/// <param name="Durability">Where groups keep what they have accepted.</param>
/// <param name="Consistency">What composite operations promise.</param>
public sealed record DefaultsNode(Located<int>? F, Durability? Durability, Consistency? Consistency)
{
    /// <summary>These, and where they say nothing the others.</summary>
    public DefaultsNode Over(DefaultsNode others) =>
        new(F ?? others.F, Durability ?? others.Durability, Consistency ?? others.Consistency);
}

/// <summary>A service: one group of replicas of a state machine, or several by partitions.</summary>
public sealed record ServiceNode
{
    public required Located<string> Name { get; init; }

    public Located<string>? Machine { get; init; }

    public Located<int>? F { get; init; }

    public Located<int>? Replicas { get; init; }

    public Located<int>? Witnesses { get; init; }

    public Located<IReadOnlyList<Located<string>>>? Placement { get; init; }

    public Durability? Durability { get; init; }

    public IReadOnlyList<YamlEntry> Settings { get; init; } = [];

    public PartitionNode? Partitions { get; init; }

    /// <summary>Whether partitions are given but could not be read.</summary>
    public bool IsBroken { get; init; }
}

/// <summary>How arguments are spread over partitions.</summary>
public sealed record PartitionNode
{
    public required Position Position { get; init; }

    /// <summary>The key argument of each operation; null for the operations' own key parameters.</summary>
    public IReadOnlyList<(Located<string> Operation, Located<string> Argument)>? By { get; init; }

    public IReadOnlyList<RangeNode>? Ranges { get; init; }

    public IReadOnlyList<PrefixNode>? Prefixes { get; init; }

    /// <summary>Who has the keys that no prefix fits; of a service's own groups: that there is one (with no name).</summary>
    public Located<string>? Default { get; init; }

    public HashNode? Hash { get; init; }
}

/// <summary>A range of keys [from, to).</summary>
public sealed record RangeNode(Position Position, Located<string>? From, Located<string>? To, Located<string>? Service);

/// <summary>The keys that start with a prefix.</summary>
public sealed record PrefixNode(Located<string> Prefix, Located<string>? Service);

/// <summary>Keys by hash.</summary>
public sealed record HashNode(Position Position, Located<int> Buckets, int Groups, IReadOnlyList<Located<string>> Services);

/// <summary>A composition: a service made of others.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Strategy">How it is made; null where that could not be read.</param>
public sealed record CompositionNode(Located<string> Name, StrategyNode? Strategy);

/// <summary>How a composition is made of other services.</summary>
public abstract record StrategyNode;

/// <summary>The arguments of one service spread over several.</summary>
public sealed record PartitionStrategy(PartitionNode Partition) : StrategyNode;

/// <summary>A service with operations added, replaced or removed.</summary>
public sealed record ExtendStrategy(Located<string> From, IReadOnlyList<OperationNode> Operations) : StrategyNode;

/// <summary>The operations of several services as one.</summary>
public sealed record AddStrategy(IReadOnlyList<AddedNode> Added) : StrategyNode;

/// <summary>A service without some of its operations.</summary>
public sealed record RemoveStrategy(Located<string> From, IReadOnlyList<(Located<string> Operation, Located<string> Reason)> Operations) : StrategyNode;

/// <summary>One service of an addition.</summary>
public sealed record AddedNode(
    Position Position,
    Located<string> From,
    IReadOnlyList<Located<string>>? Only,
    IReadOnlyList<Located<string>>? Except,
    IReadOnlyList<(Located<string> Old, Located<string> New)> Rename);

/// <summary>An operation of an extension.</summary>
public sealed record OperationNode
{
    public required Located<string> Name { get; init; }

    /// <summary>Why it is removed; null where it is not.</summary>
    public Located<string>? Removed { get; init; }

    /// <summary>The client's arguments; null to take those of the operation of the same name.</summary>
    public IReadOnlyList<ArgumentNode>? Arguments { get; init; }

    public IReadOnlyList<StepNode> Steps { get; init; } = [];

    public YamlNode? Return { get; init; }

    public string? Summary { get; init; }

    public Located<Consistency>? Consistency { get; init; }

    /// <summary>Whether something in it could not be read, so that what refers to it is not held against it.</summary>
    public bool IsBroken { get; init; }
}

/// <summary>A declared argument.</summary>
public sealed record ArgumentNode(Position Position, ParameterDefinition Parameter);

/// <summary>One step of a composite operation.</summary>
public sealed record StepNode
{
    public required Located<string> Id { get; init; }

    public required Located<string> Service { get; init; }

    public required Located<string> Operation { get; init; }

    /// <summary>The list for whose items the step is made, one for each; null where it is made once.</summary>
    public Located<string>? ForEach { get; init; }

    public YamlMap? With { get; init; }

    public YamlNode? When { get; init; }

    public Located<RefusalRule>? OnRefusal { get; init; }
}
