using System.Diagnostics.Metrics;

namespace Csmr.Grains;

/// <summary>What is counted here. Orleans' own error logs about unreachable silos are muted; these counters take their place.</summary>
internal static class GrainMeter
{
    private static readonly Meter Meter = new("Csmr");

    /// <summary>Messages between replicas that were dropped because the receiver's silo was not there.</summary>
    public static Counter<long> MessagesDropped { get; } = Meter.CreateCounter<long>("csmr.peer.messages_dropped");

    /// <summary>Messages between replicas that were no messages.</summary>
    public static Counter<long> MessagesMalformed { get; } = Meter.CreateCounter<long>("csmr.peer.messages_malformed");

    /// <summary>Tries of a batch at a group's leader that failed.</summary>
    public static Counter<long> TriesFailed { get; } = Meter.CreateCounter<long>("csmr.group.tries_failed");
}
