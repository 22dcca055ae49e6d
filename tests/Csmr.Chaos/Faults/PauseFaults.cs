using Csmr.Chaos.Clusters;
using Csmr.Chaos.Processes;

namespace Csmr.Chaos.Faults;

/// <summary>SIGSTOP of the leader of each group in turn, and SIGCONT: past the election time-out (0.5 to 1 s), not past Orleans' patience.</summary>
public class PauseLeader : IFault
{
    private ChaosMember? _victim;
    private ServerProcess? _process;

    public virtual string Name => "pause-leader";

    public virtual string Summary => "SIGSTOP of the leader of each group in turn for longer than an election takes, then SIGCONT";

    public virtual TimeSpan HoldMin => TimeSpan.FromSeconds(1.2);

    public virtual TimeSpan HoldMax => TimeSpan.FromSeconds(3);

    public async Task InjectAsync(FaultContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        _victim = await context.NextLeaderAsync();
        _process = _victim.Process;
        await _victim.PauseAsync();
    }

    /// <summary>What wakes may find that the others have buried it: then it stops by itself, and its supervisor starts it anew.</summary>
    public Task HealAsync(FaultContext context)
    {
        _process?.Signal(OwnedProcess.SignalContinue);
        return Task.CompletedTask;
    }
}

/// <summary>The same past Orleans' declaration of death (2 to 4 s of missed probes).</summary>
public sealed class PauseLeaderLong : PauseLeader
{
    public override string Name => "pause-leader-long";

    public override string Summary => "SIGSTOP of the leader of each group in turn until Orleans has declared it dead, then SIGCONT";

    public override TimeSpan HoldMin => TimeSpan.FromSeconds(12);

    public override TimeSpan HoldMax => TimeSpan.FromSeconds(20);
}

/// <summary>SIGSTOP of a gateway: its connections stay open and nothing answers.</summary>
public sealed class PauseGateway : IFault
{
    private ServerProcess? _process;

    public string Name => "pause-gateway";

    public string Summary => "SIGSTOP of a gateway in the middle of calls, then SIGCONT";

    public TimeSpan HoldMin => TimeSpan.FromSeconds(2);

    public TimeSpan HoldMax => TimeSpan.FromSeconds(12);

    public async Task InjectAsync(FaultContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var victim = context.Pick(context.Cluster.Gateways);
        context.Log(victim.Name);
        _process = victim.Process;
        await victim.PauseAsync();
    }

    public Task HealAsync(FaultContext context)
    {
        _process?.Signal(OwnedProcess.SignalContinue);
        return Task.CompletedTask;
    }
}
