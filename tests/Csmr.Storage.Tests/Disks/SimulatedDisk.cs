using Csmr.Storage.Files;

namespace Csmr.Storage.Tests.Disks;

/// <summary>The simulated power went off: whatever runs on the disk ends here.</summary>
public sealed class PowerLostException() : IOException("the power is off");

/// <summary>
/// A disk of one directory and those in it, with a cache that loses its content. What was not flushed survives a power loss sector by
/// sector, in any of the versions written since the last flush; of each directory's names, a prefix of their changes. A file is known by its name
/// in the directory, with that of an inner directory before it. Deterministic in its seed and the calls made, and safe for concurrent use.
/// </summary>
internal sealed class SimulatedDisk : IFileSystem
{
    private const int SectorBytes = 512;
    private const int InputOutputError = 5;
    private const int NoSpace = 28;

    private readonly Lock _gate = new();
    // By directory, changes of names: the file's new name; or its old and its new one, none for a deletion.
    private readonly SortedDictionary<string, List<(string Name, string Other, Inode? File)>> _unsyncedNames = [];
    private readonly Random _random;
    private Dictionary<string, Inode> _durableNames = [];
    private Dictionary<string, Inode> _names = [];
    private int _boot;
    private bool _isLocked;

    /// <summary>An empty disk.</summary>
    /// <param name="seed">What survives a power loss depends on it.</param>
    public SimulatedDisk(int seed = 0) => _random = new Random(seed);

    /// <summary>A disk with files on it, all durable.</summary>
    /// <param name="files">The files.</param>
    /// <param name="seed">What survives a power loss depends on it.</param>
    public SimulatedDisk(IReadOnlyDictionary<string, byte[]> files, int seed = 0)
        : this(seed)
    {
        _names = files.ToDictionary(file => file.Key, file => new Inode { Cached = [.. file.Value], Durable = [.. file.Value] });
        _durableNames = new Dictionary<string, Inode>(_names);
    }

    /// <summary>The number of changing calls so far.</summary>
    public int OperationCount { get; private set; }

    /// <summary>The number of flushes of files so far.</summary>
    public int SyncCount { get; private set; }

    /// <summary>The power goes off in the changing call of this number.</summary>
    public int PowerLossAt { get; set; } = int.MaxValue;

    /// <summary>The flush of this number fails, having written some sectors and forgotten the others.</summary>
    public int FailSyncAt { get; set; } = int.MaxValue;

    /// <summary>The changing call of this number fails if it is a write, having written some sectors.</summary>
    public int FailWriteAt { get; set; } = int.MaxValue;

    /// <summary>The flush of a directory of this number fails, having done nothing.</summary>
    public int FailDirectorySyncAt { get; set; } = int.MaxValue;

    /// <summary>The number of flushes of directories so far.</summary>
    public int DirectorySyncCount { get; private set; }

    /// <summary>The size of all files together cannot grow beyond.</summary>
    public long CapacityBytes { get; set; } = long.MaxValue;

    /// <summary>A disk that reports flushes it does not do: for the test of the tests.</summary>
    public bool IsLying { get; set; }

    /// <summary>Called before every flush of a file, outside of all locks.</summary>
    public Action? OnSync { get; set; }

    /// <summary>Called before every deletion of a file, outside of all locks.</summary>
    public Action? OnDelete { get; set; }

    /// <summary>What a process reads now.</summary>
    /// <returns>The files.</returns>
    public Dictionary<string, byte[]> ReadAll()
    {
        lock (_gate)
        {
            return _names.ToDictionary(name => name.Key, name => name.Value.Cached.ToArray());
        }
    }

    /// <summary>The process ends: open files and locks go, the cache stays.</summary>
    public void KillProcess()
    {
        lock (_gate)
        {
            _boot++;
            _isLocked = false;
            (PowerLossAt, FailSyncAt, FailWriteAt, FailDirectorySyncAt) = (int.MaxValue, int.MaxValue, int.MaxValue, int.MaxValue);
        }
    }

