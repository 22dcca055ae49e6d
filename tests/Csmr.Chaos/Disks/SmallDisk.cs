using Csmr.Chaos.Processes;

namespace Csmr.Chaos.Disks;

/// <summary>
/// A disk for one replica that can really be full and can really fail: a file system (ext4) on a loop device, on a file with holes
/// in a file system in memory (tmpfs). Where the memory has no page left for a hole, the device reports an error.
/// </summary>
public sealed class SmallDisk : IAsyncDisposable
{
    private const string Prefix = "csmr-disk-";
    private const string Size = "2g";
    private const int UnmountAttempts = 20;
    private const int BlockBytes = 4096;
    private const long LeftForWritesBytes = 1 << 20;

    private static readonly Lazy<string?> Obstacle = new(FindObstacle);

    private readonly string _root;

    private SmallDisk(string replica)
    {
        Replica = replica;
        _root = Path.Combine(Path.GetTempPath(), $"{Prefix}{Environment.ProcessId}-{Guid.NewGuid():N}");
    }

    /// <summary>Why there can be none here; null where there can.</summary>
    public static string? WhyNot => Obstacle.Value;

    /// <summary>The replica's silo.</summary>
    public string Replica { get; }

    /// <summary>Where it is mounted.</summary>
    public string Directory => Path.Combine(_root, "disk");

    private string Store => Path.Combine(_root, "store");

    private string Image => Path.Combine(Store, "image");

    private string Ballast => Path.Combine(Directory, "ballast");

    /// <summary>Makes one.</summary>
    /// <param name="replica">The replica's silo.</param>
    public static async Task<SmallDisk> MakeAsync(string replica)
    {
        await RemoveStaleAsync();
        var disk = new SmallDisk(replica);
        try
        {
            System.IO.Directory.CreateDirectory(disk.Directory);
            System.IO.Directory.CreateDirectory(disk.Store);
            await Tool.RunAsync("mount", "-t", "tmpfs", "-o", $"size={Size}", "csmr", disk.Store);
            await Tool.RunAsync("truncate", "--size", Size, disk.Image);
            await Tool.RunAsync("mkfs.ext4", "-q", "-F", "-m", "0", "-N", "256", "-J", "size=4", disk.Image);
            await disk.MountAsync();
            return disk;
        }
        catch
        {
            await disk.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Takes all space, also that which a replica's journal has zeros in and has not used yet (as where space is thinly provided).
    /// No process may write meanwhile.
    /// </summary>
    public async Task FillAsync()
    {
        await Tool.RunAsync("sync", "--file-system", Directory);
        foreach (var file in System.IO.Directory.GetFiles(Directory, "*.segment", SearchOption.AllDirectories))
        {
            await Tool.RunAsync("fallocate", "--dig-holes", file);
        }

        var most = new DriveInfo(Directory).AvailableFreeSpace - LeftForWritesBytes;
        await Tool.RunAsync("fallocate", "--length", $"{most}", Ballast);
        using var ballast = File.OpenHandle(Ballast, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, FileOptions.WriteThrough);
        var block = new byte[BlockBytes];
        try
        {
            for (var offset = most; ; offset += block.Length)
            {
                RandomAccess.Write(ballast, block, offset);
            }
        }
        catch (IOException)
        {
            // Full: as wanted.
        }
    }

    /// <summary>From now on writes to places of the device that nothing but zeros was written to fail, after the system has taken them.</summary>
    public async Task BreakAsync()
    {
        await Tool.RunAsync("sync", "--file-system", Directory);
        await Tool.RunAsync("fsfreeze", "--freeze", Directory);
        try
        {
            await Tool.RunAsync("fallocate", "--dig-holes", Image);
            var store = new DriveInfo(Store);
            await Tool.RunAsync("mount", "-o", $"remount,size={store.TotalSize - store.AvailableFreeSpace}", Store);
        }
        finally
        {
            await Tool.RunAsync("fsfreeze", "--unfreeze", Directory);
        }
    }

    /// <summary>A disk in order with what was really written before. No process may have a file open on it.</summary>
    public async Task RepairAsync()
    {
        await UnmountAsync(Directory);
        await Tool.RunAsync("mount", "-o", $"remount,size={Size}", Store);
        await Tool.TryAsync("e2fsck", "-f", "-y", Image);
        await MountAsync();
        File.Delete(Ballast);
    }

    public async ValueTask DisposeAsync()
    {
        await Tool.TryAsync("umount", "--lazy", Directory);
        await Tool.TryAsync("umount", "--lazy", Store);
        Remove(_root);
    }

    private static string? FindObstacle()
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            return "disks of our own need Linux and root";
        }

        if (Tool.WhyNot("mkfs.ext4", "e2fsck", "mount", "fallocate", "fsfreeze") is { } missing)
        {
            return missing;
        }

        try
        {
            MakeAsync("try").GetAwaiter().GetResult().DisposeAsync().AsTask().GetAwaiter().GetResult();
            return null;
        }
        catch (HarnessException cause)
        {
            return $"this machine lets nobody mount loop devices: {cause.Message}";
        }
    }

    private static async Task RemoveStaleAsync()
    {
        foreach (var root in System.IO.Directory.GetDirectories(Path.GetTempPath(), Prefix + "*"))
        {
            var owner = Path.GetFileName(root)[Prefix.Length..].Split('-')[0];
            if (!System.IO.Directory.Exists($"/proc/{owner}"))
            {
                await Tool.TryAsync("umount", "--lazy", Path.Combine(root, "disk"));
                await Tool.TryAsync("umount", "--lazy", Path.Combine(root, "store"));
                Remove(root);
            }
        }
    }

    // Empty directories only: what is still mounted is not touched.
    private static void Remove(string root)
    {
        try
        {
            foreach (var directory in System.IO.Directory.GetDirectories(root))
            {
                System.IO.Directory.Delete(directory);
            }

            System.IO.Directory.Delete(root);
        }
        catch (IOException)
        {
            // Still in use: the next one that starts tries again.
        }
    }

    // The end of a process is seen a moment before the system has closed all its files.
    private static async Task UnmountAsync(string directory)
    {
        for (var attempt = 1; attempt < UnmountAttempts; attempt++)
        {
            await Tool.TryAsync("umount", directory);
            if (!(await File.ReadAllTextAsync("/proc/self/mounts")).Contains($" {directory} ", StringComparison.Ordinal))
            {
                return;
            }

            await Task.Delay(100); // pause: before the next attempt
        }

        await Tool.RunAsync("umount", directory);
    }

    private Task MountAsync() => Tool.RunAsync("mount", "-o", "loop,nodiscard", Image, Directory);
}
