using Csmr.Chaos.Clusters;
using Csmr.Chaos.Histories;
using Csmr.Chaos.Loads;
using Csmr.Chaos.Processes;

namespace Csmr.Chaos.Runs;

/// <summary>Calls that reach every group by every gateway: whoever is back must answer. They are part of the history.</summary>
public static class Probe
{
    /// <summary>Waits until every gateway has answered a write of every group and a read.</summary>
    public static async Task AllAnswerAsync(ChaosCluster cluster, History history, TimeSpan limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        ArgumentNullException.ThrowIfNull(history);
        var options = new LoadOptions { GiveUpAfter = limit };
        foreach (var gateway in cluster.Gateways)
        {
            var surprises = new List<string>();
            await using var caller = new RestCaller([gateway.Url!], 0, options.TryTimeout);
            var client = new LoadClient($"probe-{gateway.Name}", caller, new Workload("", new Random(0)), history, options, surprises.Add);
            foreach (var request in Requests(gateway.Name))
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
        yield return Request("place", ("key", "b-place-probe-" + Guid.NewGuid().ToString("N")), ("value", gateway));
        yield return Request("put", ("key", "z-probe"), ("value", gateway));
        yield return Request("append", ("entry", gateway));
        yield return Request("query", ("key", "lock-probe"));
        yield return Request("get", ("key", "z-probe")) with { IsRead = true };
    }

    private static CallRequest Request(string operation, params (string Name, object Value)[] arguments) => new(
        operation,
        arguments.ToDictionary(static argument => argument.Name, static argument => argument.Value, StringComparer.Ordinal),
        IsRead: false,
        Guid.NewGuid().ToString("N"));
}
