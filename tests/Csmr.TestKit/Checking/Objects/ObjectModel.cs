namespace Csmr.TestKit.Checking.Objects;

/// <summary>What is known of the state of an object at one place of an order that is tried.</summary>
internal abstract record ObjectState
{
    /// <summary>64 bits: equal states have equal ones, others hardly ever.</summary>
    public abstract ulong Hash { get; }

    protected static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
        value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
        return value ^ (value >> 31);
    }

    protected static ulong Mix(ulong hash, string? text) => text is null ? Mix(hash, -1L) : text.Aggregate(Mix(hash, text.Length), (mixed, letter) => Mix(mixed, letter));

    protected static ulong Mix(ulong hash, long value) => Mix((hash * 0x9e3779b97f4a7c15) + (ulong)value + 1);
}

/// <summary>A call of one object, with its answer where there is one.</summary>
internal abstract record ObjectCall
{
    /// <summary>Whether it was answered: it has a place in the order for certain.</summary>
    public required bool IsAnswered { get; init; }

    /// <summary>
    /// Whether it may be left out wherever nothing else would notice: it was not answered, and nothing else happens with it.
    /// </summary>
    public bool IsOptional { get; init; }

    /// <summary>Whether, with the answer that it got, it changes nothing.</summary>
    public abstract bool IsRead { get; }
}

/// <summary>
/// What an object does, made with knowledge of all its calls. The answers are part of the calls, so the model says which
/// call can come next rather than what it answers: versions and tokens need not be consecutive, and nobody knows
/// those of a call that was not answered.
/// </summary>
internal abstract class ObjectModel
{
    /// <summary>The first state: nothing was ever done.</summary>
    public abstract ObjectState Initial { get; }

    /// <summary>The model of an object with these calls, of the kind of a sample.</summary>
    public static ObjectModel Of(ObjectCall sample, IReadOnlyCollection<ObjectCall> calls) => sample switch
    {
        KvCall => new KvObject([.. calls.Cast<KvCall>()]),
        LockCall => new LockObject(calls.Cast<LockCall>()),
        _ => new LogObject([.. calls.Cast<LogCall>()]),
    };

    /// <summary>Executes a call.</summary>
    /// <returns>The state after, the same instance if nothing changed; null where the call cannot come here.</returns>
    public abstract ObjectState? Apply(ObjectState state, ObjectCall call);
}

/// <summary>
/// The versions of a key or the tokens of a lock that clients saw. Each write draws a larger one than all before, so
/// those that were seen became current in ascending order, none left out.
/// </summary>
internal sealed class Stamps
{
    private readonly long[] _seen;

    public Stamps(IEnumerable<long> seen) => _seen = [.. seen.Distinct().Order()];

    /// <summary>The place of a stamp, from 1; 0 of one that nobody saw.</summary>
    public int RankOf(long stamp) => Math.Max(Array.BinarySearch(_seen, stamp) + 1, 0);

    /// <summary>The stamp of a place, or null beyond the last one.</summary>
    public long? At(int rank) => rank >= 1 && rank <= _seen.Length ? _seen[rank - 1] : null;
}
