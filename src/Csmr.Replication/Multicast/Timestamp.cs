namespace Csmr.Replication.Multicast;

/// <summary>
/// A place in the order of composite operations: a group's logical clock, ties broken by the group (Lamport 1978; Skeen's
/// algorithm as told by Birman and Joseph 1987, §4). No two operations have the same final one.
/// </summary>
/// <param name="Clock">The logical clock.</param>
/// <param name="Group">The group that proposed it.</param>
internal readonly record struct Timestamp(long Clock, GroupId Group) : IComparable<Timestamp>
{
    /// <inheritdoc/>
    public int CompareTo(Timestamp other) =>
        Clock != other.Clock ? Clock.CompareTo(other.Clock) : string.CompareOrdinal(Group.Name, other.Group.Name);

    public static bool operator <(Timestamp left, Timestamp right) => left.CompareTo(right) < 0;

    public static bool operator >(Timestamp left, Timestamp right) => left.CompareTo(right) > 0;

    public static bool operator <=(Timestamp left, Timestamp right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Timestamp left, Timestamp right) => left.CompareTo(right) >= 0;

    /// <summary>Writes it.</summary>
    public void Write(WireWriter writer)
    {
        writer.VarUInt((ulong)Clock);
        writer.String(Group.Name);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="WireFormatException">The bytes are no timestamp.</exception>
    public static Timestamp Read(ref WireReader reader) => new(reader.Number(), new GroupId(reader.String()));
}
