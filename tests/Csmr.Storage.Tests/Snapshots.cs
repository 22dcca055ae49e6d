using System.Collections.Concurrent;
using Csmr.Replication.Ports;
using Csmr.Storage.Files;
using Csmr.Storage.Snapshots;
using Csmr.Storage.Tests.Disks;

namespace Csmr.Storage.Tests;

/// <summary>Snapshots as the tests want them: of a state that follows from group and slot, in frames of a sector and a bit.</summary>
internal static class Snapshots
{
    public static readonly SnapshotStoreOptions Small = new() { Directory = Journals.Small.Directory, Cluster = Journals.Small.Cluster, FrameBytes = 700 };

    private static readonly ConcurrentDictionary<(GroupId Group, Slot Slot), byte[]> Files = new();

    /// <summary>A store without threads.</summary>
    public static SnapshotStore OpenByHand(IFileSystem disk, SnapshotStoreOptions? options = null) =>
        SnapshotStore.Open(options ?? Small, disk, isThreaded: false);

    /// <summary>The state of a group after a slot.</summary>
    public static byte[] Content(GroupId group, Slot slot)
    {
        var seed = (int)(slot.Number * 131) + group.Name[^1];
        var content = new byte[seed % 7 == 0 ? 0 : (seed * 37 % 2900)];
        new Random(seed).NextBytes(content);
        return content;
    }

    public static StoredSnapshot Save(ISnapshotStore store, GroupId group, Slot slot) => Save(store, group, slot, Content(group, slot));

    /// <summary>Writes it in pieces of all sizes; a disk that fails is an exception.</summary>
    public static StoredSnapshot Save(ISnapshotStore store, GroupId group, Slot slot, byte[] content)
    {
        var saved = store.SaveAsync(group, slot, output =>
        {
            for (var (at, size) = (0, 1); at < content.Length; at += size, size = (size * 3) + 1)
            {
                var piece = content.AsSpan(at, Math.Min(size, content.Length - at));
                piece.CopyTo(output.GetSpan(piece.Length));
                output.Advance(piece.Length);
            }
        });
        Assert.True(saved.IsCompleted);
        return saved.GetAwaiter().GetResult();
    }

    /// <summary>The file that any replica of the group has.</summary>
    public static byte[] FileOf(GroupId group, Slot slot) => Files.GetOrAdd((group, slot), static key =>
    {
        var peer = OpenByHand(new MemoryFileSystem());
        var saved = Save(peer, key.Group, key.Slot);
        return peer.ReadPart(key.Group, key.Slot, 0, (int)saved.FileBytes).ToArray();
    });

    /// <summary>S3: a snapshot is there, and is the state.</summary>
    public static void RequireWhole(ISnapshotStore store, GroupId group, Slot slot, string where)
    {
        var found = store.Find(group, slot);
        Assert.True(found is not null, $"S3, {where}: there is no whole snapshot of {group} at {slot.Number}");
        Assert.True(store.Load(found.Value).Span.SequenceEqual(Content(group, slot)), $"S3, {where}: the snapshot of {group} at {slot.Number} is not the state there");
    }

    public static string NameOf(GroupId group, Slot slot, string suffix = ".snapshot") => $"snapshots/{group.Name}@{slot.Number}{suffix}";
}
