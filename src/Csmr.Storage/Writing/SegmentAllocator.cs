using Csmr.Storage.Files;
using Csmr.Storage.Format;
using Csmr.Storage.Recovery;

namespace Csmr.Storage.Writing;

/// <summary>
/// Has the next segment ready before the current one is full. Used by the writer's thread only; the work is done on a
/// thread of its own.
/// </summary>
internal sealed class SegmentAllocator
{
    private readonly DataDirectory _directory;
    private readonly JournalIdentity _identity;
    private readonly JournalOptions _options;
    private readonly bool _isThreaded;
    private Thread? _worker;
    private long _requested;
    private IJournalFile? _ready;

    /// <summary>Makes one.</summary>
    /// <param name="directory">Where the segments are.</param>
    /// <param name="identity">The journal.</param>
    /// <param name="options">The size of segments, and whom to warn.</param>
    /// <param name="isThreaded">Whether to prepare on another thread; otherwise at once.</param>
    public SegmentAllocator(DataDirectory directory, JournalIdentity identity, JournalOptions options, bool isThreaded) =>
        (_directory, _identity, _options, _isThreaded) = (directory, identity, options, isThreaded);

    /// <summary>
    /// Begins to make a segment. When that fails (no space, say), it is only a warning: <see cref="Take"/> tries once more.
    /// </summary>
    /// <param name="number">The segment's number.</param>
    public void Prepare(long number)
    {
        if (_requested >= number)
        {
            return;
        }

        Join();
        _requested = number;
        if (!_isThreaded)
        {
            TryCreate(number);
            return;
        }

        _worker = new Thread(() => TryCreate(number)) { IsBackground = true, Name = "csmr-journal-segment" };
        _worker.Start();
    }

    /// <summary>The segment, prepared or made now.</summary>
    /// <param name="number">The segment's number.</param>
    /// <returns>The open file.</returns>
    /// <exception cref="IOException">It cannot be made.</exception>
    public IJournalFile Take(long number)
    {
        Join();
        var ready = _requested == number ? Interlocked.Exchange(ref _ready, null) : null;
        _requested = Math.Max(_requested, number);
        return ready ?? SegmentFile.Create(_directory, _identity, number, _options.SegmentBytes);
    }

    /// <summary>Says that a segment exists already.</summary>
    /// <param name="number">The segment's number.</param>
    public void Adopt(long number)
    {
        _ready = _directory.Files.Open(_directory.PathOf(SegmentFile.NameOf(number)));
        _requested = number;
    }

    /// <summary>Ends the work that is going on.</summary>
    public void Close()
    {
        Join();
        Interlocked.Exchange(ref _ready, null)?.Dispose();
    }

    private void Join()
    {
        _worker?.Join();
        _worker = null;
    }

    private void TryCreate(long number)
    {
        try
        {
            Volatile.Write(ref _ready, SegmentFile.Create(_directory, _identity, number, _options.SegmentBytes));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _options.OnWarning?.Invoke($"segment {number} of the journal in {_directory.DirectoryPath} could not be prepared: {exception.Message}. It is tried again when it is needed; then a failure stops the journal: free some space.");
        }
    }
}
