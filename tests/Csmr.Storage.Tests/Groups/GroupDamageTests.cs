using Csmr.Replication.Machine;
using Csmr.Storage.Tests.Disks;
using Csmr.Storage.Writing;

namespace Csmr.Storage.Tests.Groups;

/// <summary>
/// Damage on the disk of one of three replicas: every byte of its journal and snapshot, each flipped once. The replica halts, or is as it
/// was, or is repaired from the others; whatever it is, no answer is wrong and nothing acknowledged is missing.
/// </summary>
public sealed class GroupDamageTests(ITestOutputHelper output)
{
    private const int Puts = 64;
    private const int Keys = 7;
    private const int PatienceTicks = 200;

    private static readonly SessionId Session = new(1, 2);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void AnyFlippedByte_OfOneReplica_IsRefusedOrHarmlessOrRepaired(int damaged)
    {
        var disks = Build();
        var intact = Read(disks[damaged], damaged);
        var (refused, harmless, repaired) = (0, 0, 0);
        foreach (var (name, bytes) in disks[damaged].Where(static file => file.Value.Length > 0))
        {
            for (var offset = 0; offset < bytes.Length; offset++)
            {
                var flip = (byte)(offset % 3 == 0 ? 0xFF : 1 << (offset % 8));
                bytes[offset] ^= flip;
                if (Read(disks[damaged], damaged) is not { } found)
                {
                    refused++;
                }
                else if (found == intact)
                {
                    harmless++;
                }
                else
                {
                    repaired++;
                    RequireRepair(disks, damaged, $"{name} at {offset}");
                }

                bytes[offset] ^= flip;
            }
        }

        output.WriteLine($"{refused} refused, {harmless} harmless, {repaired} repaired");
        Assert.True(refused > 10_000 && repaired > 300);

        // What the group is without one that was refused, and with one that is as it was.
        RequireAnswers(disks.Select((disk, ordinal) => ordinal == damaged ? null : disk), "two of three");
        RequireAnswers(disks, "all");
    }

    /// <summary>With both others it is repaired; with one of them alone, which are two faults at f = 1, whatever is answered is right.</summary>
    private static void RequireRepair(Dictionary<string, byte[]>[] disks, int damaged, string where)
    {
        RequireAnswers(disks, where);
        for (var other = 0; other < disks.Length; other++)
        {
            if (other != damaged)
            {
                RequireNoWrongAnswer(disks.Select((disk, ordinal) => ordinal == damaged || ordinal == other ? disk : null), $"{where}, only with r{other}");
            }
        }
    }

    private static void RequireNoWrongAnswer(IEnumerable<Dictionary<string, byte[]>?> disks, string where)
    {
        var group = new StoredGroup([.. disks.Select(static disk => disk is null ? null : new SimulatedDisk(disk))]);
        if (group.TryPut($"k{Puts % Keys}", Puts, new RequestId(Session, Puts), PatienceTicks) is not { } again)
        {
            return;
        }

        Assert.True(again.Kind == CommandReplyKind.Replayed, $"{where}: what was done is done again: {again.Kind}");
        var leader = group.Up.Single(static replica => replica.Status.IsServing);
        for (var key = 0; key < Keys; key++)
        {
            Assert.True(LastValueOf(key) == leader.Read($"k{key}"), $"{where}: k{key} is {leader.Read($"k{key}")}");
        }
    }

    private static void RequireAnswers(IEnumerable<Dictionary<string, byte[]>?> disks, string where)
    {
        var group = new StoredGroup([.. disks.Select(static disk => disk is null ? null : new SimulatedDisk(disk))]);

        // A request of before is answered as before, not done again; a new one is done.
        var again = group.Put($"k{Puts % Keys}", Puts, new RequestId(Session, Puts));
        Assert.Equal(CommandReplyKind.Replayed, again.Kind);
        group.Put("new", 5, new RequestId(Session, Puts + 1));
        group.UntilEqual();
        foreach (var replica in group.Up)
        {
            for (var key = 0; key < Keys; key++)
            {
                Assert.True(LastValueOf(key) == replica.Read($"k{key}"), $"{where}: k{key} is {replica.Read($"k{key}")}");
            }

            Assert.Equal(5, replica.Read("new"));
        }
    }

    private static long LastValueOf(int key) => Enumerable.Range(1, Puts).Last(put => put % Keys == key);

    // What a start makes of the disk; null where it is refused.
    private static (Slot Chosen, Slot Applied, ulong Digest, Slot Snapshot)? Read(Dictionary<string, byte[]> disk, int ordinal)
    {
        try
        {
            var replica = new StoredReplica(ordinal, 3, new SimulatedDisk(disk));
            return (replica.Status.ChosenUpTo, replica.AppliedUpTo, replica.Digest, replica.SnapshotSlot);
        }
        catch (Exception exception) when (exception is JournalCorruptException or DataDirectoryException)
        {
            return null;
        }
    }

    // Each replica has a journal whose first segments are deleted, one snapshot, and entries behind it.
    private static Dictionary<string, byte[]>[] Build()
    {
        SimulatedDisk[] disks = [new(1), new(2), new(3)];
        var group = new StoredGroup(disks);
        for (var put = 1; put <= Puts; put++)
        {
            group.Put($"k{put % Keys}", put, new RequestId(Session, put));
            if (put is 20 or 24 or 28 or 52 or 56 or 60)
            {
                group.UntilEqual();
                group[put / 4 % 3].Snapshot();
            }
        }

        group.UntilEqual();
        group.Close();
        var files = Array.ConvertAll(disks, static disk => disk.ReadAll());
        Assert.All(files, static files => Assert.Single(files.Keys, static name => name.EndsWith(".snapshot", StringComparison.Ordinal)));
        Assert.All(files, static files => Assert.DoesNotContain(SegmentFile.NameOf(1), files.Keys));
        return files;
    }
}
