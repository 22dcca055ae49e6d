using System.Diagnostics;
using Csmr.Chaos.Clusters;
using Csmr.Chaos.Faults;
using Csmr.Chaos.Processes;

namespace Csmr.Chaos.Disks;

/// <summary>A fault of the disk of the leader of each group in turn.</summary>
public abstract class DiskFault : IFault
{
    private static readonly TimeSpan EndLimit = TimeSpan.FromMinutes(1);

    public abstract string Name { get; }

    public abstract string Summary { get; }

    public virtual TimeSpan HoldMin => TimeSpan.FromSeconds(1);

    public virtual TimeSpan HoldMax => TimeSpan.FromSeconds(6);

    public abstract string? WhyNot { get; }

    /// <summary>Whose disk it is.</summary>
    protected ChaosMember? Victim { get; private set; }

    public abstract Task PrepareAsync(ChaosClusterOptions options);

    public async Task InjectAsync(FaultContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        Victim = await context.NextLeaderAsync();
        await InjectAsync(context, Victim);
    }

    public abstract Task HealAsync(FaultContext context);

    /// <summary>Makes it happen.</summary>
    protected abstract Task InjectAsync(FaultContext context, ChaosMember victim);

    /// <summary>Waits until a process that cannot write has ended by itself, with one line that names the data and what to do.</summary>
    protected static async Task RequireEndAsync(FaultContext context, ServerProcess process, ChaosMember victim)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(process);
        ArgumentNullException.ThrowIfNull(victim);
        var watch = Stopwatch.StartNew();
        await process.WaitForExitAsync(EndLimit);
        context.Log($"{victim.Name} ended after {watch.Elapsed.TotalSeconds:F1} s");
        var last = process.Output.Split('\n').LastOrDefault(static line => line.Contains("csmr: ", StringComparison.Ordinal)) ?? "";
        HarnessException.Require(
            last.Contains(victim.Directory, StringComparison.Ordinal) && last.Contains("restart the process when the disk is in order", StringComparison.Ordinal),
            () => $"{victim.Name} ended without saying clearly that its disk failed and what to do:\n{process.Tail}");
    }
}
