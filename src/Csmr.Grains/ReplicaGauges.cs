using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Csmr.Grains.Routing;

namespace Csmr.Grains;

/// <summary>What the replicas of this process are at, as of their last look in the background.</summary>
internal static class ReplicaGauges
{
    private static readonly Meter Meter = new(GrainMeter.Name);
    private static readonly ConcurrentDictionary<(string Silo, string Group), Look> Looks = new();

    static ReplicaGauges()
    {
        Gauge("csmr.replica.participating", "{replica}", "1 where the replica takes part in its group with all that was chosen a moment ago, else 0", static look => look.IsAbsent ? 0 : 1);
        Gauge("csmr.replica.leading", "{replica}", "1 where the replica leads and serves, else 0", static look => look.Status is { IsServing: true } ? 1 : 0);
        Gauge("csmr.replica.lag", "{slot}", "Slots that the leader knew as chosen at the look before and the replica did not", static look => look.Lag);
        Gauge("csmr.replica.chosen_slot", "{slot}", "All slots up to here are known as chosen", static look => look.Status?.ChosenUpTo ?? 0);
        Gauge("csmr.replica.applied_slot", "{slot}", "All slots up to here are executed; 0 at a witness", static look => look.Status?.AppliedUpTo ?? 0);
        Gauge("csmr.replica.snapshot_slot", "{slot}", "The slot of the newest snapshot", static look => look.Status?.SnapshotSlot ?? 0);
        Gauge("csmr.replica.journal", "By", "Journal that cannot be deleted for the replica's sake", static look => look.Status?.JournalBytes ?? 0);
    }

    /// <summary>Notes what a look has shown.</summary>
    /// <param name="silo">The replica's silo.</param>
    /// <param name="group">Its group.</param>
    /// <param name="status">What it says; null where it does not answer.</param>
    /// <param name="chosenUpTo">What its leader knew a moment ago; null where none is reached.</param>
    /// <param name="isAbsent">Whether it does not take part.</param>
    public static void Note(string silo, string group, ReplicaStatus? status, long? chosenUpTo, bool isAbsent)
    {
        if (status?.Role is "none" or "removed")
        {
            Looks.TryRemove((silo, group), out _);
        }
        else
        {
            Looks[(silo, group)] = new Look(status, isAbsent, Math.Max(0, (chosenUpTo ?? 0) - (status?.ChosenUpTo ?? 0)));
        }
    }

    /// <summary>A silo stops: nothing is known of its replicas any more.</summary>
    /// <param name="silo">The silo.</param>
    public static void Forget(string silo)
    {
        foreach (var key in Looks.Keys.Where(key => key.Silo == silo))
        {
            Looks.TryRemove(key, out _);
        }
    }

    private static void Gauge(string name, string unit, string description, Func<Look, long> value) => Meter.CreateObservableGauge(
        name,
        () => Looks.Select(look => new Measurement<long>(value(look.Value), new("silo", look.Key.Silo), new KeyValuePair<string, object?>("group", look.Key.Group))),
        unit,
        description);

    private sealed record Look(ReplicaStatus? Status, bool IsAbsent, long Lag);
}
