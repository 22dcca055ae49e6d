namespace Csmr.Storage.Files;

/// <summary>Files that live as long as the process, for groups declared with durability <c>memory</c>. Safe for concurrent use.</summary>
internal sealed class MemoryFileSystem : IFileSystem
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, MemoryFile> _files = [];

    /// <inheritdoc/>
    public void CreateDirectory(string path)
    {
        // There are names only.
    }

    /// <inheritdoc/>
    public IDisposable? TryLock(string path) => throw new NotSupportedException("memory is nobody else's");

    /// <inheritdoc/>
    public IReadOnlyList<string> ListFiles(string directory)
    {
        lock (_gate)
        {
            return [.. _files.Keys.Where(path => Path.GetDirectoryName(path) == directory).Select(static path => Path.GetFileName(path))];
        }
    }

    /// <inheritdoc/>
    public IJournalFile Create(string path)
    {
        lock (_gate)
        {
            return _files[path] = new MemoryFile();
        }
    }

    /// <inheritdoc/>
    public IJournalFile Open(string path)
    {
        lock (_gate)
        {
            return _files.TryGetValue(path, out var file) ? file : throw new FileNotFoundException("there is no such file", path);
        }
    }

    /// <inheritdoc/>
    public void Rename(string from, string to)
    {
        lock (_gate)
        {
            _files[to] = _files.Remove(from, out var file) ? file : throw new FileNotFoundException("there is no such file", from);
        }
    }

    /// <inheritdoc/>
    public void Delete(string path)
    {
        lock (_gate)
        {
            _files.Remove(path);
        }
    }

    /// <inheritdoc/>
    public void SyncDirectory(string path)
    {
        // Nothing survives the process.
    }

    /// <summary>Chunks, so that a file that grows is never copied.</summary>
    private sealed class MemoryFile : IJournalFile
    {
        private const int ChunkBytes = 64 * 1024;

        private readonly Lock _gate = new();
        private readonly List<byte[]> _chunks = [];
        private long _lengthBytes;

        public long LengthBytes
        {
            get
            {
                lock (_gate)
                {
                    return _lengthBytes;
                }
            }
        }

        public int Read(Span<byte> buffer, long offset)
        {
            lock (_gate)
            {
                var count = (int)Math.Clamp(_lengthBytes - offset, 0, buffer.Length);
                for (var done = 0; done < count;)
                {
                    var chunk = ChunkAt(offset + done);
                    chunk = chunk[..Math.Min(chunk.Length, count - done)];
                    chunk.CopyTo(buffer[done..]);
                    done += chunk.Length;
                }

                return count;
            }
        }

        public void Write(ReadOnlySpan<byte> bytes, long offset)
        {
            lock (_gate)
            {
                while ((long)_chunks.Count * ChunkBytes < offset + bytes.Length)
                {
                    _chunks.Add(new byte[ChunkBytes]);
                }

                _lengthBytes = Math.Max(_lengthBytes, offset + bytes.Length);
                while (bytes.Length > 0)
                {
                    var chunk = ChunkAt(offset);
                    var count = Math.Min(chunk.Length, bytes.Length);
                    bytes[..count].CopyTo(chunk);
                    bytes = bytes[count..];
                    offset += count;
                }
            }
        }

        public void Sync()
        {
            // Nothing survives the process.
        }

        public void Dispose()
        {
            // It stays for whoever opens it again.
        }

        private Span<byte> ChunkAt(long offset) => _chunks[(int)(offset / ChunkBytes)].AsSpan((int)(offset % ChunkBytes));
    }
}
