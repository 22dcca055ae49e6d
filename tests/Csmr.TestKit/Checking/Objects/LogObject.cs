namespace Csmr.TestKit.Checking.Objects;

internal enum LogCallKind
{
    Append,
    Retrieve,
    Truncate,
    Bounds,
}

/// <summary>A call of a record log.</summary>
internal sealed record LogCall(LogCallKind Kind) : ObjectCall
{
    /// <summary>The entry appended, as canonical text; null where the caller does not know all of it.</summary>
    public string? Entry { get; init; }

    /// <summary>How an entry looks of which the caller does not know all; it is like no other append's.</summary>
    public Func<string, bool>? EntryMatches { get; init; }

    /// <summary>The index that append answered, that truncate was given, the first one that retrieve wants.</summary>
    public long? Index { get; init; }

    /// <summary>The last one that retrieve wants.</summary>
    public long Last { get; init; }

    /// <summary>Whether retrieve was refused for a range that is none.</summary>
    public bool IsBadRange { get; init; }

    /// <summary>What truncate answered; of retrieve, whether it was not refused.</summary>
    public bool Ok { get; init; }

    /// <summary>The entries answered.</summary>
    public IReadOnlyList<string> Entries { get; init; } = [];

    /// <summary>Where retrieve says to go on.</summary>
    public long? Next { get; init; }

    /// <summary>The bounds answered.</summary>
    public long Start { get; init; }

    /// <summary>The bounds answered.</summary>
    public long End { get; init; }

    public override bool IsRead => Kind is LogCallKind.Retrieve or LogCallKind.Bounds || (Kind == LogCallKind.Truncate && IsAnswered && !Ok);

    /// <summary>Whether this append could be the one that left an entry.</summary>
    public bool CanBe(string entry) => Entry is not null ? Entry == entry : EntryMatches!(entry);
}

/// <summary>A log: which indexes there are. What stands at an index is the same for ever, and known to the model.</summary>
internal sealed record LogState(long Start, long End) : ObjectState
{
    public override ulong Hash => Mix(Mix((ulong)Start), End);
}

/// <summary>A record log: append, retrieve, truncate, bounds.</summary>
internal sealed class LogObject : ObjectModel
{
    private readonly Dictionary<long, string> _entries = [];
    private readonly HashSet<long> _answered = [];
    private readonly HashSet<LogCall> _contradicted = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<string> _toldEntries = new(StringComparer.Ordinal);
    private readonly HashSet<string> _seenEntries = new(StringComparer.Ordinal);
    private readonly long _lastKnown;

    public LogObject(IReadOnlyCollection<LogCall> calls)
    {
        var answered = calls.Where(call => call.IsAnswered).ToList();
        foreach (var append in answered.Where(call => call is { Kind: LogCallKind.Append, Index: not null }))
        {
            if (!_answered.Add(append.Index!.Value) || (append.Entry is not null && !_entries.TryAdd(append.Index.Value, append.Entry)))
            {
                _contradicted.Add(append);
            }
        }

        foreach (var read in answered.Where(call => call is { Kind: LogCallKind.Retrieve, Ok: true }))
        {
            Learn(read);
        }

        // Entries that only one append can have left: it stands where the entry was seen.
        var appends = calls.Where(call => call is { Kind: LogCallKind.Append, Entry: not null }).ToLookup(call => call.Entry!, StringComparer.Ordinal);
        _toldEntries.UnionWith(appends.Select(calls => calls.Key));
        _seenEntries.UnionWith(_entries.Values.CountBy(entry => entry, StringComparer.Ordinal)
            .Where(seen => seen.Value >= appends[seen.Key].Count() && !calls.Any(call => call.EntryMatches?.Invoke(seen.Key) == true))
            .Select(seen => seen.Key));
        _lastKnown = calls.Select(LastTold).DefaultIfEmpty().Max();
    }

    public override LogState Initial { get; } = new(1, 0);

    public override ObjectState? Apply(ObjectState state, ObjectCall call) => Apply((LogState)state, (LogCall)call);

    private LogState? Apply(LogState state, LogCall call) => call.Kind switch
    {
        LogCallKind.Append => Append(state, call),
        LogCallKind.Retrieve => Retrieve(state, call),
        LogCallKind.Truncate => Truncate(state, call),
        _ => state.Start == call.Start && state.End == call.End ? state : null,
    };

    /// <summary>Holds the entries of an answer against what is known of them already; and whether they are as many as they must be.</summary>
    public void Learn(LogCall read)
    {
        var first = read.Index!.Value;
        var wanted = Math.Max(Math.Min(read.Last, read.End) - first + 1, 0);
        var isWhole = read.Next is null ? read.Entries.Count == wanted : read.Entries.Count < wanted && read.Next == first + read.Entries.Count;
        var isRight = isWhole && (wanted == 0 || read.Entries.Count > 0);
        for (var i = 0; i < read.Entries.Count; i++)
        {
            isRight &= _entries.TryAdd(first + i, read.Entries[i]) || _entries[first + i] == read.Entries[i];
        }

        if (!isRight)
        {
            _contradicted.Add(read);
        }
    }

    // Up to where the log must have grown for this call to do or answer what it did; or to do anything.
    private static long LastTold(LogCall call) => call.Kind switch
    {
        LogCallKind.Append => call.Index ?? 0,
        LogCallKind.Truncate => Math.Max(call.Index!.Value, call.Start) - 1,
        _ => Math.Max(call.End, call.Start - 1),
    };

    private LogState? Append(LogState state, LogCall call)
    {
        var index = state.End + 1;
        if (call.Index is { } told)
        {
            return told == index && !_contradicted.Contains(call) && (!_entries.TryGetValue(index, out var found) || call.CanBe(found))
                ? state with { End = index }
                : null;
        }

        var isSeen = _entries.TryGetValue(index, out var entry);
        if (_answered.Contains(index) || (isSeen && !CanBe(call, entry!)) || (!isSeen && call.Entry is not null && _seenEntries.Contains(call.Entry)))
        {
            return null;
        }

        return call.IsOptional && index > _lastKnown ? null : state with { End = index };
    }

    // An append of which not all is known did not leave what another one is known to have left.
    private bool CanBe(LogCall call, string entry) => call.CanBe(entry) && (call.Entry is not null || !_toldEntries.Contains(entry));

    private LogState? Retrieve(LogState state, LogCall call)
    {
        if (!call.Ok)
        {
            var isBadRange = call.Index < 1 || call.Index > call.Last;
            return call.IsBadRange == isBadRange && (isBadRange || call.Index < state.Start) ? state : null;
        }

        var fits = call.Index >= state.Start && call.Index <= call.Last && call.Start == state.Start && call.End == state.End;
        return fits && !_contradicted.Contains(call) ? state : null;
    }

    private static LogState? Truncate(LogState state, LogCall call)
    {
        var index = call.Index!.Value;
        var isWithin = index >= state.Start && index <= state.End + 1;
        if (!call.IsAnswered)
        {
            return isWithin && index > state.Start ? state with { Start = index } : null;
        }

        if (call.Ok != isWithin || call.Start != (isWithin ? index : state.Start))
        {
            return null;
        }

        return isWithin && index > state.Start ? state with { Start = index } : state;
    }
}
