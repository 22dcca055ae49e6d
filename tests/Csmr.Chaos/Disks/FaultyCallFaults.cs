using Csmr.Chaos.Clusters;
using Csmr.Chaos.Faults;

namespace Csmr.Chaos.Disks;

/// <summary>A fault that the replica's own system calls report.</summary>
public abstract class FaultyCallFault : DiskFault
{
    /// <summary>The number of "Input/output error".</summary>
    protected const int InputOutputError = 5;

    public override string? WhyNot => FaultyCalls.WhyNot;

    public override Task PrepareAsync(ChaosClusterOptions options) => FaultyCalls.PrepareAsync(options);

    public override Task HealAsync(FaultContext context)
    {
        if (Victim is not null)
        {
            CallsOf(context).Clear(Victim.Name);
        }

        return Task.CompletedTask;
    }

    /// <summary>The calls of a cluster.</summary>
    protected static FaultyCalls CallsOf(FaultContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Cluster.Options.Belongings.OfType<FaultyCalls>().Single();
    }
}

/// <summary>A flush fails: nothing may be acknowledged after it, the replica ends, and every new start fails too until the disk is well.</summary>
public sealed class FlushError : FaultyCallFault
{
    public override string Name => "flush-error";

    public override string Summary => "fdatasync fails (EIO) at the leader of each group in turn";

    protected override Task InjectAsync(FaultContext context, ChaosMember victim)
    {
        ArgumentNullException.ThrowIfNull(victim);
        var process = victim.Process!;
        CallsOf(context).Set(victim.Name, ("FAULT_SYNC_AFTER", 1), ("FAULT_ERRNO", InputOutputError));
        return RequireEndAsync(context, process, victim);
    }
}

/// <summary>A write fails.</summary>
public sealed class WriteError : FaultyCallFault
{
    public override string Name => "write-error";

    public override string Summary => "writes fail (EIO) at the leader of each group in turn";

    protected override Task InjectAsync(FaultContext context, ChaosMember victim)
    {
        ArgumentNullException.ThrowIfNull(victim);
        var process = victim.Process!;
        CallsOf(context).Set(victim.Name, ("FAULT_WRITE_AFTER", 1), ("FAULT_ERRNO", InputOutputError));
        return RequireEndAsync(context, process, victim);
    }
}

/// <summary>Writes write half of what they are asked to: no fault to a writer that looks.</summary>
public sealed class ShortWrites : FaultyCallFault
{
    public override string Name => "short-writes";

    public override string Summary => "writes write half of what they are asked to at the leader of each group in turn";

    protected override Task InjectAsync(FaultContext context, ChaosMember victim)
    {
        ArgumentNullException.ThrowIfNull(victim);
        CallsOf(context).Set(victim.Name, ("FAULT_SHORT_WRITES", 1));
        return Task.CompletedTask;
    }
}

/// <summary>A disk that works and is slow.</summary>
public sealed class SlowFlushes : FaultyCallFault
{
    private const int DelayMsMin = 50;
    private const int DelayMsMax = 400;

    public override string Name => "slow-flushes";

    public override string Summary => "each flush takes 50 to 400 ms longer at the leader of each group in turn";

    public override TimeSpan HoldMin => TimeSpan.FromSeconds(5);

    public override TimeSpan HoldMax => TimeSpan.FromSeconds(15);

    protected override Task InjectAsync(FaultContext context, ChaosMember victim)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(victim);
        var delayMs = context.Random.Next(DelayMsMin, DelayMsMax);
        context.Log($"{delayMs} ms");
        CallsOf(context).Set(victim.Name, ("FAULT_SYNC_DELAY_MS", delayMs));
        return Task.CompletedTask;
    }
}

/// <summary>The process dies in the middle of a write of which the end reaches the disk and the begin does not.</summary>
public sealed class TornWrite : FaultyCallFault
{
    private static readonly TimeSpan EndLimit = TimeSpan.FromMinutes(1);

    public override string Name => "torn-write";

    public override string Summary => "the leader of each group in turn dies while it writes; the first sector of the write is lost";

    public override TimeSpan HoldMin => TimeSpan.Zero;

    protected override async Task InjectAsync(FaultContext context, ChaosMember victim)
    {
        ArgumentNullException.ThrowIfNull(victim);
        var process = victim.Process!;
        CallsOf(context).Set(victim.Name, ("FAULT_TORN_WRITE", 1));
        await process.WaitForExitAsync(EndLimit);
    }
}
