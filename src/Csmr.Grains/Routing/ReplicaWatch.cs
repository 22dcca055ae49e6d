using Csmr.Composition.Plans;
using Csmr.Grains.Replicas;

namespace Csmr.Grains.Routing;

/// <summary>
/// Looks whether the replicas of this silo take part in their groups. Who restarts silos one after the other must not take the next one
/// while a replica of this one is still catching up.
/// </summary>
/// <param name="local">The replicas.</param>
/// <param name="groups">Who leads them.</param>
/// <param name="grains">Makes references.</param>
internal sealed class ReplicaWatch(LocalReplicas local, GroupDirectory groups, IGrainFactory grains)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>What is known before the first look.</summary>
    public LocalReplicaStatus Unknown { get; } = new(local.Groups.ToDictionary(static group => group.Id, static _ => "starting"));

    /// <summary>Looks.</summary>
    /// <returns>What is seen.</returns>
    public async Task<LocalReplicaStatus> LookAsync()
    {
        var looks = await Task.WhenAll(local.Groups.Select(async group =>
        {
            // What the leader knew when it was looked at last: a replica that takes part knows it by now.
            var chosen = groups[group.Id].Leaders.Known?.ChosenUpTo;
            var (status, _) = await LeaderFinder.AskAsync(grains.GetGrain<IPaxosLogGrain>(ReplicaKey.Of(local.Silo, group.Id)), Patience);
            var reason = ReasonOf(status, chosen);
            ReplicaGauges.Note(local.Silo, group.Id.Name, status, chosen, isAbsent: reason is not null);
            return (group.Id, Reason: reason);
        }));
        return new LocalReplicaStatus(looks.Where(static look => look.Reason is not null).ToDictionary(static look => look.Id, static look => look.Reason!));
    }

    /// <summary>Why a replica does not take part.</summary>
    /// <param name="status">What it says; null where it does not answer.</param>
    /// <param name="chosenUpTo">What its leader knew a moment ago; null where none is reached.</param>
    /// <returns>Why; null where it takes part, or has nothing to take part in.</returns>
    internal static string? ReasonOf(ReplicaStatus? status, long? chosenUpTo) => status switch
    {
        null => "does not answer",

        // A group that is new in the manifest is formed when the last of its nodes has the manifest: nobody may wait for that here.
        { Role: "none" or "removed" or "forming" } => null,
        { Role: "leader", IsServing: true } => null,
        { Role: "follower" } when chosenUpTo is null => "no leader is reached",
        { Role: "follower" } => status.ChosenUpTo >= chosenUpTo ? null : $"behind by {chosenUpTo - status.ChosenUpTo} slots",
        _ => status.Role,
    };
}
