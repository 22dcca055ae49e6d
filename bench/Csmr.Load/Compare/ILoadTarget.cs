namespace Csmr.Load.Compare;

/// <summary>One way to one system: what the loads are made of.</summary>
public interface ILoadTarget : IAsyncDisposable
{
    /// <summary>The system with its way, as tables name it.</summary>
    string Name { get; }

    /// <summary>Connects as many clients, if there are not as many yet.</summary>
    /// <param name="clients">How many.</param>
    /// <returns>Completes when they can call.</returns>
    Task OpenAsync(int clients);

    /// <summary>Writes a value durably.</summary>
    /// <param name="client">Which client.</param>
    /// <param name="key">The key's number.</param>
    /// <param name="value">The value's number.</param>
    /// <returns>Completes with the answer.</returns>
    ValueTask PutAsync(int client, int key, int value);

    /// <summary>Reads a value that is there, linearizably.</summary>
    /// <param name="client">Which client.</param>
    /// <param name="key">The key's number.</param>
    /// <returns>Completes with the answer.</returns>
    ValueTask GetAsync(int client, int key);

    /// <summary>Takes a lock that nobody else wants, with a lease, and gives it back.</summary>
    /// <param name="client">Which client: each has a lock of its own.</param>
    /// <returns>Completes with the second answer.</returns>
    ValueTask LockAsync(int client);
}

/// <summary>Processes that serve, until they are disposed of or the harness ends.</summary>
public interface ILoadSystem : IAsyncDisposable
{
    /// <summary>Its name and version.</summary>
    string Name { get; }

    /// <summary>The processes whose time and memory count.</summary>
    IReadOnlyList<int> Processes { get; }
}
