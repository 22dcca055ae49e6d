using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Csmr.Storage.Files;

/// <summary>Real files on Linux.</summary>
[SupportedOSPlatform("linux")]
internal sealed class LinuxFileSystem : IFileSystem
{
    // The lock of the directory keeps others out; the runtime's locks per file would add nothing.
    private const FileShare ShareAll = FileShare.ReadWrite | FileShare.Delete;

    /// <inheritdoc/>
    public void CreateDirectory(string path)
    {
        var missing = new Stack<string>();
        for (var full = Path.GetFullPath(path); !Directory.Exists(full); full = Path.GetDirectoryName(full)!)
        {
            if (File.Exists(full))
            {
                throw new DataDirectoryException(DataDirectoryProblem.NotADirectory, path, $"{full} is a file; name a directory");
            }

            missing.Push(full);
        }

        foreach (var directory in missing)
        {
            Directory.CreateDirectory(directory);
            NativeCalls.SyncDirectory(Path.GetDirectoryName(directory)!);
        }
    }

    /// <inheritdoc/>
    public IDisposable? TryLock(string path) => NativeCalls.TryLock(path);

    /// <inheritdoc/>
    public IReadOnlyList<string> ListFiles(string directory) => [.. new DirectoryInfo(directory).EnumerateFiles().Select(file => file.Name)];

    /// <inheritdoc/>
    public IJournalFile Create(string path) => new LinuxFile(path, FileMode.Create);

    /// <inheritdoc/>
    public IJournalFile Open(string path) => new LinuxFile(path, FileMode.Open);

    /// <inheritdoc/>
    public void Rename(string from, string to) => File.Move(from, to, overwrite: true);

    /// <inheritdoc/>
    public void Delete(string path) => File.Delete(path);

    /// <inheritdoc/>
    public void SyncDirectory(string path) => NativeCalls.SyncDirectory(path);

    private sealed class LinuxFile(string path, FileMode mode) : IJournalFile
    {
        private readonly SafeFileHandle _handle = File.OpenHandle(path, mode, FileAccess.ReadWrite, ShareAll);

        public long LengthBytes => RandomAccess.GetLength(_handle);

        public int Read(Span<byte> buffer, long offset)
        {
            var total = 0;
            while (total < buffer.Length)
            {
                var count = RandomAccess.Read(_handle, buffer[total..], offset + total);
                if (count == 0)
                {
                    break;
                }

                total += count;
            }

            return total;
        }

        // RandomAccess.Write goes on after a short write and throws on every error (shown by a test with a preloaded library).
        public void Write(ReadOnlySpan<byte> bytes, long offset) => RandomAccess.Write(_handle, bytes, offset);

        public void Sync() => NativeCalls.SyncContent(_handle, path);

        public void Dispose() => _handle.Dispose();
    }
}
