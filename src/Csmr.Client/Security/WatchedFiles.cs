namespace Csmr.Client.Security;

/// <summary>
/// What is made of some files, kept in step with them while they are replaced: certificates that are renewed, rules that change. They are
/// looked at again when somebody asks, at most every two seconds; as long as they cannot be used, what was made of them before stays.
/// </summary>
/// <typeparam name="T">What is made of them.</typeparam>
public sealed class WatchedFiles<T>
    where T : class
{
    private const long LookEveryMs = 2000;

    private readonly string[] _paths;
    private readonly Func<IReadOnlyList<byte[]>, T> _read;
    private readonly Action<Exception> _onFailure;
    private IReadOnlyList<byte[]> _contents;
    private volatile T _current;
    private string? _failure;
    private long _nextLookMs;

    /// <summary>Reads the files for the first time.</summary>
    /// <param name="paths">The files.</param>
    /// <param name="read">Makes something of their contents; throws where that cannot be done.</param>
    /// <param name="onFailure">Is told, once for each reason, why changed files are not used.</param>
    public WatchedFiles(IEnumerable<string> paths, Func<IReadOnlyList<byte[]>, T> read, Action<Exception> onFailure)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(read);
        (_paths, _read, _onFailure) = ([.. paths], read, onFailure);
        _contents = Load();
        _current = read(_contents);
        _nextLookMs = Environment.TickCount64 + LookEveryMs;
    }

    /// <summary>What the files say now.</summary>
    public T Current
    {
        get
        {
            var due = Volatile.Read(ref _nextLookMs);
            var now = Environment.TickCount64;

            // One caller looks, the others go on with what there is.
            if (now >= due && Interlocked.CompareExchange(ref _nextLookMs, long.MaxValue, due) == due)
            {
                Look();
                Volatile.Write(ref _nextLookMs, Environment.TickCount64 + LookEveryMs);
            }

            return _current;
        }
    }

    private void Look()
    {
        try
        {
            var contents = Load();
            if (!contents.Zip(_contents, static (one, other) => one.AsSpan().SequenceEqual(other)).All(static isSame => isSame))
            {
                _current = _read(contents);
                _contents = contents;
            }

            _failure = null;
        }
        catch (Exception cause)
        {
            if (cause.Message != _failure)
            {
                _failure = cause.Message;
                _onFailure(cause);
            }
        }
    }

    private byte[][] Load() => [.. _paths.Select(static path => File.ReadAllBytes(path))];
}
