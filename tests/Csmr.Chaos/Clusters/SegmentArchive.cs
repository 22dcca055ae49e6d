using System.Runtime.InteropServices;

namespace Csmr.Chaos.Clusters;

/// <summary>
/// Gives every segment of the replicas' journals a second name, so that a segment which a replica deletes, because a snapshot stands
/// for it, is still there to be judged.
/// </summary>
public sealed class SegmentArchive : IAsyncDisposable
{
    private const string Segments = "*.segment";

    // A segment lives for much longer.
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(200);

    private readonly Lock _gate = new();
    private readonly List<(string Node, string Path)> _disks;
    private readonly CancellationTokenSource _end = new();
    private readonly Task _keeper;

    private SegmentArchive(List<(string Node, string Path)> disks)
    {
        _disks = disks;
        _keeper = Task.Run(KeepAsync);
    }

    /// <summary>The directories of all replicas, those that were lost included, each with the name of its replica's silo.</summary>
    public IReadOnlyList<(string Node, string Path)> Disks
    {
        get
        {
            lock (_gate)
            {
                return [.. _disks];
            }
        }
    }

    /// <summary>Begins.</summary>
    /// <param name="replicas">The replicas.</param>
    public static SegmentArchive Start(IEnumerable<ChaosMember> replicas) => new([.. replicas.Select(static replica => (replica.Name, replica.Directory))]);

    /// <summary>A replica that does not run loses its disk. What was on it is kept under another name, to be judged.</summary>
    /// <param name="replica">The replica.</param>
    public void Lose(ChaosMember replica)
    {
        ArgumentNullException.ThrowIfNull(replica);
        lock (_gate)
        {
            var lost = $"{replica.Directory}-lost-{_disks.Count}";
            Keep(replica.Directory);
            Directory.Move(replica.Directory, lost);
            Directory.Move(ArchiveOf(replica.Directory), ArchiveOf(lost));
            _disks.Add((replica.Name, lost));
        }
    }

    /// <summary>Ends, and gives the deleted segments their first names back; no replica runs any more.</summary>
    public async Task RestoreAsync()
    {
        await DisposeAsync();
        foreach (var (_, directory) in _disks)
        {
            Keep(directory);
            foreach (var path in Directory.GetFiles(ArchiveOf(directory), Segments))
            {
                // Where that name is taken, it is this very file.
                _ = Link(path, Path.Combine(directory, Path.GetFileName(path)));
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _keeper;
    }

    private static string ArchiveOf(string directory) => directory + "-archive";

    private async Task KeepAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            lock (_gate)
            {
                foreach (var (_, directory) in _disks.Where(static disk => Directory.Exists(disk.Path)))
                {
                    Keep(directory);
                }
            }

            await Task.Delay(Pace, _end.Token).ContinueWith(static _ => { }, TaskScheduler.Default); // pause: between two looks
        }
    }

    // A segment that was made anew under the same name takes the place of the one that was not used.
    private static void Keep(string directory)
    {
        Directory.CreateDirectory(ArchiveOf(directory));
        foreach (var path in Directory.GetFiles(directory, Segments))
        {
            var kept = Path.Combine(ArchiveOf(directory), Path.GetFileName(path));
            var unfinished = kept + ".link";
            if (Link(path, unfinished) == 0)
            {
                File.Move(unfinished, kept, overwrite: true);
                File.Delete(unfinished);
            }
        }
    }

    [DllImport("libc", EntryPoint = "link")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Link([MarshalAs(UnmanagedType.LPUTF8Str)] string from, [MarshalAs(UnmanagedType.LPUTF8Str)] string to);
}
