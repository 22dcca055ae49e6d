using System.Collections.Frozen;

namespace Csmr.Client;

/// <summary>Typed clients of the shipped services.</summary>
public static class CsmrServiceExtensions
{
    private static readonly FrozenDictionary<Type, Func<ServiceCaller, object>> Factories = new Dictionary<Type, Func<ServiceCaller, object>>
    {
        [typeof(IKeyValueStore)] = static caller => new KeyValueStore(caller),
        [typeof(ILockService)] = static caller => new LockService(caller),
        [typeof(IRecordLog)] = static caller => new RecordLog(caller),
        [typeof(ICounter)] = static caller => new Counter(caller),
        [typeof(IRandomSource)] = static caller => new RandomSource(caller),
    }.ToFrozenDictionary();

    /// <summary>A typed client of a service.</summary>
    /// <typeparam name="T">
    /// <see cref="IKeyValueStore"/>, <see cref="ILockService"/>, <see cref="IRecordLog"/>, <see cref="ICounter"/> or <see cref="IRandomSource"/>.
    /// </typeparam>
    /// <param name="caller">A client (each call is sent once) or a session (a call is repeated and executed once).</param>
    /// <param name="service">The exposed service; null where the names of its operations alone say it.</param>
    /// <param name="names">
    /// The names under which the composition offers the machine's operations, where they differ: <c>["put"] = "store-put"</c>.
    /// </param>
    /// <returns>The typed client.</returns>
    /// <exception cref="NotSupportedException">The type is none of these.</exception>
    public static T Service<T>(this ICsmrCaller caller, string? service = null, IReadOnlyDictionary<string, string>? names = null)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(caller);
        return Factories.TryGetValue(typeof(T), out var make)
            ? (T)make(new ServiceCaller(caller, service, names))
            : throw new NotSupportedException($"There is no typed client {typeof(T).Name}; use {nameof(ICsmrCaller.InvokeAsync)}.");
    }
}
