using Csmr.Storage.Recovery;

namespace Csmr.Storage.Writing;

/// <summary>
/// Deletes the segments that nobody needs, the oldest first, on a thread of its own. The directory is flushed after each: a
/// crash leaves no gap between the segments that are still there.
/// </summary>
internal sealed class SegmentRemover
{
    private readonly DataDirectory _directory;
    private readonly JournalOptions _options;
    private readonly bool _isThreaded;

    // Guards all below.
    private readonly Lock _gate = new();
    private long _first;
    private long _below;
    private Thread? _worker;

    /// <summary>Makes one.</summary>
    /// <param name="directory">Where the segments are.</param>
    /// <param name="options">Whom to warn.</param>
    /// <param name="first">The oldest segment that is there.</param>
    /// <param name="isThreaded">Whether to delete on another thread; otherwise at once.</param>
    public SegmentRemover(DataDirectory directory, JournalOptions options, long first, bool isThreaded) =>
        (_directory, _options, _first, _isThreaded) = (directory, options, first, isThreaded);

    /// <summary>
    /// Has segments deleted. What cannot be deleted is only a warning: it is tried again the next time, and after a restart.
    /// </summary>
    /// <param name="below">The first segment to stay: the journal says durably that it begins there, or later.</param>
    public void RemoveBelow(long below)
    {
        lock (_gate)
        {
            _below = Math.Max(_below, below);
            if (_worker is not null)
            {
                return;
            }

            if (_isThreaded)
            {
                _worker = new Thread(Run) { IsBackground = true, Name = "csmr-journal-remove" };
                _worker.Start();
                return;
            }
        }

        Run();
    }

    /// <summary>Ends the work that is going on.</summary>
    public void Close()
    {
        Thread? worker;
        lock (_gate)
        {
            worker = _worker;
        }

        worker?.Join();
    }

    private void Run()
    {
        while (Next() is { } number)
        {
            try
            {
                _directory.Files.Delete(_directory.PathOf(SegmentFile.NameOf(number)));
                _directory.Files.SyncDirectory(_directory.DirectoryPath);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                Stop();
                _options.OnWarning?.Invoke($"segment {number} of the journal in {_directory.DirectoryPath} is not needed any more and could not be deleted: {exception.Message}. It is tried again when the next one is not needed any more.");
                return;
            }
        }
    }

    private long? Next()
    {
        lock (_gate)
        {
            if (_first < _below)
            {
                return _first++;
            }

            _worker = null;
            return null;
        }
    }

    // The failed one is the first again.
    private void Stop()
    {
        lock (_gate)
        {
            _first--;
            _worker = null;
        }
    }
}
