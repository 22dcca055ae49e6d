using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Csmr.Load.Compare.Serving;

/// <summary>
/// Durable appends as cheap as they can be: one thread writes all that waits to a file full of zeros and flushes it once for all.
/// </summary>
public sealed class GroupCommit : IDisposable
{
    private const int FileBytes = 64 << 20;
    private const int SectorBytes = 512;

    private readonly SafeFileHandle _file;
    private readonly Lock _gate = new();
    private readonly AutoResetEvent _wake = new(initialState: false);
    private MemoryStream _filling = new();
    private MemoryStream _writing = new();
    private TaskCompletionSource _durable = NewCompletion();
    private long _offset;

    /// <summary>Makes the file.</summary>
    /// <param name="path">Where.</param>
    public GroupCommit(string path)
    {
        _file = File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite);
        var zeros = new byte[1 << 20];
        for (var offset = 0L; offset < FileBytes; offset += zeros.Length)
        {
            RandomAccess.Write(_file, zeros, offset);
        }

        Sync(_file);
        new Thread(Run) { IsBackground = true, Name = "commit" }.Start();
    }

    /// <summary>Appends.</summary>
    /// <param name="bytes">What.</param>
    /// <returns>Completes when it is durable.</returns>
    public Task AppendAsync(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            _filling.Write(bytes);
            _wake.Set();
            return _durable.Task;
        }
    }

    /// <summary>Flushes a file's content.</summary>
    /// <param name="file">The file.</param>
    public static void Sync(SafeFileHandle file)
    {
        if (DataSync(file) != 0)
        {
            throw new IOException($"fdatasync failed: errno {Marshal.GetLastPInvokeError()}");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _file.Dispose();
        _wake.Dispose();
        _filling.Dispose();
        _writing.Dispose();
    }

    private void Run()
    {
        while (_wake.WaitOne())
        {
            TaskCompletionSource done;
            lock (_gate)
            {
                (_filling, _writing) = (_writing, _filling);
                (done, _durable) = (_durable, NewCompletion());
            }

            _writing.SetLength((_writing.Length + SectorBytes - 1) / SectorBytes * SectorBytes);
            _offset = _offset + _writing.Length > FileBytes ? 0 : _offset;
            RandomAccess.Write(_file, _writing.GetBuffer().AsSpan(0, (int)_writing.Length), _offset);
            Sync(_file);
            _offset += _writing.Length;
            _writing.SetLength(0);
            done.SetResult();
        }
    }

    private static TaskCompletionSource NewCompletion() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    [DllImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int DataSync(SafeFileHandle file);
}
