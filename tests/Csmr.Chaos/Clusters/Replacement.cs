using System.Net.Http.Json;
using Csmr.Chaos.Processes;

namespace Csmr.Chaos.Clusters;

/// <summary>Replaces a replica whose disk is lost, as docs/membership.md tells an operator to: it is removed, and its node gets a new one.</summary>
public static class Replacement
{
    /// <summary>Replaces one. What is done is looked at anew after each answer, whatever it says, as by an operator who cannot tell what has come of it.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="group">The group.</param>
    /// <param name="lost">The replica of the lost disk.</param>
    /// <param name="limit">How long it may take.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>Completes when the new one votes.</returns>
    public static async Task RunAsync(ChaosCluster cluster, string group, ReplicaView lost, TimeSpan limit, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        ArgumentNullException.ThrowIfNull(lost);
        var last = "";
        var isDone = await Wait.UntilAsync(
            limit,
            async () =>
            {
                var now = (await cluster.GroupAsync(group, cancellation)).Replicas.Where(replica => replica.Node == lost.Node).ToArray();
                if (now.Any(replica => replica.Id == lost.Id))
                {
                    last = await cluster.AdministerAsync(HttpMethod.Delete, $"/v1/groups/{group}/replicas/{lost.Id}", body: null, cancellation);
                }
                else if (now.Length == 0)
                {
                    var body = JsonContent.Create(new { node = lost.Node, witness = lost.IsWitness });
                    last = await cluster.AdministerAsync(HttpMethod.Post, $"/v1/groups/{group}/replicas", body, cancellation);
                }

                return now.Any(replica => replica.Id != lost.Id && replica.Role is "follower" or "leader");
            },
            cancellation);
        HarnessException.Require(isDone, () => $"group {group}: {lost.Id} of {lost.Node} was not replaced within {limit}; the last answer: {last}");
    }
}
