using System.Diagnostics;
using System.Globalization;
using Csmr.Chaos.Figures;
using Csmr.Chaos.Processes;
using Csmr.Load.Compare.Systems;

namespace Csmr.Load.Compare;

/// <summary>From the SIGKILL of a leader to the next acknowledged put, over HTTP, of CSMR and of etcd in turn.</summary>
/// <param name="results">Where results go.</param>
/// <param name="log">Is told what was measured.</param>
public sealed class Failover(Results results, Action<string> log)
{
    private const int Kills = 10;

    // Short beside an election: a member of etcd that has sent a put to the dead leader says nothing for seconds, though the next one would be taken.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(0.25);
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>Measures.</summary>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>Completes when it is measured.</returns>
    public async Task MeasureAsync(CancellationToken cancellation)
    {
        await using var csmr = await CsmrSystem.StartAsync(CsmrSystem.Plain, log, cancellationToken: cancellation);
        await using var etcd = await EtcdSystem.StartAsync();
        var (ours, theirs) = (new Distribution(), new Distribution());
        for (var kill = 0; kill < Kills; kill++)
        {
            ours.Add(await KillOursAsync(csmr, cancellation));
            theirs.Add(await KillTheirsAsync(etcd));
            log(string.Create(CultureInfo.InvariantCulture, $"kill {kill + 1} of {Kills}: median {ours.Quantile(0.5):F0} ms, etcd {theirs.Quantile(0.5):F0} ms"));
        }

        results.Figures.Add(new FurtherFigure(
            "failover",
            $"SIGKILL of the leader to the next acknowledged put, ms: median, max of {Kills}",
            Told(ours),
            Told(theirs),
            [ours.Quantile(0.5) / theirs.Quantile(0.5), ours.Quantile(1) / theirs.Quantile(1)]));
    }

    private static string Told(Distribution times) => string.Create(CultureInfo.InvariantCulture, $"{times.Quantile(0.5):F0}, {times.Quantile(1):F0}");

    private static async Task<double> KillOursAsync(CsmrSystem csmr, CancellationToken cancellation)
    {
        await csmr.Cluster.WaitWholeAsync(Limit, cancellation);
        await Task.Delay(Settle, cancellation); // pause: the group is at rest again
        var leader = await csmr.Cluster.LeaderOfAsync("store", cancellation) ?? throw new HarnessException("no leader");
        var killed = Stopwatch.GetTimestamp();
        await leader.KillAsync();
        var took = await UntilPutAsync([csmr.Url], "/v1/put", """{"key":"a","value":"b"}""", killed);
        await leader.StartAsync();
        return took;
    }

    private static async Task<double> KillTheirsAsync(EtcdSystem etcd)
    {
        await Task.Delay(Settle); // pause: the members are at rest again
        var took = 0.0;
        var killed = Stopwatch.GetTimestamp();
        await etcd.Cluster.KillLeaderAsync(
            at => killed = at,
            async () => took = await UntilPutAsync(etcd.Urls, "/v3/kv/put", """{"key":"YQ==","value":"Yg=="}""", killed));
        return took;
    }

    /// <summary>One put after the other, at every address, until one is acknowledged. A short patience: who is stuck is asked again.</summary>
    private static async Task<double> UntilPutAsync(IReadOnlyList<Uri> urls, string path, string body, long since)
    {
        using var http = new HttpClient { Timeout = Patience };
        using var end = new CancellationTokenSource(Limit);
        var first = new TaskCompletionSource<double>(TaskCreationOptions.RunContinuationsAsynchronously);
        var loops = urls.Select(async url =>
        {
            while (!first.Task.IsCompleted && !end.IsCancellationRequested)
            {
                try
                {
                    using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
                    using var answer = await http.PostAsync(new Uri(url, path), content, end.Token);
                    if (answer.IsSuccessStatusCode)
                    {
                        first.TrySetResult(Stopwatch.GetElapsedTime(since).TotalMilliseconds);
                        return;
                    }
                }
                catch (Exception cause) when (cause is HttpRequestException or TaskCanceledException)
                {
                    // Not yet.
                }

                await Task.Delay(5); // pause: before the next one
            }
        }).ToArray();
        await Task.WhenAny(first.Task, Task.WhenAll(loops));
        HarnessException.Require(first.Task.IsCompleted, () => $"no put was acknowledged within {Limit}");
        var took = await first.Task;
        await end.CancelAsync();
        await Task.WhenAll(loops);
        return took;
    }
}
