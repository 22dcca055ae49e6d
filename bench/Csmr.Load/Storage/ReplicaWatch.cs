using System.Diagnostics;
using Csmr.Chaos.Clusters;

namespace Csmr.Load.Storage;

/// <summary>A snapshot that was written while somebody looked.</summary>
/// <param name="Node">Whose.</param>
/// <param name="From">When it was first seen, as a time stamp of <see cref="Stopwatch"/>.</param>
/// <param name="To">When it was there no more.</param>
/// <param name="BeforeBytes">What the process had in memory just before.</param>
/// <param name="PeakBytes">The most that it had meanwhile.</param>
public sealed record SnapshotSpan(string Node, long From, long To, long BeforeBytes, long PeakBytes);

/// <summary>Looks at replicas, often: at their memory, and whether they are writing a snapshot.</summary>
public sealed class ReplicaWatch : IAsyncDisposable
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(10);

    private readonly CancellationTokenSource _end = new();
    private readonly List<SnapshotSpan> _spans = [];
    private readonly Task _loops;

    /// <summary>Begins.</summary>
    /// <param name="replicas">The replicas.</param>
    public ReplicaWatch(IEnumerable<ChaosMember> replicas) => _loops = Task.WhenAll(replicas.Select(replica => Task.Run(() => LookAsync(replica))));

    /// <summary>The snapshots that were written so far.</summary>
    public IReadOnlyList<SnapshotSpan> Spans
    {
        get
        {
            lock (_spans)
            {
                return [.. _spans];
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _loops;
        _end.Dispose();
    }

    private async Task LookAsync(ChaosMember replica)
    {
        var snapshots = Path.Combine(replica.Directory, "snapshots");
        var (from, before, peak) = (0L, 0L, 0L);
        while (!_end.IsCancellationRequested)
        {
            var bytes = replica.Process is { HasExited: false } process ? Disk.ResidentBytesOf(process.Id) : 0;
            if (Directory.Exists(snapshots) && Directory.EnumerateFiles(snapshots, "*.tmp").Any())
            {
                (from, peak) = (from == 0 ? Stopwatch.GetTimestamp() : from, Math.Max(peak, bytes));
            }
            else
            {
                if (from > 0)
                {
                    lock (_spans)
                    {
                        _spans.Add(new SnapshotSpan(replica.Name, from, Stopwatch.GetTimestamp(), before, Math.Max(peak, bytes)));
                    }
                }

                (from, before, peak) = (0, bytes, 0);
            }

            await Task.Delay(Pace, _end.Token).ContinueWith(static _ => { }, TaskScheduler.Default); // pause: between two looks
        }
    }
}
