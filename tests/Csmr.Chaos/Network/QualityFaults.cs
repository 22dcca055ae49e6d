using Csmr.Chaos.Faults;

namespace Csmr.Chaos.Network;

/// <summary>All links are slow, mostly a little and now and then very much, and lose packets.</summary>
public sealed class SlowLossyNetwork : NetworkFault
{
    private const double LossMin = 0.05;
    private const double LossMax = 0.2;

    public override string Name => "slow-lossy-network";

    public override string Summary => "between all hosts: 20 ms and 10 ms more on average with a heavy tail, 5 to 20 % of packets lost";

    protected override Task InjectAsync(FaultContext context, NetworkLab lab)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(lab);
        var loss = LossMin + ((LossMax - LossMin) * context.Random.NextDouble());
        context.Log($"{loss:P0} lost");
        lab.SetAll(new LinkQuality { Delay = TimeSpan.FromMilliseconds(20), Jitter = TimeSpan.FromMilliseconds(10), Loss = loss });
        return Task.CompletedTask;
    }
}

/// <summary>Packets overtake each other and arrive twice.</summary>
public sealed class ReorderingNetwork : NetworkFault
{
    public override string Name => "reordering-network";

    public override string Summary => "between all hosts: 20 % of packets held back up to 30 ms and overtaken, 10 % doubled";

    protected override Task InjectAsync(FaultContext context, NetworkLab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        lab.SetAll(new LinkQuality { Delay = TimeSpan.FromMilliseconds(1), Reordering = 0.2, Duplication = 0.1 });
        return Task.CompletedTask;
    }
}

/// <summary>The leader of each group in turn has a thin line.</summary>
public sealed class ThinLine : NetworkFault
{
    public override string Name => "thin-line-leader";

    public override string Summary => "the leader of each group in turn has 30 KB/s to and from each other host";

    protected override async Task InjectAsync(FaultContext context, NetworkLab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        lab.SetAround((await context.NextLeaderAsync()).Name, new LinkQuality { BytesPerSecond = 30_000 });
    }
}

/// <summary>All connections of the leader of each group in turn are reset, over and over.</summary>
public sealed class ResetConnections : NetworkFault
{
    private string? _host;

    public override string Name => "reset-connections";

    public override string Summary => "all TCP connections of the leader of each group in turn are reset";

    public override TimeSpan HoldMin => TimeSpan.FromSeconds(0.3);

    public override TimeSpan HoldMax => TimeSpan.FromSeconds(4);

    public override async Task HealAsync(FaultContext context)
    {
        if (_host is not null)
        {
            await LabOf(context).StopResettingAsync(_host);
        }

        await base.HealAsync(context);
    }

    protected override async Task InjectAsync(FaultContext context, NetworkLab lab)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(lab);
        _host = (await context.NextLeaderAsync()).Name;
        await lab.StartResettingAsync(_host);
    }
}
