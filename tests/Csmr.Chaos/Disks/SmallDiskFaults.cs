using Csmr.Chaos.Clusters;
using Csmr.Chaos.Faults;

namespace Csmr.Chaos.Disks;

/// <summary>A fault of a real disk: each replica has a small one of its own.</summary>
public abstract class SmallDiskFault : DiskFault
{
    public override string? WhyNot => SmallDisk.WhyNot;

    public override async Task PrepareAsync(ChaosClusterOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Belongings.OfType<SmallDisk>().Any())
        {
            return;
        }

        foreach (var name in options.ReplicaNames)
        {
            var disk = await SmallDisk.MakeAsync(name);
            options.Belongings.Add(disk);
            options.Change(name, place => place with { DataDirectory = disk.Directory });
        }
    }

    public override async Task HealAsync(FaultContext context)
    {
        if (Victim is not null)
        {
            await Victim.KillAsync();
            await DiskOf(context, Victim).RepairAsync();
            await Victim.StartAsync();
        }
    }

    /// <summary>The disk of a replica.</summary>
    protected static SmallDisk DiskOf(FaultContext context, ChaosMember member)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Cluster.Options.Belongings.OfType<SmallDisk>().Single(disk => disk.Replica == member.Name);
    }
}

/// <summary>The disk is full: the replica cannot write any more and ends, and so does every new start until there is space.</summary>
public sealed class DiskFull : SmallDiskFault
{
    public override string Name => "disk-full";

    public override string Summary => "the disk of the leader of each group in turn is full; later there is space again";

    protected override async Task InjectAsync(FaultContext context, ChaosMember victim)
    {
        ArgumentNullException.ThrowIfNull(victim);
        var process = victim.Process!;
        try
        {
            await victim.PauseAsync();
            await DiskOf(context, victim).FillAsync();
        }
        finally
        {
            victim.Continue();
        }

        await RequireEndAsync(context, process, victim);
    }
}

/// <summary>The device fails: writes are taken, the flush fails, and what it should have written is lost.</summary>
public sealed class DiskBroken : SmallDiskFault
{
    public override string Name => "disk-broken";

    public override string Summary => "the device under the disk of the leader of each group in turn fails: a real failing fdatasync (ext4 on a full device)";

    protected override async Task InjectAsync(FaultContext context, ChaosMember victim)
    {
        ArgumentNullException.ThrowIfNull(victim);
        var process = victim.Process!;
        await DiskOf(context, victim).BreakAsync();
        await RequireEndAsync(context, process, victim);
    }
}
