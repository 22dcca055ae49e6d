using Csmr.Chaos.Clusters;
using Csmr.Chaos.Faults;

namespace Csmr.Chaos.Clocks;

/// <summary>A fault of wall clocks. Its end is one too: the clocks jump back.</summary>
public abstract class ClockFault : IFault
{
    /// <summary>How far a clock jumps.</summary>
    protected static readonly TimeSpan Jump = TimeSpan.FromHours(1);

    public abstract string Name { get; }

    public abstract string Summary { get; }

    public virtual TimeSpan HoldMin => TimeSpan.FromSeconds(4);

    public virtual TimeSpan HoldMax => TimeSpan.FromSeconds(12);

    public string? WhyNot => FakeClocks.WhyNot;

    public Task PrepareAsync(ChaosClusterOptions options) => FakeClocks.PrepareAsync(options);

    public Task InjectAsync(FaultContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return InjectAsync(context, ClocksOf(context));
    }

    public Task HealAsync(FaultContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        foreach (var member in context.Cluster.Members)
        {
            ClocksOf(context).SetRight(member.Name);
        }

        return Task.CompletedTask;
    }

    /// <summary>Makes it happen.</summary>
    protected abstract Task InjectAsync(FaultContext context, FakeClocks clocks);

    private static FakeClocks ClocksOf(FaultContext context) => context.Cluster.Options.Belongings.OfType<FakeClocks>().Single();
}

/// <summary>The clock of the leader of each group in turn jumps ahead.</summary>
public sealed class LeaderAhead : ClockFault
{
    public override string Name => "clock-leader-ahead";

    public override string Summary => "the wall clock of the leader of each group in turn jumps an hour ahead, later back";

    protected override async Task InjectAsync(FaultContext context, FakeClocks clocks)
    {
        ArgumentNullException.ThrowIfNull(clocks);
        clocks.Set((await context.NextLeaderAsync()).Name, Jump);
    }
}

/// <summary>The clock of the leader of each group in turn jumps back.</summary>
public sealed class LeaderBehind : ClockFault
{
    public override string Name => "clock-leader-behind";

    public override string Summary => "the wall clock of the leader of each group in turn jumps an hour back, later ahead";

    protected override async Task InjectAsync(FaultContext context, FakeClocks clocks)
    {
        ArgumentNullException.ThrowIfNull(clocks);
        clocks.Set((await context.NextLeaderAsync()).Name, -Jump);
    }
}

/// <summary>The clock of a gateway, which stamps the ids of calls, jumps.</summary>
public sealed class GatewayAstray : ClockFault
{
    public override string Name => "clock-gateway";

    public override string Summary => "the wall clock of a gateway jumps an hour ahead, that of another one an hour back";

    protected override Task InjectAsync(FaultContext context, FakeClocks clocks)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(clocks);
        var jump = context.Random.Next(2) == 0 ? Jump : -Jump;
        foreach (var gateway in context.Cluster.Gateways)
        {
            clocks.Set(gateway.Name, jump);
            jump = -jump;
        }

        return Task.CompletedTask;
    }
}

/// <summary>All clocks go at rates of their own.</summary>
public sealed class ClockDrift : ClockFault
{
    private const double RateMin = 0.7;
    private const double RateMax = 1.3;

    public override string Name => "clock-drift";

    public override string Summary => "all wall clocks go at rates of their own, from 0.7 to 1.3";

    public override TimeSpan HoldMin => TimeSpan.FromSeconds(10);

    public override TimeSpan HoldMax => TimeSpan.FromSeconds(20);

    protected override Task InjectAsync(FaultContext context, FakeClocks clocks)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(clocks);
        foreach (var member in context.Cluster.Members)
        {
            clocks.Set(member.Name, TimeSpan.Zero, Math.Round(RateMin + ((RateMax - RateMin) * context.Random.NextDouble()), 2));
        }

        return Task.CompletedTask;
    }
}
