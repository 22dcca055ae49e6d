using System.Buffers;
using Csmr.Replication.Ports;
using Csmr.Storage.Snapshots;

namespace Csmr.Storage.Tests.Processes;

/// <summary>A process that saves one snapshot after the other on real files until it is killed (or 400 of them), and says which were answered for.</summary>
internal static class SnapshotChild
{
    public const string Verb = "snapshot-child";

    public static readonly GroupId Group = new("store.0");

    private const int SavesMax = 400;

    public static SnapshotStoreOptions OptionsFor(string directory) => new() { Directory = directory, Cluster = "demo", FrameBytes = 4096 };

    public static byte[] Content(Slot slot)
    {
        var content = new byte[20_000 + (slot.Number * 100)];
        new Random((int)slot.Number).NextBytes(content);
        return content;
    }

    /// <summary>Saves; prints <c>open</c>, <c>saved SLOT</c>, <c>failed MESSAGE</c>, and <c>ended</c>. All but the last two are forgotten.</summary>
    public static async Task<int> RunAsync(string directory)
    {
        await using var store = SnapshotStore.Open(OptionsFor(directory));
        Say("open");
        var slot = store.Find(Group)?.Slot ?? Slot.None;
        for (var count = 0; count < SavesMax; count++)
        {
            slot = slot.Next;
            try
            {
                await store.SaveAsync(Group, slot, output => output.Write(Content(slot)));
                Say($"saved {slot.Number}");
                store.Forget(Group, new Slot(slot.Number - 1));
            }
            catch (SnapshotException failed)
            {
                Say($"failed {failed.Message}");
            }
        }

        Say("ended");
        return 0;
    }

    private static void Say(string line)
    {
        Console.Out.WriteLine(line);
        Console.Out.Flush();
    }
}
