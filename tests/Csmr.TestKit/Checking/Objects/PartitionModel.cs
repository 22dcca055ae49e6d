using System.Collections.Immutable;

namespace Csmr.TestKit.Checking.Objects;

/// <summary>One operation on the objects of a partition, all at once.</summary>
/// <param name="IsAnswered">Whether it was answered.</param>
/// <param name="Parts">The call of each object.</param>
internal sealed record PartitionCall(bool IsAnswered, IReadOnlyList<(int Object, ObjectCall Call)> Parts);

/// <summary>The states of a partition's objects; the same instance as long as none changes.</summary>
internal sealed class PartitionState(ImmutableDictionary<int, ObjectState> objects, ulong hash) : IEquatable<PartitionState>
{
    public ImmutableDictionary<int, ObjectState> Objects { get; } = objects;

    public ulong Hash { get; } = hash;

    public bool Equals(PartitionState? other) => ReferenceEquals(this, other);

    public override bool Equals(object? obj) => ReferenceEquals(this, obj);

    public override int GetHashCode() => (int)Hash;

    public PartitionState With(int index, ObjectState before, ObjectState after) =>
        new(Objects.SetItem(index, after), Hash ^ HashOf(index, before) ^ HashOf(index, after));

    public static ulong HashOf(int index, ObjectState state) => (state.Hash ^ (ulong)index) * 0x9e3779b97f4a7c15;
}

/// <summary>The objects that calls act on together: the answer of the model is whether the call can come there.</summary>
internal sealed class PartitionModel : ISequentialModel<PartitionState, PartitionCall, bool>
{
    private readonly IReadOnlyDictionary<int, ObjectModel> _objects;

    public PartitionModel(IReadOnlyDictionary<int, ObjectModel> objects)
    {
        _objects = objects;
        var states = objects.ToImmutableDictionary(pair => pair.Key, pair => pair.Value.Initial);
        Initial = new PartitionState(states, states.Aggregate(0UL, (hash, pair) => hash ^ PartitionState.HashOf(pair.Key, pair.Value)));
    }

    public PartitionState Initial { get; }

    public PartitionState Apply(PartitionState state, PartitionCall call, out bool answer)
    {
        var after = state;
        foreach (var (index, part) in call.Parts)
        {
            var before = after.Objects[index];
            if (_objects[index].Apply(before, part) is not { } next)
            {
                answer = false;
                return state;
            }

            after = ReferenceEquals(next, before) ? after : after.With(index, before, next);
        }

        answer = true;
        return after;
    }

    public bool Agree(bool right, bool got) => right;

    public bool IsRead(PartitionCall call) => call.Parts.All(part => part.Call.IsRead);

    public bool IsPossible(PartitionState state, PartitionCall call)
    {
        Apply(state, call, out var answer);
        return answer;
    }

    public ulong Hash(PartitionState state) => state.Hash;
}
