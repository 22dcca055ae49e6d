using System.Diagnostics.Metrics;

namespace Csmr.Storage;

/// <summary>The figures of the journal, for whoever listens to the meter <see cref="MeterName"/>.</summary>
public static class JournalMeters
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "Csmr.Storage";

    private static readonly Meter Meter = new(MeterName);

    private static readonly Histogram<double> SyncDuration =
        Meter.CreateHistogram<double>("csmr.wal.sync.duration", "s", "Time to write and flush one batch of the journal");

    private static readonly Histogram<int> BatchSize =
        Meter.CreateHistogram<int>("csmr.wal.batch.size", "{record}", "Records in one batch of the journal");

    /// <summary>Notes a batch.</summary>
    /// <param name="duration">How long writing and flushing took.</param>
    /// <param name="recordCount">The number of its records.</param>
    internal static void Record(TimeSpan duration, int recordCount)
    {
        SyncDuration.Record(duration.TotalSeconds);
        BatchSize.Record(recordCount);
    }
}
