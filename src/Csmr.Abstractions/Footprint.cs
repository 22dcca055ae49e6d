namespace Csmr;

/// <summary>One key, or one range of keys, that an invocation reads or writes. Keys compare ordinally.</summary>
/// <param name="From">The key, or the first key of the range.</param>
/// <param name="To">Null for the single key <paramref name="From"/>; else the end of the range, not in it; <see cref="End"/> for an open end.</param>
/// <param name="IsWrite">Whether it is written.</param>
public readonly record struct FootprintItem(string From, string? To, bool IsWrite)
{
    /// <summary>The open end of a range: beyond every key, also beyond one that starts with this very character.</summary>
    public const string End = "\uffff";

    /// <summary>Whether one of the two writes what the other reads or writes.</summary>
    /// <param name="other">The other.</param>
    /// <returns>Whether they conflict.</returns>
    public bool ConflictsWith(in FootprintItem other) => (IsWrite || other.IsWrite) && Overlaps(other);

    /// <summary>Whether everything that the other touches is touched by this, and written where the other writes.</summary>
    /// <param name="other">The other.</param>
    /// <returns>Whether it is.</returns>
    public bool Covers(in FootprintItem other) => (IsWrite || !other.IsWrite) && (To is null
        ? other.To is null && string.Equals(From, other.From, StringComparison.Ordinal)
        : other.To is null
            ? Contains(other.From)
            : string.CompareOrdinal(From, other.From) <= 0 && (string.Equals(To, other.To, StringComparison.Ordinal) || IsBefore(other.To, To)));

    private bool Overlaps(in FootprintItem other)
    {
        if (To is null)
        {
            return other.To is null ? string.Equals(From, other.From, StringComparison.Ordinal) : other.Contains(From);
        }

        return other.To is null
            ? Contains(other.From)
            : IsBefore(From, other.To) && IsBefore(other.From, To!);
    }

    private bool Contains(string key) => string.CompareOrdinal(From, key) <= 0 && IsBefore(key, To!);

    private static bool IsBefore(string key, string end) =>
        string.Equals(end, End, StringComparison.Ordinal) || string.CompareOrdinal(key, end) < 0;
}

/// <summary>The state that an invocation reads and writes, told from the invocation alone. Immutable.</summary>
public sealed class Footprint
{
    private readonly FootprintItem[] _items;

    private Footprint(bool isEverything, FootprintItem[] items) => (IsEverything, _items) = (isEverything, items);

    /// <summary>All state, written: conflicts with every footprint.</summary>
    public static Footprint Everything { get; } = new(isEverything: true, []);

    /// <summary>No state at all.</summary>
    public static Footprint None { get; } = new(isEverything: false, []);

    /// <summary>Whether it is <see cref="Everything"/>.</summary>
    public bool IsEverything { get; }

    /// <summary>The keys and ranges; empty for everything and for nothing.</summary>
    public ReadOnlySpan<FootprintItem> Items => _items;

    /// <summary>One key that is read.</summary>
    /// <param name="key">The key.</param>
    /// <returns>The footprint.</returns>
    public static Footprint Read(string key) => new(isEverything: false, [new FootprintItem(key, null, IsWrite: false)]);

    /// <summary>One key that is written.</summary>
    /// <param name="key">The key.</param>
    /// <returns>The footprint.</returns>
    public static Footprint Write(string key) => new(isEverything: false, [new FootprintItem(key, null, IsWrite: true)]);

    /// <summary>Several keys and ranges.</summary>
    /// <param name="items">Them.</param>
    /// <returns>The footprint.</returns>
    public static Footprint Of(params FootprintItem[] items) => new(isEverything: false, items);

    /// <summary>Whether each item of another footprint lies within one of this: sufficient for touching nothing else.</summary>
    /// <param name="other">The other.</param>
    /// <returns>Whether it does.</returns>
    public bool Covers(Footprint other)
    {
        if (IsEverything || other.IsEverything)
        {
            return IsEverything;
        }

        foreach (var theirs in other._items)
        {
            if (!Array.Exists(_items, mine => mine.Covers(theirs)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether executing the two in one order or the other may differ.</summary>
    /// <param name="other">The other.</param>
    /// <returns>Whether they conflict.</returns>
    public bool ConflictsWith(Footprint other)
    {
        if (IsEverything || other.IsEverything)
        {
            return (IsEverything || _items.Length > 0) && (other.IsEverything || other._items.Length > 0);
        }

        foreach (var mine in _items)
        {
            foreach (var theirs in other._items)
            {
                if (mine.ConflictsWith(theirs))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
