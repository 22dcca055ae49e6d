using System.Collections.Immutable;

namespace Csmr.TestKit.Checking.Objects;

internal enum LockCallKind
{
    Acquire,
    Release,
    Renew,
    Check,
    Query,
}

/// <summary>A call of one lock.</summary>
internal sealed record LockCall(LockCallKind Kind) : ObjectCall
{
    /// <summary>The owner who calls.</summary>
    public string? Owner { get; init; }

    /// <summary>The token that the caller gives.</summary>
    public long? Given { get; init; }

    /// <summary>Whether the answer says that it is held, or was until now, by this owner (of query: by anyone).</summary>
    public bool Ok { get; init; }

    /// <summary>The token answered.</summary>
    public long? Token { get; init; }

    /// <summary>The owner that query answered.</summary>
    public string? Holder { get; init; }

    // Renewing changes the lease only, of which this model knows nothing.
    public override bool IsRead => Kind switch
    {
        LockCallKind.Acquire or LockCallKind.Release => IsAnswered && !Ok,
        _ => true,
    };

    /// <summary>The token that was the current one where this call was executed, if the call says so.</summary>
    public long? Seen => IsAnswered && Ok ? Token ?? Given : null;
}

/// <summary>A lock.</summary>
/// <param name="Owner">Who holds it; null where it is free.</param>
/// <param name="IsResolved">Whether the token is known, which is then <see cref="Floor"/>.</param>
/// <param name="Floor">The holder's token, or the last one, is this or larger.</param>
/// <param name="Rank">The place of the last token that is known.</param>
/// <param name="IsIdle">Whether the last change was not answered and nothing has shown it.</param>
/// <param name="Excluded">Tokens that were seen not to be the holder's.</param>
internal sealed record LockState(string? Owner, bool IsResolved, long Floor, int Rank, bool IsIdle, ImmutableSortedSet<long> Excluded) : ObjectState
{
    public override ulong Hash
    {
        get
        {
            var flags = (IsResolved ? 1 : 0) + (IsIdle ? 2 : 0) + (Owner is null ? 4 : 0);
            var hash = Mix(Mix(Mix((ulong)flags), Floor), Rank);
            hash = Mix(hash, Owner);
            return Excluded.Aggregate(hash, (mixed, token) => Mix(mixed, token));
        }
    }
}

/// <summary>One lock: acquire, release, renew, check, query. A lease never ends here.</summary>
internal sealed class LockObject : ObjectModel
{
    private readonly Stamps _tokens;

    public LockObject(IEnumerable<LockCall> calls) =>
        _tokens = new Stamps(calls.Where(call => call.Seen is not null).Select(call => call.Seen!.Value));

    public override LockState Initial { get; } = new(null, IsResolved: true, 0, 0, IsIdle: false, []);

    public override ObjectState? Apply(ObjectState state, ObjectCall call) => Apply((LockState)state, (LockCall)call);

    private LockState? Apply(LockState state, LockCall call) => call.Kind switch
    {
        LockCallKind.Acquire => Acquire(state, call),
        LockCallKind.Release => Release(state, call),
        LockCallKind.Renew => Holds(state, call, call.Owner),
        LockCallKind.Check => Holds(state, call, state.Owner),
        _ => call.Ok ? HeldBy(state, call.Holder, call.Token) : Free(state),
    };

    private LockState? Acquire(LockState state, LockCall call)
    {
        if (!call.IsAnswered)
        {
            return state.Owner is null
                ? new LockState(call.Owner, IsResolved: false, state.Floor + 1, state.Rank, call.IsOptional, [])
                : null;
        }

        if (!call.Ok)
        {
            return state.Owner is null || state.Owner == call.Owner ? null : Shown(state);
        }

        if (state.Owner is not null)
        {
            return HeldBy(state, call.Owner, call.Token);
        }

        return call.Token > state.Floor && _tokens.RankOf(call.Token.Value) == state.Rank + 1
            ? new LockState(call.Owner, IsResolved: true, call.Token.Value, state.Rank + 1, IsIdle: false, [])
            : null;
    }

    private LockState? Release(LockState state, LockCall call)
    {
        if (call is { IsAnswered: true, Ok: false })
        {
            return Holds(state, call, call.Owner);
        }

        // Taken and given back without anybody noticing: as well not taken.
        if (call.IsOptional && state.IsIdle)
        {
            return null;
        }

        var held = call.IsAnswered ? HeldBy(state, call.Owner, call.Given) : HeldPerhaps(state, call.Owner, call.Given);
        return held is null ? null : held with { Owner = null, IsResolved = true, IsIdle = call.IsOptional, Excluded = [] };
    }

    // The answers of renew and check, and a release in vain: whether the owner holds the lock, with the token that is given.
    private LockState? Holds(LockState state, LockCall call, string? owner)
    {
        if (!call.IsAnswered || call.Ok)
        {
            return state.Owner is null ? null : HeldBy(state, owner, call.Token ?? call.Given);
        }

        if (state.Owner is null || state.Owner != owner)
        {
            return Shown(state);
        }

        if (call.Given is not { } given)
        {
            return null;
        }

        if (state.IsResolved)
        {
            return given == state.Floor ? null : state;
        }

        return given < state.Floor || state.Excluded.Contains(given) ? state : state with { Excluded = state.Excluded.Add(given), IsIdle = false };
    }

    private LockState? HeldBy(LockState state, string? owner, long? token)
    {
        if (state.Owner is null || state.Owner != owner)
        {
            return null;
        }

        if (token is null)
        {
            return Shown(state);
        }

        if (state.IsResolved)
        {
            return token == state.Floor ? state : null;
        }

        return token >= state.Floor && _tokens.RankOf(token.Value) == state.Rank + 1 && !state.Excluded.Contains(token.Value)
            ? new LockState(owner, IsResolved: true, token.Value, state.Rank + 1, IsIdle: false, [])
            : null;
    }

    // The token that an unanswered release gives may be one that nobody saw.
    private LockState? HeldPerhaps(LockState state, string? owner, long? token)
    {
        if (token is null || state.IsResolved || state.Owner != owner || _tokens.RankOf(token.Value) > 0)
        {
            return HeldBy(state, owner, token);
        }

        return token >= state.Floor && !state.Excluded.Contains(token.Value) ? state with { IsResolved = true, Floor = token.Value } : null;
    }

    private static LockState? Free(LockState state) => state.Owner is null ? Shown(state) : null;

    private static LockState Shown(LockState state) => state.IsIdle ? state with { IsIdle = false } : state;
}
