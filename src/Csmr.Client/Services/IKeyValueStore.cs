using System.Text.Json;

namespace Csmr.Client;

/// <summary>The shipped service <c>kv</c>: values under keys, in the order of the keys, with versions and conditional writes.</summary>
public interface IKeyValueStore
{
    /// <summary>Sets the value of a key, whether the key exists or not.</summary>
    /// <typeparam name="T">The type of the value, written as JSON.</typeparam>
    /// <param name="key">The key: 1 to 1,024 bytes.</param>
    /// <param name="value">The new value; not null.</param>
    /// <param name="options">What to say about the call.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The key's new version.</returns>
    /// <exception cref="CsmrException">The call did not end well.</exception>
    Task<long> PutAsync<T>(string key, T value, CallOptions? options = null, CancellationToken cancellationToken = default)
        where T : notnull;

    /// <summary>Reads the value of a key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="options">What to say about the call.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The value with its version; null where the key does not exist.</returns>
    /// <exception cref="CsmrException">The call did not end well.</exception>
    Task<VersionedValue?> GetAsync(string key, CallOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Removes a key and its value.</summary>
    /// <param name="key">The key.</param>
    /// <param name="options">What to say about the call.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The version that was removed; null where the key did not exist.</returns>
    /// <exception cref="CsmrException">The call did not end well.</exception>
    Task<long?> DeleteAsync(string key, CallOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Sets the value of a key if the key has the expected version.</summary>
    /// <typeparam name="T">The type of the value, written as JSON.</typeparam>
    /// <param name="key">The key.</param>
    /// <param name="value">The new value; not null.</param>
    /// <param name="expectedVersion">The version that the key must have; 0: the key must not exist.</param>
    /// <param name="options">What to say about the call.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>Whether it was set, and the key's version now.</returns>
    /// <exception cref="CsmrException">The call did not end well.</exception>
    Task<ConditionalWrite> CompareAndSetAsync<T>(
        string key, T value, long expectedVersion, CallOptions? options = null, CancellationToken cancellationToken = default)
        where T : notnull;

    /// <summary>Sets the value of a key if the key has the expected value, member for member in the same order.</summary>
    /// <typeparam name="T">The type of the values, written as JSON.</typeparam>
    /// <param name="key">The key.</param>
    /// <param name="value">The new value; not null.</param>
    /// <param name="expectedValue">The value that the key must have; not null.</param>
    /// <param name="options">What to say about the call.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>Whether it was set, and the key's version now.</returns>
    /// <exception cref="CsmrException">The call did not end well.</exception>
    Task<ConditionalWrite> CompareValueAndSetAsync<T>(
        string key, T value, T expectedValue, CallOptions? options = null, CancellationToken cancellationToken = default)
        where T : notnull;

    /// <summary>Lists keys and values in the ordinal order of the keys.</summary>
    /// <param name="from">The first key wanted; the smallest one where null.</param>
    /// <param name="to">The end of the range, not in it; no end where null.</param>
    /// <param name="limit">The most items wanted; the service's default where null.</param>
    /// <param name="options">What to say about the call.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The items, and from where to go on.</returns>
    /// <exception cref="CsmrException">The call did not end well.</exception>
    Task<KeyRange> RangeAsync(
        string? from = null, string? to = null, long? limit = null, CallOptions? options = null, CancellationToken cancellationToken = default);
}

/// <summary>A value with its version.</summary>
/// <param name="Value">The value.</param>
/// <param name="Version">The version: above every earlier one of its key.</param>
public sealed record VersionedValue(JsonElement Value, long Version)
{
    /// <summary>The value as one of a type.</summary>
    /// <typeparam name="T">The type.</typeparam>
    /// <returns>The value.</returns>
    /// <exception cref="JsonException">It is no such value.</exception>
    public T? As<T>() => Value.Deserialize<T>(JsonArguments.Options);
}

/// <summary>What came of a conditional write.</summary>
/// <param name="IsDone">Whether the expectation held and the value was set.</param>
/// <param name="Version">The key's version now; 0 where the key does not exist.</param>
public sealed record ConditionalWrite(bool IsDone, long Version);

/// <summary>One key of a range.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">Its value.</param>
/// <param name="Version">Its version.</param>
public sealed record KeyRangeItem(string Key, JsonElement Value, long Version);

/// <summary>A page of keys.</summary>
/// <param name="Items">The items, in the order of the keys.</param>
/// <param name="Next">From where to go on; null where there is no more.</param>
public sealed record KeyRange(IReadOnlyList<KeyRangeItem> Items, string? Next);
