using System.Globalization;

namespace Csmr;

/// <summary>A position in the log of one replicated group. The first entry has slot 1; <see cref="None"/> (0) is before all.</summary>
/// <param name="Number">The position, counted from 1.</param>
public readonly record struct Slot(long Number) : IComparable<Slot>
{
    /// <summary>The position before the first entry.</summary>
    public static Slot None => default;

    /// <summary>The position after this one.</summary>
    public Slot Next => new(Number + 1);

    /// <inheritdoc/>
    public int CompareTo(Slot other) => Number.CompareTo(other.Number);

    /// <summary>Whether <paramref name="left"/> comes before <paramref name="right"/>.</summary>
    public static bool operator <(Slot left, Slot right) => left.Number < right.Number;

    /// <summary>Whether <paramref name="left"/> comes after <paramref name="right"/>.</summary>
    public static bool operator >(Slot left, Slot right) => left.Number > right.Number;

    /// <summary>Whether <paramref name="left"/> is at or before <paramref name="right"/>.</summary>
    public static bool operator <=(Slot left, Slot right) => left.Number <= right.Number;

    /// <summary>Whether <paramref name="left"/> is at or after <paramref name="right"/>.</summary>
    public static bool operator >=(Slot left, Slot right) => left.Number >= right.Number;

    /// <inheritdoc/>
    public override string ToString() => Number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A replica of one group, named by its position in the group's configured list of replicas (0, 1, 2 …).</summary>
/// <param name="Ordinal">The position in the list.</param>
public readonly record struct ReplicaId(int Ordinal) : IComparable<ReplicaId>
{
    /// <inheritdoc/>
    public int CompareTo(ReplicaId other) => Ordinal.CompareTo(other.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"r{Ordinal}");
}

/// <summary>A replicated group: the replicas that share one log. A service without partitions is one group of the same name.</summary>
/// <param name="Name">The group's name, unique in a composition (<c>events</c>, <c>store.0</c>).</param>
public readonly record struct GroupId(string Name)
{
    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>
/// A caller's session: 128 bits that nobody else uses. The results of a session's requests are kept in the replicated
/// state, so that a request sent again is answered again and not executed again.
/// </summary>
/// <param name="High">The upper 64 bits.</param>
/// <param name="Low">The lower 64 bits.</param>
public readonly record struct SessionId(ulong High, ulong Low) : IComparable<SessionId>
{
    /// <summary>No session.</summary>
    public static SessionId None => default;

    /// <summary>Whether this is no session.</summary>
    public bool IsNone => High == 0 && Low == 0;

    /// <summary>Reads the 32 hexadecimal digits that <see cref="ToString"/> writes.</summary>
    /// <param name="text">The text.</param>
    /// <param name="session">The session, where the text is one.</param>
    /// <returns>Whether the text is a session.</returns>
    public static bool TryParse(ReadOnlySpan<char> text, out SessionId session)
    {
        session = default;
        if (text.Length != 32 ||
            !ulong.TryParse(text[..16], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var high) ||
            !ulong.TryParse(text[16..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var low))
        {
            return false;
        }

        session = new SessionId(high, low);
        return true;
    }

    /// <inheritdoc/>
    public int CompareTo(SessionId other) => High != other.High ? High.CompareTo(other.High) : Low.CompareTo(other.Low);

    /// <summary>The session as 32 hexadecimal digits.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{High:x16}{Low:x16}");
}

/// <summary>
/// The identity of one command at one group, the same in every retry: session, sequence within the session, and step of
/// the composite operation that it belongs to (0 for a single one).
/// </summary>
/// <param name="Session">The session.</param>
/// <param name="Sequence">The request's number within its session, counted from 1.</param>
/// <param name="Step">The step of a composite operation, in plan order from 0.</param>
public readonly record struct RequestId(SessionId Session, long Sequence, int Step = 0)
{
    /// <summary>Writes the id.</summary>
    /// <param name="writer">Where to.</param>
    public void Write(WireWriter writer)
    {
        writer.UInt64(Session.High);
        writer.UInt64(Session.Low);
        writer.VarUInt((ulong)Sequence);
        writer.VarUInt((uint)Step);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <param name="reader">Where from.</param>
    /// <returns>The id.</returns>
    /// <exception cref="WireFormatException">The bytes are no id.</exception>
    public static RequestId Read(ref WireReader reader)
    {
        var (session, sequence, step) = (new SessionId(reader.UInt64(), reader.UInt64()), reader.Number(), reader.Number());

        // Another number in place of one that is too large would be another request.
        return step <= int.MaxValue ? new RequestId(session, sequence, (int)step) : throw new WireFormatException($"there is no step {step}");
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Session}-{Sequence}-{Step}");
}
