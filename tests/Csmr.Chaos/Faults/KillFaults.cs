using Csmr.Chaos.Clusters;

namespace Csmr.Chaos.Faults;

/// <summary>SIGKILL of one process.</summary>
public abstract class KillOne : IFault
{
    private ChaosMember? _victim;

    public abstract string Name { get; }

    public abstract string Summary { get; }

    public TimeSpan HoldMin => TimeSpan.FromSeconds(0.5);

    public TimeSpan HoldMax => TimeSpan.FromSeconds(6);

    public async Task InjectAsync(FaultContext context)
    {
        _victim = await PickAsync(context);
        await _victim.KillAsync();
    }

    public Task HealAsync(FaultContext context) => _victim?.StartAsync() ?? Task.CompletedTask;

    protected abstract Task<ChaosMember> PickAsync(FaultContext context);
}

/// <summary>SIGKILL of the leader of each group in turn.</summary>
public sealed class KillLeader : KillOne
{
    public override string Name => "kill-leader";

    public override string Summary => "SIGKILL of the leader of each group in turn";

    protected override Task<ChaosMember> PickAsync(FaultContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.NextLeaderAsync();
    }
}

/// <summary>SIGKILL of a follower.</summary>
public sealed class KillFollower : KillOne
{
    public override string Name => "kill-follower";

    public override string Summary => "SIGKILL of a follower";

    protected override Task<ChaosMember> PickAsync(FaultContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.PickFollowerAsync();
    }
}

/// <summary>SIGKILL of a gateway while clients wait for its answers.</summary>
public sealed class KillGateway : KillOne
{
    public override string Name => "kill-gateway";

    public override string Summary => "SIGKILL of a gateway in the middle of calls; clients go on at the other with the same keys";

    protected override Task<ChaosMember> PickAsync(FaultContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var gateway = context.Pick(context.Cluster.Gateways);
        context.Log(gateway.Name);
        return Task.FromResult(gateway);
    }
}

/// <summary>SIGKILL of gateways, many times, each time while the other one answers.</summary>
public sealed class KillGateways : IFault
{
    private const int Kills = 4;
    private static readonly TimeSpan BackLimit = TimeSpan.FromMinutes(2);

    public string Name => "kill-gateways";

    public string Summary => $"{Kills} times SIGKILL of a gateway in the middle of calls, each back before the next one";

    public TimeSpan HoldMin => TimeSpan.Zero;

    public TimeSpan HoldMax => TimeSpan.Zero;

    public async Task InjectAsync(FaultContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        for (var i = 0; i < Kills; i++)
        {
            var gateway = context.Cluster.Gateways[i % context.Cluster.Gateways.Count];
            await gateway.KillAsync();
            await gateway.StartAsync();
            await context.Cluster.WaitReadyAsync(BackLimit, context.Cancellation);
            await Task.Delay(context.Random.Next(300), context.Cancellation); // pause: the next kill meets calls at any point
        }
    }

    public Task HealAsync(FaultContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return Task.WhenAll(context.Cluster.Gateways.Select(static member => member.StartAsync()));
    }
}

/// <summary>SIGKILL of so many replicas that no group has a quorum.</summary>
public sealed class KillMajority : IFault
{
    public string Name => "kill-majority";

    public string Summary => "SIGKILL of a majority of the replicas at once: no group has a quorum until they are back";

    public TimeSpan HoldMin => TimeSpan.FromSeconds(1);

    public TimeSpan HoldMax => TimeSpan.FromSeconds(8);

    public Task InjectAsync(FaultContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var victims = context.Cluster.Replicas.ToArray();
        context.Random.Shuffle(victims);
        return Task.WhenAll(victims.Take(context.Cluster.F + 1).Select(static member => member.KillAsync()));
    }

    public Task HealAsync(FaultContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return Task.WhenAll(context.Cluster.Replicas.Select(static member => member.StartAsync()));
    }
}

/// <summary>SIGKILL of all processes at once.</summary>
public sealed class KillAll : IFault
{
    public string Name => "kill-all";

    public string Summary => "SIGKILL of all replicas and gateways at once";

    public TimeSpan HoldMin => TimeSpan.Zero;

    public TimeSpan HoldMax => TimeSpan.FromSeconds(3);

    public Task InjectAsync(FaultContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return Task.WhenAll(context.Cluster.Members.Select(static member => member.KillAsync()));
    }

    public Task HealAsync(FaultContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return Task.WhenAll(context.Cluster.Members.Select(static member => member.StartAsync()));
    }
}

/// <summary>SIGTERM of one process after the other, each started again before the next one.</summary>
public sealed class RollingRestart : IFault
{
    private static readonly TimeSpan BackLimit = TimeSpan.FromMinutes(2);

    public string Name => "rolling-restart";

    public string Summary => "SIGTERM of one process after the other, each back before the next one";

    public TimeSpan HoldMin => TimeSpan.Zero;

    public TimeSpan HoldMax => TimeSpan.Zero;

    public async Task InjectAsync(FaultContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        foreach (var member in context.Cluster.Members)
        {
            var code = await member.TerminateAsync();
            var process = member.Process!;
            Processes.HarnessException.Require(code == 0, () => $"{member.Name} ended with code {code} after SIGTERM:\n{process.Tail}");
            await member.StartAsync();
            await context.Cluster.WaitWholeAsync(BackLimit, context.Cancellation);
        }
    }

    public Task HealAsync(FaultContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return Task.WhenAll(context.Cluster.Members.Select(static member => member.StartAsync()));
    }
}
