using System.Runtime.CompilerServices;
using Csmr.Composition.Plans;
using Csmr.Grains.Replicas;
using Csmr.Grains.Replicas.Pinning;
using Csmr.Grains.Routing;

namespace Csmr.Grains.Checkpoints;

/// <summary>Reads a cut (R1) at whichever replica has it: the parts are the same at all, so another one goes on where one was lost.</summary>
/// <param name="plan">The plan.</param>
/// <param name="groups">The ways to the groups.</param>
/// <param name="silos">Where the silos are.</param>
/// <param name="grains">Makes references.</param>
/// <param name="clock">The time.</param>
internal sealed class CutReader(Plan plan, GroupDirectory groups, SiloMap silos, IGrainFactory grains, TimeProvider clock)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Reads all parts of a group's cut.</summary>
    /// <param name="group">The group.</param>
    /// <param name="id">What the cut was made for.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The parts.</returns>
    /// <exception cref="NotDoneException">No replica has the cut any more.</exception>
    public async IAsyncEnumerable<byte[]> ReadAsync(GroupId group, string id, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var node = groups[group].Leaders.Known?.Node;
        for (var part = 0L; ; part++)
        {
            (node, var bytes) = await ReadPartAsync(group, id, part, node, cancellationToken);
            if (bytes is null)
            {
                yield break;
            }

            yield return bytes;
        }
    }

    /// <summary>Tells all replicas that cuts are still wanted, or no more.</summary>
    /// <param name="cut">The groups.</param>
    /// <param name="id">What the cuts were made for.</param>
    /// <param name="isWanted">Whether they are.</param>
    public void Hold(IEnumerable<GroupId> cut, string id, bool isWanted)
    {
        foreach (var group in cut)
        {
            foreach (var node in Nodes(first: null))
            {
                _ = GrainOf(node, group).HoldCutAsync(id, isWanted);
            }
        }
    }

    private async Task<(string Node, byte[]? Bytes)> ReadPartAsync(GroupId group, string id, long part, string? first, CancellationToken cancellationToken)
    {
        var begun = clock.GetTimestamp();
        var reason = "none of its replicas has it any more: they were started again, or many checkpoints were made at once";
        while (clock.GetElapsedTime(begun) < Patience)
        {
            foreach (var node in Nodes(first))
            {
                try
                {
                    if (await GrainOf(node, group).ReadCutAsync(id, part).WaitAsync(cancellationToken) is { IsKnown: true } read)
                    {
                        return (node, read.Bytes);
                    }
                }
                catch (Exception cause) when (cause is not OperationCanceledException)
                {
                    // Another replica has it too.
                    reason = cause.Message;
                }
            }

            await Task.Delay(Pause, clock, cancellationToken);
        }

        throw new NotDoneException($"the cut of group {group} cannot be read: {reason}. Make the checkpoint again");
    }

    private IEnumerable<string> Nodes(string? first) => plan.Nodes
        .Where(node => silos.Find(node) is not null)
        .OrderBy(node => !string.Equals(node, first, StringComparison.Ordinal));

    private IPaxosLogGrain GrainOf(string node, GroupId group) => grains.GetGrain<IPaxosLogGrain>(ReplicaKey.Of(node, group));
}
