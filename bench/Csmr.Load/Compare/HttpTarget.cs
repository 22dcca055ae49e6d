namespace Csmr.Load.Compare;

/// <summary>A system spoken to by HTTP and JSON: each client has a connection of its own.</summary>
/// <param name="name">The system with its way.</param>
/// <param name="urls">Its servers; the clients are dealt out to them in turn.</param>
public abstract class HttpTarget(string name, params IReadOnlyList<Uri> urls) : ILoadTarget
{
    private readonly List<HttpConnection> _connections = [];

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public async Task OpenAsync(int clients)
    {
        while (_connections.Count < clients)
        {
            var connection = await HttpConnection.OpenAsync(urls[_connections.Count % urls.Count]);
            await PrepareAsync(_connections.Count, connection);
            _connections.Add(connection);
        }
    }

    /// <inheritdoc/>
    public abstract ValueTask PutAsync(int client, int key, int value);

    /// <inheritdoc/>
    public abstract ValueTask GetAsync(int client, int key);

    /// <inheritdoc/>
    public abstract ValueTask LockAsync(int client);

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _connections.ForEach(static connection => connection.Dispose());
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    /// <summary>A client's connection.</summary>
    /// <param name="client">The client.</param>
    /// <returns>The connection.</returns>
    protected HttpConnection Connection(int client) => _connections[client];

    /// <summary>What a client needs before its first call.</summary>
    /// <param name="client">The client.</param>
    /// <param name="connection">Its connection.</param>
    /// <returns>Completes when it may call.</returns>
    protected virtual Task PrepareAsync(int client, HttpConnection connection) => Task.CompletedTask;
}