    /// <summary>The power goes off and on again.</summary>
    public void LosePower()
    {
        KillProcess();
        lock (_gate)
        {
            foreach (var changes in _unsyncedNames.Values)
            {
                changes.Take(_random.Next(changes.Count + 1)).ToList().ForEach(change => Apply(_durableNames, change));
            }

            _unsyncedNames.Clear();
            _names = new Dictionary<string, Inode>(_durableNames);
            foreach (var file in _names.Values)
            {
                file.LosePower(_random);
            }
        }
    }

    public void CreateDirectory(string path)
    {
    }

    public IDisposable? TryLock(string path)
    {
        lock (_gate)
        {
            if (_isLocked)
            {
                return null;
            }

            _isLocked = true;
            return new Held(this, _boot);
        }
    }

    public IReadOnlyList<string> ListFiles(string directory)
    {
        lock (_gate)
        {
            return [.. _names.Keys.Where(name => DirectoryOf(name) == NameOf(directory)).Select(static name => Path.GetFileName(name))];
        }
    }

    public IJournalFile Create(string path)
    {
        lock (_gate)
        {
            BeginChange();
            var file = new Inode();
            ChangeName((NameOf(path), "", file));
            return new OpenFile(this, file, _boot);
        }
    }

    public IJournalFile Open(string path)
    {
        lock (_gate)
        {
            return _names.TryGetValue(NameOf(path), out var file) ? new OpenFile(this, file, _boot) : throw new FileNotFoundException("no such file", path);
        }
    }

    public void Rename(string from, string to) => Change((NameOf(from), NameOf(to), null));

    public void Delete(string path)
    {
        OnDelete?.Invoke();
        Change((NameOf(path), "", null));
    }

    public void SyncDirectory(string path)
    {
        lock (_gate)
        {
            BeginChange();
            if (++DirectorySyncCount == FailDirectorySyncAt)
            {
                throw new IOException("Input/output error", InputOutputError);
            }

            if (!IsLying && _unsyncedNames.Remove(NameOf(path), out var changes))
            {
                changes.ForEach(change => Apply(_durableNames, change));
            }
        }
    }

    // What is in the directory itself is known by its name alone.
    private static string NameOf(string path) => Path.GetRelativePath(Journals.Small.Directory, path);

    private static string DirectoryOf(string name) => Path.GetDirectoryName(name) is { Length: > 0 } inner ? inner : ".";

    private void Change((string Name, string Other, Inode? File) change)
    {
        lock (_gate)
        {
            BeginChange();
            ChangeName(change);
        }
    }

    private void ChangeName((string Name, string Other, Inode? File) change)
    {
        Apply(_names, change);
        var directory = DirectoryOf(change.Name);
        if (!_unsyncedNames.TryGetValue(directory, out var changes))
        {
            _unsyncedNames.Add(directory, changes = []);
        }

        changes.Add(change);
    }

    private static void Apply(Dictionary<string, Inode> names, (string Name, string Other, Inode? File) change)
    {
        if (change.File is not null)
        {
            names[change.Name] = change.File;
        }
        else if (names.Remove(change.Name, out var file) && change.Other.Length > 0)
        {
            names[change.Other] = file;
        }
    }

    private void BeginChange()
    {
        OperationCount++;
        if (OperationCount >= PowerLossAt)
        {
            throw new PowerLostException();
        }
    }

    private void Write(Inode file, int boot, ReadOnlySpan<byte> bytes, int offset)
    {
        lock (_gate)
        {
            RequireBoot(boot);
            var growth = Math.Max(0, offset + bytes.Length - file.Cached.Length);
            if (_names.Values.Sum(other => (long)other.Cached.Length) + growth > CapacityBytes)
            {
                throw new IOException("No space left on device", NoSpace);
            }

            var isPartial = OperationCount + 1 == FailWriteAt || OperationCount + 1 >= PowerLossAt;
            if (OperationCount + 1 <= PowerLossAt)
            {
                file.Write(bytes, offset, isPartial ? _random : null);
            }

            BeginChange();
            if (OperationCount == FailWriteAt)
            {
                throw new IOException("Input/output error", InputOutputError);
            }
        }
    }

