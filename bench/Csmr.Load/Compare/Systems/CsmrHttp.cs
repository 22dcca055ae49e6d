using System.Text;

namespace Csmr.Load.Compare.Systems;

/// <summary>CSMR by REST, at the gateway.</summary>
/// <param name="url">The gateway.</param>
/// <param name="name">As tables name it.</param>
/// <param name="put">The operation that puts.</param>
/// <param name="isKeyed">Whether every put has an idempotency key.</param>
public sealed class CsmrHttp(Uri url, string name = "CSMR", string put = "put", bool isKeyed = false) : HttpTarget(name, url)
{
    private static readonly IReadOnlyList<byte[]> Keys = Data.Utf8(Data.Keys);
    private static readonly IReadOnlyList<byte[]> Values = Data.Utf8(Data.Values);
    private static readonly byte[] GetHead = HttpConnection.Head("/v1/get");
    private static readonly byte[] AcquireHead = HttpConnection.Head("/v1/acquire");
    private static readonly byte[] ReleaseHead = HttpConnection.Head("/v1/release");
    private static readonly byte[] KeyStart = "{\"key\":\""u8.ToArray();
    private static readonly byte[] ValueStart = "\",\"value\":\""u8.ToArray();
    private static readonly byte[] End = "\"}"u8.ToArray();

    private readonly byte[] _putHead = HttpConnection.Head($"/v1/{put}");
    private readonly Guid _run = Guid.NewGuid();
    private readonly List<(byte[] Acquire, byte[] Release)> _locks = [];
    private long _puts;

    /// <inheritdoc/>
    public override ValueTask PutAsync(int client, int key, int value)
    {
        var connection = Connection(client);
        var head = isKeyed ? HttpConnection.Head($"/v1/{put}", $"Idempotency-Key: \"{_run:N}-{Interlocked.Increment(ref _puts)}\"\r\n") : _putHead;
        connection.Compose(head, KeyStart, Keys[key], ValueStart, Values[value], End);
        return connection.CallAsync();
    }

    /// <inheritdoc/>
    public override ValueTask GetAsync(int client, int key)
    {
        var connection = Connection(client);
        connection.Compose(GetHead, KeyStart, Keys[key], End);
        return connection.CallAsync();
    }

    /// <inheritdoc/>
    public override async ValueTask LockAsync(int client)
    {
        var connection = Connection(client);
        connection.Compose(AcquireHead, _locks[client].Acquire);
        await connection.CallAsync();
        RequireTrue(connection);
        connection.Compose(ReleaseHead, _locks[client].Release);
        await connection.CallAsync();
        RequireTrue(connection);
    }

    /// <inheritdoc/>
    protected override Task PrepareAsync(int client, HttpConnection connection)
    {
        _locks.Add((
            Encoding.UTF8.GetBytes($$"""{"key":"lock-{{client}}","owner":"client-{{client}}","leaseSeconds":600}"""),
            Encoding.UTF8.GetBytes($$"""{"key":"lock-{{client}}","owner":"client-{{client}}"}""")));
        return Task.CompletedTask;
    }

    private static void RequireTrue(HttpConnection connection)
    {
        if (connection.Body.Span.IndexOf("\"result\":true"u8) < 0)
        {
            throw new InvalidOperationException($"refused: {Encoding.UTF8.GetString(connection.Body.Span)}");
        }
    }
}
