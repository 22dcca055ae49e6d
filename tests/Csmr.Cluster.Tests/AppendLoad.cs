using System.Collections.Concurrent;
using System.Text.Json;
using Csmr.Client;

namespace Csmr.Cluster.Tests;

/// <summary>
/// Workers that append entries, each under a key of its own that is repeated until the answer is known. Afterwards the log
/// must hold every acknowledged entry once, at the index that was answered, and no entry twice.
/// </summary>
internal sealed class AppendLoad
{
    private const int PageEntries = 500;

    private readonly SiloCluster _cluster;
    private readonly ConcurrentDictionary<string, long> _acknowledged = new(StringComparer.Ordinal);
    private readonly Task[] _workers;
    private volatile bool _isStopping;

    private AppendLoad(SiloCluster cluster, int workers)
    {
        _cluster = cluster;
        _workers = [.. Enumerable.Range(0, workers).Select(worker => Task.Run(() => WorkAsync(worker)))];
    }

    public int Acknowledged => _acknowledged.Count;

    public static AppendLoad Start(SiloCluster cluster, int workers = 8) => new(cluster, workers);

    /// <summary>Waits until so many more are acknowledged.</summary>
    public async Task UntilMoreAsync(int count)
    {
        var goal = Acknowledged + count;
        await Until.TrueAsync(() => Acknowledged >= goal || Array.Exists(_workers, worker => worker.IsFaulted), $"{count} more appends are acknowledged");
        Assert.All(_workers, worker => Assert.Null(worker.Exception));
    }

    public async Task StopAsync()
    {
        _isStopping = true;
        await Task.WhenAll(_workers);
    }

    public async Task CheckAsync()
    {
        var indexes = new Dictionary<string, long>(StringComparer.Ordinal);
        for (var next = 1L; ;)
        {
            var page = await _cluster.CallAsync("retrieve", $$"""{"first": {{next}}, "last": {{next + PageEntries - 1}}}""");
            Assert.Equal(CallStatus.Done, page.Status);
            using var json = JsonDocument.Parse(page.Body);
            var entries = json.RootElement.GetProperty("result").EnumerateArray().ToArray();
            if (entries.Length == 0)
            {
                break;
            }

            foreach (var entry in entries)
            {
                Assert.True(indexes.TryAdd(entry.GetString()!, next), $"{entry.GetString()} is in the log twice, at {next} too");
                next++;
            }
        }

        Assert.All(_acknowledged, pair => Assert.Equal(pair.Value, indexes.GetValueOrDefault(pair.Key)));
    }

    private async Task WorkAsync(int worker)
    {
        for (var i = 0; !_isStopping; i++)
        {
            var name = $"w{worker}-{i}";
            while (!_isStopping)
            {
                var reply = await _cluster.CallAsync("append", $$"""{"entry": "{{name}}"}""", key: name, timeoutMs: 2000);
                if (reply.Status == CallStatus.Done)
                {
                    using var json = JsonDocument.Parse(reply.Body);
                    _acknowledged[name] = json.RootElement.GetProperty("result").GetInt64();
                    break;
                }

                Assert.True(
                    reply.Status is CallStatus.OutcomeUnknown or CallStatus.Unavailable or CallStatus.Overloaded,
                    $"{name} ended with {reply.Status}: {reply.Message}");
            }
        }
    }
}
