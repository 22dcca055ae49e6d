using Csmr.Chaos.Clusters;
using Csmr.Chaos.Composite;
using Csmr.Chaos.Loads;
using Csmr.Chaos.Processes;

namespace Csmr.Chaos.Runs;

/// <summary>Calls that reach every group by every gateway: whoever is back must answer. They are part of the history.</summary>
public static class Probe
{
    /// <summary>Waits until every gateway has answered a write of every group and a read.</summary>
    public static async Task AllAnswerAsync(ChaosCluster cluster, MixedLoad load, TimeSpan limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        ArgumentNullException.ThrowIfNull(load);
        var options = new LoadOptions { GiveUpAfter = limit };
        foreach (var gateway in cluster.Gateways)
        {
            var surprises = new List<string>();
            await using var caller = new RestCaller([gateway.Url!], 0, options.TryTimeout);
            var single = new LoadClient($"probe-{gateway.Name}", caller, new Workload("", new Random(0)), load.History, options, surprises.Add);
            var atomic = new LoadClient($"probe-{gateway.Name}", caller, new BankWorkload("", new Random(0)), load.Atomic, options, surprises.Add);
            foreach (var (client, request) in Requests(gateway.Name).Select(request => (single, request)).Concat(AtomicRequests(gateway.Name).Select(request => (atomic, request))))
            {
                cancellationToken.ThrowIfCancellationRequested();
                var result = await client.CallAsync(request);
                HarnessException.Require(
                    result.End == TryEnd.Ok,
                    () => $"{gateway.Name} did not answer {request.Operation} within {limit}: {result.End} {result.Detail} {string.Join("; ", surprises)}");
            }
        }
    }

    private static IEnumerable<CallRequest> Requests(string gateway)
    {
        yield return CallRequest.Write("place", ("key", "b-place-probe-" + Guid.NewGuid().ToString("N")), ("value", gateway));
        yield return CallRequest.Write("put", ("key", "z-probe"), ("value", gateway));
        yield return CallRequest.Write("append", ("entry", gateway));
        yield return CallRequest.Write("query", ("key", "lock-probe"));
        yield return CallRequest.Write("get", ("key", "z-probe")) with { IsRead = true };
    }

    private static IEnumerable<CallRequest> AtomicRequests(string gateway)
    {
        yield return CallRequest.Write("post", ("key", "a-probe"), ("value", gateway), ("tag", gateway + Guid.NewGuid().ToString("N")));
        yield return CallRequest.Write("post", ("key", "x-probe"), ("value", gateway), ("tag", gateway + Guid.NewGuid().ToString("N")));
        yield return CallRequest.Write("acquire-guard", ("key", "a-probe"), ("owner", gateway));
    }
}
