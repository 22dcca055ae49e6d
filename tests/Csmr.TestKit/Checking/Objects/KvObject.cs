namespace Csmr.TestKit.Checking.Objects;

internal enum KvCallKind
{
    Put,
    Get,
    Delete,
    Cas,
}

/// <summary>A call of one key.</summary>
internal sealed record KvCall(KvCallKind Kind) : ObjectCall
{
    /// <summary>The value put, as canonical text.</summary>
    public string? Value { get; init; }

    /// <summary>What a cas expects: a version, 0 for none.</summary>
    public long? ExpectedVersion { get; init; }

    /// <summary>What a cas expects: a value.</summary>
    public string? ExpectedValue { get; init; }

    /// <summary>What delete and cas answered.</summary>
    public bool Ok { get; init; }

    /// <summary>The version answered; 0 where the key does not exist.</summary>
    public long Version { get; init; }

    /// <summary>The value that get answered.</summary>
    public string? Seen { get; init; }

    public override bool IsRead => Kind switch
    {
        KvCallKind.Get => true,
        KvCallKind.Put => false,
        _ => IsAnswered && !Ok,
    };

    /// <summary>The version that this call gave to the key, if it says so.</summary>
    public long? Written => IsAnswered && Kind is KvCallKind.Put or KvCallKind.Cas && Ok ? Version : null;
}

/// <summary>A key.</summary>
/// <param name="Value">The value; null where the key does not exist.</param>
/// <param name="IsResolved">Whether the version is known, which is then <see cref="Floor"/>.</param>
/// <param name="Floor">The key's version, or the last one that it had, is this or larger.</param>
/// <param name="Rank">The place of the last version that is known.</param>
/// <param name="IsIdle">Whether the last change may as well be left out: it was not answered and nothing has shown it.</param>
internal sealed record KvState(string? Value, bool IsResolved, long Floor, int Rank, bool IsIdle) : ObjectState
{
    public override ulong Hash
    {
        get
        {
            var flags = (IsResolved ? 1 : 0) + (IsIdle ? 2 : 0) + (Value is null ? 4 : 0);
            var hash = Mix(Mix((ulong)flags), Floor);
            return Mix(Mix(hash, Rank), Value);
        }
    }
}

/// <summary>One key of a key-value store: put, get, delete, cas.</summary>
internal sealed class KvObject : ObjectModel
{
    private readonly Stamps _versions;
    private readonly Dictionary<long, string> _valueOf = [];
    private readonly HashSet<long> _written;
    private readonly HashSet<string> _expectedValues;
    private readonly bool _someExpectAnyVersion;

    public KvObject(IReadOnlyCollection<KvCall> calls)
    {
        var answered = calls.Where(call => call.IsAnswered).ToList();
        _versions = new Stamps(answered.Select(call => call.Version)
            .Concat(answered.Where(call => call.Ok && call.ExpectedVersion is not null).Select(call => call.ExpectedVersion!.Value))
            .Where(version => version != 0));
        _written = [.. answered.Where(call => call.Written is not null).Select(call => call.Version)];
        _expectedValues = calls.Where(call => call.ExpectedValue is not null).Select(call => call.ExpectedValue!).ToHashSet(StringComparer.Ordinal);
        _someExpectAnyVersion = calls.Any(call => !call.IsAnswered && call.ExpectedVersion is > 0);
        foreach (var read in answered.Where(call => call.Seen is not null))
        {
            _valueOf.TryAdd(read.Version, read.Seen!);
        }
    }

    public override KvState Initial { get; } = new(null, IsResolved: true, 0, 0, IsIdle: false);

    public override ObjectState? Apply(ObjectState state, ObjectCall call) => Apply((KvState)state, (KvCall)call);

    private KvState? Apply(KvState state, KvCall call) => call.Kind switch
    {
        KvCallKind.Put => state.IsIdle ? null : Write(state, call),
        KvCallKind.Get => call.Seen is null ? Absent(state) : Present(state, call.Version, call.Seen),
        KvCallKind.Delete => Delete(state, call),
        _ => Cas(state, call),
    };

    private KvState? Write(KvState state, KvCall call)
    {
        if (call.IsAnswered)
        {
            return call.Version > state.Floor && _versions.RankOf(call.Version) == state.Rank + 1
                ? new KvState(call.Value, IsResolved: true, call.Version, state.Rank + 1, IsIdle: false)
                : null;
        }

        return call.IsOptional && !MayBeSeen(state, call.Value!)
            ? null
            : new KvState(call.Value, IsResolved: false, state.Floor + 1, state.Rank, call.IsOptional);
    }

    // A value whose version nobody was told is seen by a call that tells of a version without a known write, the next in order.
    private bool MayBeSeen(KvState state, string value) =>
        _someExpectAnyVersion
        || _expectedValues.Contains(value)
        || (_versions.At(state.Rank + 1) is { } next && !_written.Contains(next) && _valueOf.GetValueOrDefault(next, value) == value);

    private static KvState? Absent(KvState state)
    {
        if (state.Value is not null)
        {
            return null;
        }

        return state.IsIdle ? state with { IsIdle = false } : state;
    }

    private KvState? Present(KvState state, long version, string? value)
    {
        if (state.Value is null || (value is not null && value != state.Value))
        {
            return null;
        }

        if (state.IsResolved)
        {
            return version == state.Floor ? state : null;
        }

        return version >= state.Floor && _versions.RankOf(version) == state.Rank + 1
            ? new KvState(state.Value, IsResolved: true, version, state.Rank + 1, IsIdle: false)
            : null;
    }

    private KvState? Delete(KvState state, KvCall call)
    {
        if (call.IsAnswered)
        {
            return call.Ok ? Present(state, call.Version, null) is { } seen ? seen with { Value = null } : null : Absent(state);
        }

        return state.Value is null || state.IsIdle ? null : state with { Value = null, IsResolved = true, IsIdle = call.IsOptional };
    }

    private KvState? Cas(KvState state, KvCall call)
    {
        if (call is { IsAnswered: true, Ok: false })
        {
            return Mismatch(state, call);
        }

        var met = call.ExpectedVersion switch
        {
            null => state.Value == call.ExpectedValue ? state : null,
            0 => Absent(state),
            var version when call.IsAnswered => Present(state, version.Value, null),
            var version => PresentPerhaps(state, version.Value),
        };
        return met is null ? null : Write(met, call);
    }

    private KvState? Mismatch(KvState state, KvCall call)
    {
        if (call.Version == 0)
        {
            return call.ExpectedVersion == 0 ? null : Absent(state);
        }

        return call.ExpectedVersion == call.Version || (call.ExpectedValue is not null && call.ExpectedValue == state.Value)
            ? null
            : Present(state, call.Version, null);
    }

    // The version that an unanswered cas expects may be one that nobody saw.
    private KvState? PresentPerhaps(KvState state, long version)
    {
        if (state.Value is null || state.IsResolved || _versions.RankOf(version) > 0)
        {
            return Present(state, version, null);
        }

        return version >= state.Floor ? state with { IsResolved = true, Floor = version, IsIdle = false } : null;
    }
}
