using System.Globalization;

namespace Csmr.Replication.Paxos;

/// <summary>
/// A ballot: a round and the replica that leads it, so that no two replicas share one (Lamport, "The Part-Time
/// Parliament"). Ordered by round, then by replica. <see cref="None"/> is below all that are used.
/// </summary>
/// <param name="Round">The round, from 1.</param>
/// <param name="Leader">The replica that may propose in it.</param>
public readonly record struct Ballot(long Round, ReplicaId Leader) : IComparable<Ballot>
{
    /// <summary>No ballot.</summary>
    public static Ballot None => default;

    /// <inheritdoc/>
    public int CompareTo(Ballot other) => Round != other.Round ? Round.CompareTo(other.Round) : Leader.CompareTo(other.Leader);

    /// <summary>Whether <paramref name="left"/> is lower.</summary>
    public static bool operator <(Ballot left, Ballot right) => left.CompareTo(right) < 0;

    /// <summary>Whether <paramref name="left"/> is higher.</summary>
    public static bool operator >(Ballot left, Ballot right) => left.CompareTo(right) > 0;

    /// <summary>Whether <paramref name="left"/> is not higher.</summary>
    public static bool operator <=(Ballot left, Ballot right) => left.CompareTo(right) <= 0;

    /// <summary>Whether <paramref name="left"/> is not lower.</summary>
    public static bool operator >=(Ballot left, Ballot right) => left.CompareTo(right) >= 0;

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Round}.{Leader.Ordinal}");
}
