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

    private readonly IReadOnlyList<string> _directories;
    private readonly CancellationTokenSource _end = new();
    private readonly Task _keeper;

    private SegmentArchive(IReadOnlyList<string> directories)
    {
        _directories = directories;
        _keeper = Task.Run(KeepAsync);
    }

    /// <summary>Begins.</summary>
    /// <param name="replicas">The replicas.</param>
    public static SegmentArchive Start(IEnumerable<ChaosMember> replicas) => new([.. replicas.Select(static replica => replica.Directory)]);

    /// <summary>Ends, and gives the deleted segments their first names back; no replica runs any more.</summary>
    public async Task RestoreAsync()
    {
        await DisposeAsync();
        foreach (var directory in _directories)
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
            foreach (var directory in _directories.Where(Directory.Exists))
            {
                Keep(directory);
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