    private void Sync(Inode file, int boot)
    {
        OnSync?.Invoke();
        lock (_gate)
        {
            RequireBoot(boot);
            BeginChange();
            SyncCount++;
            if (SyncCount == FailSyncAt)
            {
                file.ForgetSome(_random);
                throw new IOException("Input/output error", InputOutputError);
            }

            if (!IsLying)
            {
                file.Flush();
            }
        }
    }

    private void RequireBoot(int boot)
    {
        if (boot != _boot)
        {
            throw new PowerLostException();
        }
    }

    private sealed class Held(SimulatedDisk disk, int boot) : IDisposable
    {
        public void Dispose()
        {
            lock (disk._gate)
            {
                disk._isLocked &= boot != disk._boot;
            }
        }
    }

    private sealed class OpenFile(SimulatedDisk disk, Inode file, int boot) : IJournalFile
    {
        public long LengthBytes => file.Cached.Length;

        public int Read(Span<byte> buffer, long offset)
        {
            lock (disk._gate)
            {
                disk.RequireBoot(boot);
                var count = (int)Math.Clamp(file.Cached.Length - offset, 0, buffer.Length);
                file.Cached.AsSpan((int)offset, count).CopyTo(buffer);
                return count;
            }
        }

        public void Write(ReadOnlySpan<byte> bytes, long offset) => disk.Write(file, boot, bytes, (int)offset);

        public void Sync() => disk.Sync(file, boot);

        public void Dispose()
        {
        }
    }

    private sealed class Inode
    {
        // By sector: all that was written since the last flush, oldest first.
        private readonly SortedDictionary<int, List<byte[]>> _unsynced = [];

        public byte[] Cached { get; set; } = [];

        public byte[] Durable { get; set; } = [];

        public void Write(ReadOnlySpan<byte> bytes, int offset, Random? partial)
        {
            if (offset + bytes.Length > Cached.Length)
            {
                var grown = new byte[offset + bytes.Length];
                Cached.CopyTo(grown, 0);
                Cached = grown;
            }

            for (var at = offset; at < offset + bytes.Length;)
            {
                var sector = at / SectorBytes;
                var end = Math.Min((sector + 1) * SectorBytes, offset + bytes.Length);
                if (partial is null || partial.Next(2) == 0)
                {
                    bytes[(at - offset)..(end - offset)].CopyTo(Cached.AsSpan(at));
                    Remember(sector);
                }

                at = end;
            }
        }

        public void Flush()
        {
            Grow(Cached.Length);
            foreach (var (sector, versions) in _unsynced)
            {
                versions[^1].CopyTo(Durable, sector * SectorBytes);
            }

            _unsynced.Clear();
        }

        // What is forgotten stays in the cache, and no later flush writes it: it is not written again, so it counts as clean.
        public void ForgetSome(Random random)
        {
            foreach (var sector in _unsynced.Keys.Where(_ => random.Next(2) == 0).ToList())
            {
                _unsynced.Remove(sector);
            }

            Flush();
        }

        public void LosePower(Random random)
        {
            if (random.Next(2) == 0)
            {
                Grow(Cached.Length);
            }

            foreach (var (sector, versions) in _unsynced)
            {
                var survivor = random.Next(-1, versions.Count);
                var start = sector * SectorBytes;
                if (survivor >= 0 && start < Durable.Length)
                {
                    versions[survivor].AsSpan(0, Math.Min(versions[survivor].Length, Durable.Length - start)).CopyTo(Durable.AsSpan(start));
                }
            }

            _unsynced.Clear();
            Cached = [.. Durable];
        }

        private void Remember(int sector)
        {
            if (!_unsynced.TryGetValue(sector, out var versions))
            {
                _unsynced.Add(sector, versions = []);
            }

            var start = sector * SectorBytes;
            versions.Add(Cached.AsSpan(start, Math.Min(SectorBytes, Cached.Length - start)).ToArray());
        }

        private void Grow(int length)
        {
            var grown = new byte[Math.Max(length, Durable.Length)];
            Durable.CopyTo(grown, 0);
            Durable = grown;
        }
    }
}
