using System.Diagnostics;
using Csmr.Gateway.Hosting;
using Csmr.Grains.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Csmr.Server.Hosting;

/// <summary>
/// What a silo does between the signal and its stop. It is not ready any more, so that nobody new is sent to it, and serves on: a gateway
/// for a while, since those who balance the load hear of it late; a replica until the others of its groups are a majority without it.
/// </summary>
internal static class Drain
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>Drains the silo of a process that has one.</summary>
    /// <param name="silos">The process's silos.</param>
    /// <param name="limit">How long, at most.</param>
    /// <param name="output">Is told about waiting.</param>
    /// <returns>Completes when the silo may stop, or has had its time.</returns>
    public static async Task RunAsync(SiloSet silos, TimeSpan limit, TextWriter output)
    {
        if (silos.Services.GetService<ServingState>() is { } state)
        {
            state.IsDraining = true;
        }

        if (limit == TimeSpan.Zero)
        {
            return;
        }

        var silo = silos.Settings[0];
        await output.WriteLineAsync($"Told to stop: {silo.Name} goes on for {limit.TotalSeconds:0} s at most.");
        await output.FlushAsync();
        await (silo.Directory is null ? Task.Delay(limit) : UntilDispensableAsync(silos.Services.GetRequiredService<IClusterView>(), silo.Name, limit, output));
    }

    /// <summary>Whether the voters of a group are a majority without those of one node.</summary>
    /// <param name="group">The group.</param>
    /// <param name="node">The node.</param>
    /// <returns>True also where the node has no vote, or the only one: then nobody can take over.</returns>
    internal static bool CanDoWithout(GroupStatus group, string node)
    {
        var voters = group.Replicas.Where(static replica => replica.Status?.Role is not "learner").ToArray();
        var others = voters.Count(replica => replica.Node != node && replica is { IsReachable: true, Status.Role: "leader" or "follower" });
        return voters.Length == 1 || Array.TrueForAll(voters, voter => voter.Node != node) || others > voters.Length / 2;
    }

    private static async Task UntilDispensableAsync(IClusterView view, string node, TimeSpan limit, TextWriter output)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            var needing = (await view.GetStatusAsync()).Groups.Where(group => !CanDoWithout(group, node)).Select(static group => group.Id.Name).ToArray();
            if (needing.Length == 0)
            {
                return;
            }

            if (watch.Elapsed >= limit)
            {
                await output.WriteLineAsync($"{node} stops though these groups have no majority without it: {string.Join(", ", needing)}.");
                return;
            }

            await Task.Delay(Pause);
        }
    }
}
