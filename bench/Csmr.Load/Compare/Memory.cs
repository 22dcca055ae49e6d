using System.Globalization;
using System.Text;
using Csmr.Load.Compare.Systems;

namespace Csmr.Load.Compare;

/// <summary>What a replica has in memory with many keys, of CSMR and of etcd.</summary>
/// <param name="keys">How many keys.</param>
/// <param name="results">Where results go.</param>
/// <param name="log">Is told what was measured.</param>
public sealed class Memory(int keys, Results results, Action<string> log)
{
    private const int Clients = 256;

    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(10);
    private static readonly IReadOnlyList<string> Values = Data.Values;

    /// <summary>Measures one after the other: each alone on the machine.</summary>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>Completes when it is measured.</returns>
    public async Task MeasureAsync(CancellationToken cancellation)
    {
        double ours;
        await using (var csmr = await CsmrSystem.StartAsync(CsmrSystem.Plain, log, cancellationToken: cancellation))
        {
            await FillAsync([csmr.Url], HttpConnection.Head("/v1/put"), static key => $$"""{"key":"{{Key(key)}}","value":"{{Value(key)}}"}""");
            await Task.Delay(Rest, cancellation); // pause: what the load has left behind is done
            ours = Statistics.Median(csmr.Cluster.Replicas.Select(static replica => Machine.MemoryMibOf([replica.Process!.Id])));
        }

        double theirs;
        await using (var etcd = await EtcdSystem.StartAsync())
        {
            await FillAsync(etcd.Urls, HttpConnection.Head("/v3/kv/put"), static key => $$"""{"key":"{{Base64(Key(key))}}","value":"{{Base64(Value(key))}}"}""");
            await Task.Delay(Rest, cancellation); // pause: the same
            theirs = Statistics.Median(etcd.Processes.Select(static process => Machine.MemoryMibOf([process])));
        }

        results.Figures.Add(new FurtherFigure(
            "memory",
            string.Create(CultureInfo.InvariantCulture, $"resident memory of a replica with {keys:N0} keys of {Data.ValueBytes} bytes, put by {Clients} clients, after {Rest.TotalSeconds:0} s of rest, MiB: the median replica"),
            ours.ToString("N0", CultureInfo.InvariantCulture),
            theirs.ToString("N0", CultureInfo.InvariantCulture),
            [ours / theirs]));
        log(string.Create(CultureInfo.InvariantCulture, $"memory: {ours:N0} MiB, etcd {theirs:N0} MiB"));
    }

    private static string Key(int key) => string.Create(CultureInfo.InvariantCulture, $"key-{key:d7}");

    private static string Value(int key) => Values[key % Data.ValueCount];

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private Task FillAsync(IReadOnlyList<Uri> urls, byte[] head, Func<int, string> body)
    {
        var next = -1;
        return Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            using var connection = await HttpConnection.OpenAsync(urls[client % urls.Count]);
            for (var key = Interlocked.Increment(ref next); key < keys; key = Interlocked.Increment(ref next))
            {
                connection.Compose(head, Encoding.UTF8.GetBytes(body(key)));
                await connection.CallAsync();
            }
        })));
    }
}
