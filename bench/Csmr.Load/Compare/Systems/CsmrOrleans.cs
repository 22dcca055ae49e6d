using Csmr.Client;

namespace Csmr.Load.Compare.Systems;

/// <summary>CSMR by its client library, over Orleans: all clients share one connection, as Orleans' clients do.</summary>
/// <param name="client">The client.</param>
/// <param name="name">As tables name it.</param>
public sealed class CsmrOrleans(CsmrClient client, string name) : ILoadTarget
{
    private readonly IKeyValueStore _store = client.Service<IKeyValueStore>("api");
    private readonly ILockService _locks = client.Service<ILockService>("api");

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public Task OpenAsync(int clients) => Task.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask PutAsync(int client, int key, int value) => await _store.PutAsync(Data.Keys[key], Data.Values[value]);

    /// <inheritdoc/>
    public async ValueTask GetAsync(int client, int key) => Require(await _store.GetAsync(Data.Keys[key]) is not null);

    /// <inheritdoc/>
    public async ValueTask LockAsync(int client)
    {
        var (key, owner) = ($"lock-{client}", $"client-{client}");
        Require((await _locks.AcquireAsync(key, owner, 600)).IsHeld);
        Require(await _locks.ReleaseAsync(key, owner));
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => client.DisposeAsync();

    private static void Require(bool isDone)
    {
        if (!isDone)
        {
            throw new InvalidOperationException("refused");
        }
    }
}
