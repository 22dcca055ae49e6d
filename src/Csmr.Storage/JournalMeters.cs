using System.Diagnostics.Metrics;

namespace Csmr.Storage;

/// <summary>The figures of the journal, for whoever listens to the meter <see cref="MeterName"/>.</summary>
public static class JournalMeters
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "Csmr.Storage";

    private static readonly Meter Meter = new(MeterName);

    private static readonly Histogram<double> SyncDuration =
        Meter.CreateHistogram(
            "csmr.wal.sync.duration",
            "s",
            "Time to write and flush one batch of the journal",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2] });

    private static readonly Histogram<int> BatchSize =
        Meter.CreateHistogram(
            "csmr.wal.batch.size",
            "{record}",
            "Records in one batch of the journal",
            advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] });

    /// <summary>Notes a batch.</summary>
    /// <param name="duration">How long writing and flushing took.</param>
    /// <param name="recordCount">The number of its records.</param>
    internal static void Record(TimeSpan duration, int recordCount)
    {
        SyncDuration.Record(duration.TotalSeconds);
        BatchSize.Record(recordCount);
    }
}
