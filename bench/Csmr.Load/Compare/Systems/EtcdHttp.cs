using System.Text;
using System.Text.Json;

namespace Csmr.Load.Compare.Systems;

/// <summary>etcd by the JSON gateway of its members.</summary>
/// <param name="urls">The members; the first client is the first one's.</param>
public sealed class EtcdHttp(params IReadOnlyList<Uri> urls) : HttpTarget("etcd", urls)
{
    private static readonly IReadOnlyList<byte[]> Keys = Data.Base64(Data.Keys);
    private static readonly IReadOnlyList<byte[]> Values = Data.Base64(Data.Values);
    private static readonly byte[] PutHead = HttpConnection.Head("/v3/kv/put");
    private static readonly byte[] GetHead = HttpConnection.Head("/v3/kv/range");
    private static readonly byte[] GrantHead = HttpConnection.Head("/v3/lease/grant");
    private static readonly byte[] LockHead = HttpConnection.Head("/v3/lock/lock");
    private static readonly byte[] UnlockHead = HttpConnection.Head("/v3/lock/unlock");
    private static readonly byte[] KeyStart = "{\"key\":\""u8.ToArray();
    private static readonly byte[] ValueStart = "\",\"value\":\""u8.ToArray();
    private static readonly byte[] End = "\"}"u8.ToArray();

    private readonly Dictionary<int, byte[]> _locks = [];

    /// <inheritdoc/>
    public override ValueTask PutAsync(int client, int key, int value)
    {
        var connection = Connection(client);
        connection.Compose(PutHead, KeyStart, Keys[key], ValueStart, Values[value], End);
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
        connection.Compose(LockHead, _locks[client]);
        await connection.CallAsync();
        var key = Encoding.ASCII.GetBytes(Text(connection, "key"));
        connection.Compose(UnlockHead, KeyStart, key, End);
        await connection.CallAsync();
    }

    /// <inheritdoc/>
    protected override async Task PrepareAsync(int client, HttpConnection connection)
    {
        ArgumentNullException.ThrowIfNull(connection);
        connection.Compose(GrantHead, "{\"TTL\":\"600\"}"u8.ToArray());
        await connection.CallAsync();
        var name = Convert.ToBase64String(Encoding.UTF8.GetBytes($"lock-{client}"));
        _locks[client] = Encoding.ASCII.GetBytes($$"""{"name":"{{name}}","lease":"{{Text(connection, "ID")}}"}""");
    }

    private static string Text(HttpConnection connection, string name)
    {
        var reader = new Utf8JsonReader(connection.Body.Span);
        return JsonElement.ParseValue(ref reader).GetProperty(name).GetString()!;
    }
}
