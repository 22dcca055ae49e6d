using System.Text.Json;

namespace Csmr.Client;

/// <inheritdoc cref="IKeyValueStore"/>
internal sealed class KeyValueStore(ServiceCaller caller) : IKeyValueStore
{
    async Task<long> IKeyValueStore.PutAsync<T>(string key, T value, CallOptions? options, CancellationToken cancellationToken)
    {
        var answer = await caller.InvokeAsync("put", options, cancellationToken, ("key", key), ("value", value)).ConfigureAwait(false);
        return answer.Field("version").GetInt64();
    }

    async Task<VersionedValue?> IKeyValueStore.GetAsync(string key, CallOptions? options, CancellationToken cancellationToken)
    {
        var answer = await caller.InvokeAsync("get", options, cancellationToken, ("key", key)).ConfigureAwait(false);
        return answer.Field("version").AsLong() is { } version ? new VersionedValue(answer.Result, version) : null;
    }

    async Task<long?> IKeyValueStore.DeleteAsync(string key, CallOptions? options, CancellationToken cancellationToken)
    {
        var answer = await caller.InvokeAsync("delete", options, cancellationToken, ("key", key)).ConfigureAwait(false);
        return answer.Field("version").AsLong();
    }

    async Task<ConditionalWrite> IKeyValueStore.CompareAndSetAsync<T>(
        string key, T value, long expectedVersion, CallOptions? options, CancellationToken cancellationToken) => WriteOf(await caller.InvokeAsync(
            "cas", options, cancellationToken, ("key", key), ("value", value), ("expectedVersion", expectedVersion)).ConfigureAwait(false));

    async Task<ConditionalWrite> IKeyValueStore.CompareValueAndSetAsync<T>(
        string key, T value, T expectedValue, CallOptions? options, CancellationToken cancellationToken) => WriteOf(await caller.InvokeAsync(
            "cas", options, cancellationToken, ("key", key), ("value", value), ("expectedValue", expectedValue)).ConfigureAwait(false));

    async Task<KeyRange> IKeyValueStore.RangeAsync(string? from, string? to, long? limit, CallOptions? options, CancellationToken cancellationToken)
    {
        var answer = await caller.InvokeAsync("range", options, cancellationToken, ("from", from), ("to", to), ("limit", limit)).ConfigureAwait(false);
        return new KeyRange([.. answer.Result.EnumerateArray().Select(ItemOf)], answer.Field("next").GetString());
    }

    private static ConditionalWrite WriteOf(CallResult answer) => new(answer.Result.GetBoolean(), answer.Field("version").GetInt64());

    private static KeyRangeItem ItemOf(JsonElement item) =>
        new(item.GetProperty("key").GetString()!, item.GetProperty("value"), item.GetProperty("version").GetInt64());
}
