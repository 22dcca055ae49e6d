using System.Collections.Frozen;

namespace Csmr.Composition.Model;

/// <summary>An operation x ∈ O.</summary>
/// <param name="Service">The service that has it.</param>
/// <param name="Name">Its name.</param>
public readonly record struct Operation(string Service, string Name)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Service}.{Name}";
}

/// <summary>
/// Arguments a ∈ A. All arguments that lead to the same replicas are one: the keys of one partition, or any at all.
/// </summary>
/// <param name="Partition">What they have in common; empty for any arguments.</param>
public readonly record struct Argument(string Partition)
{
    /// <summary>Any arguments.</summary>
    public static Argument Any => new("");
}

/// <summary>A replica s ∈ M: it executes operations. A witness is none, since it only votes.</summary>
/// <param name="Group">The group that it belongs to.</param>
/// <param name="Id">Its place in the group.</param>
/// <param name="Node">The node that it is on.</param>
public readonly record struct Replica(GroupId Group, ReplicaId Id, string Node) : IComparable<Replica>
{
    /// <inheritdoc/>
    public int CompareTo(Replica other) =>
        string.CompareOrdinal(Group.Name, other.Group.Name) is var order and not 0 ? order : Id.CompareTo(other.Id);
}

/// <summary>A replication set: the replicas that execute something. Equal where the replicas are.</summary>
/// <param name="replicas">The replicas.</param>
public sealed class ReplicationSet(IEnumerable<Replica> replicas) : IEquatable<ReplicationSet>
{
    private readonly Replica[] _replicas = [.. replicas.Distinct().Order()];

    /// <summary>No replica.</summary>
    public static ReplicationSet None { get; } = new([]);

    /// <summary>The replicas, in order.</summary>
    public IReadOnlyList<Replica> Replicas => _replicas;

    /// <summary>|R(x)|.</summary>
    public int Count => _replicas.Length;

    /// <summary>The replicas of either.</summary>
    /// <param name="other">The other.</param>
    /// <returns>The union.</returns>
    public ReplicationSet Union(ReplicationSet other) => new(_replicas.Concat(other._replicas));

    /// <inheritdoc/>
    public bool Equals(ReplicationSet? other) => other is not null && _replicas.AsSpan().SequenceEqual(other._replicas);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ReplicationSet);

    /// <inheritdoc/>
    public override int GetHashCode() => _replicas.Aggregate(0, HashCode.Combine);
}

/// <summary>
/// A replicated service with arguments: a relation R ⊆ (O × A) × M, and the number f of failures that it tolerates. A
/// composition is one again: the union of the relations, with f = min.
/// </summary>
public sealed class ReplicatedService : IEquatable<ReplicatedService>
{
    private readonly FrozenDictionary<(Operation, Argument), ReplicationSet> _relation;

    /// <summary>Makes one.</summary>
    /// <param name="f">The number of failures that it tolerates.</param>
    /// <param name="relation">The triples of R.</param>
    public ReplicatedService(int f, IEnumerable<(Operation Operation, Argument Argument, Replica Replica)> relation)
    {
        F = f;
        _relation = relation
            .GroupBy(static triple => (triple.Operation, triple.Argument))
            .ToFrozenDictionary(static group => group.Key, static group => new ReplicationSet(group.Select(static triple => triple.Replica)));
    }

    /// <summary>The service with no operation, which any number of failures leaves as it is: the neutral element of composition.</summary>
    public static ReplicatedService Nothing { get; } = new(int.MaxValue, []);

    /// <summary>The number of failures that it tolerates.</summary>
    public int F { get; }

    /// <summary>O.</summary>
    public IEnumerable<Operation> Operations => _relation.Keys.Select(static key => key.Item1).Distinct();

    /// <summary>The arguments that an operation tells apart.</summary>
    /// <param name="operation">The operation x.</param>
    /// <returns>The arguments.</returns>
    public IEnumerable<Argument> Arguments(Operation operation) =>
        _relation.Keys.Where(key => key.Item1 == operation).Select(static key => key.Item2);

    /// <summary>R(x).</summary>
    /// <param name="operation">The operation x.</param>
    /// <returns>Its replication set.</returns>
    public ReplicationSet R(Operation operation) => new(Arguments(operation).SelectMany(argument => R(operation, argument).Replicas));

    /// <summary>R(x, a).</summary>
    /// <param name="operation">The operation x.</param>
    /// <param name="argument">The arguments a.</param>
    /// <returns>Its replication set.</returns>
    public ReplicationSet R(Operation operation, Argument argument) => _relation.GetValueOrDefault((operation, argument), ReplicationSet.None);

    /// <summary>The composition of this service and another: O₁ ∪ O₂, M₁ ∪ M₂, R₁ ∪ R₂ and min(f₁, f₂).</summary>
    /// <param name="other">The other.</param>
    /// <returns>The composition.</returns>
    public ReplicatedService ComposeWith(ReplicatedService other) => new(Math.Min(F, other.F), Triples().Concat(other.Triples()));

    /// <inheritdoc/>
    public bool Equals(ReplicatedService? other) =>
        other is not null && F == other.F && _relation.Count == other._relation.Count
        && _relation.All(entry => other._relation.TryGetValue(entry.Key, out var set) && set.Equals(entry.Value));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ReplicatedService);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(F, _relation.Count);

    private IEnumerable<(Operation, Argument, Replica)> Triples() =>
        _relation.SelectMany(static entry => entry.Value.Replicas.Select(replica => (entry.Key.Item1, entry.Key.Item2, replica)));
}
