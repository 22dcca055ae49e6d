using System.Diagnostics;
using System.Diagnostics.Metrics;
using Csmr.Client;

namespace Csmr.Grains;

/// <summary>
/// What is counted and measured here; <c>docs/metrics.md</c> explains each. Orleans' own error logs about unreachable silos are muted; these
/// counters take their place.
/// </summary>
public static class GrainMeter
{
    /// <summary>The name of the meter.</summary>
    public const string Name = "Csmr";

    // The bounds of the buckets of durations: a call takes parts of a millisecond, and seconds without a leader.
    private static readonly double[] Seconds = [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30];

    private static readonly Meter Meter = new(Name);
    private static readonly string[] Outcomes = [.. Enum.GetValues<CallStatus>().Select(static status => status.ToString())];

    private static readonly Histogram<double> OperationDuration = Meter.CreateHistogram(
        "csmr.operation.duration", "s", "From a call's arrival at the gateway to its answer", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = Seconds });

    private static readonly Histogram<double> BatchDuration = Meter.CreateHistogram(
        "csmr.group.batch.duration", "s", "From a batch's arrival at the leader to its answers: agreement and execution", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = Seconds });

    /// <summary>Messages between replicas that were dropped because the receiver's silo was not there.</summary>
    internal static Counter<long> MessagesDropped { get; } =
        Meter.CreateCounter<long>("csmr.peer.messages_dropped", "{message}", "Messages between replicas that were dropped, since the receiver was not there");

    /// <summary>Messages between replicas that were no messages.</summary>
    internal static Counter<long> MessagesMalformed { get; } =
        Meter.CreateCounter<long>("csmr.peer.messages_malformed", "{message}", "Messages between replicas that could not be read");

    /// <summary>Tries of a batch at a group's leader that failed.</summary>
    internal static Counter<long> TriesFailed { get; } =
        Meter.CreateCounter<long>("csmr.group.tries_failed", "{try}", "Batches without an answer of the leader that they were sent to");

    /// <summary>Leaderships that a replica of this process has begun.</summary>
    internal static Counter<long> LeaderChanges { get; } =
        Meter.CreateCounter<long>("csmr.group.leader_changes", "{change}", "Leaderships that a replica of this process has begun");

    /// <summary>A call has ended.</summary>
    /// <param name="operation">Its operation.</param>
    /// <param name="status">How.</param>
    /// <param name="start">When it came: a time stamp of <see cref="Stopwatch"/>.</param>
    internal static void NoteCall(string operation, CallStatus status, long start)
    {
        if (OperationDuration.Enabled)
        {
            OperationDuration.Record(Stopwatch.GetElapsedTime(start).TotalSeconds, new("operation", operation), new("outcome", Outcomes[(int)status]));
        }
    }

    /// <summary>A batch is answered by the leader.</summary>
    /// <param name="group">Its group.</param>
    /// <param name="start">When it came: a time stamp of <see cref="Stopwatch"/>.</param>
    internal static void NoteBatch(string group, long start) =>
        BatchDuration.Record(Stopwatch.GetElapsedTime(start).TotalSeconds, new KeyValuePair<string, object?>("group", group));
}
