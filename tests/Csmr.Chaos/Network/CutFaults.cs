using Csmr.Chaos.Faults;

namespace Csmr.Chaos.Network;

/// <summary>A follower is cut off from everybody, in both directions.</summary>
public sealed class CutFollower : NetworkFault
{
    public override string Name => "cut-follower";

    public override string Summary => "a follower is cut off from all others, both ways";

    protected override async Task InjectAsync(FaultContext context, NetworkLab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        lab.SetAround((await context.PickFollowerAsync()).Name, LinkQuality.Cut);
    }
}

/// <summary>The leader of each group in turn is cut off from everybody, in both directions: the others go on, it must serve nobody.</summary>
public sealed class CutLeader : NetworkFault
{
    public override string Name => "cut-leader";

    public override string Summary => "the leader of each group in turn is cut off from all others, both ways";

    protected override async Task InjectAsync(FaultContext context, NetworkLab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        lab.SetAround((await context.NextLeaderAsync()).Name, LinkQuality.Cut);
    }
}

/// <summary>
/// The leader's side of a cut is smaller than a quorum, but has a gateway and its clients: they get no answer that could be wrong, and
/// no endless wait.
/// </summary>
public sealed class CutMinority : NetworkFault
{
    public override string Name => "cut-minority";

    public override string Summary => "the leader of each group in turn and one gateway are cut off from all other replicas and gateways; clients reach both sides";

    protected override async Task InjectAsync(FaultContext context, NetworkLab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        var leader = await context.NextLeaderAsync();
        var gateway = context.Pick(context.Cluster.Gateways);
        context.Log($"with {gateway.Name}");
        foreach (var other in context.Cluster.Members.Where(member => member != leader && member != gateway))
        {
            lab.SetBoth(leader.Name, other.Name, LinkQuality.Cut);
            lab.SetBoth(gateway.Name, other.Name, LinkQuality.Cut);
        }
    }
}

/// <summary>The leader of each group in turn still speaks and hears nothing.</summary>
public sealed class DeafLeader : NetworkFault
{
    public override string Name => "cut-into-leader";

    public override string Summary => "one way: nothing reaches the leader of each group in turn, what it sends arrives";

    protected override async Task InjectAsync(FaultContext context, NetworkLab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        lab.SetInto((await context.NextLeaderAsync()).Name, LinkQuality.Cut);
    }
}

/// <summary>The leader of each group in turn still hears and nobody hears it.</summary>
public sealed class MuteLeader : NetworkFault
{
    public override string Name => "cut-out-of-leader";

    public override string Summary => "one way: nothing that the leader of each group in turn sends arrives, it hears all";

    protected override async Task InjectAsync(FaultContext context, NetworkLab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        lab.SetOutOf((await context.NextLeaderAsync()).Name, LinkQuality.Cut);
    }
}

/// <summary>The leader of each group in turn and one follower cannot talk; both talk to all others.</summary>
public sealed class CutPartially : NetworkFault
{
    public override string Name => "cut-partial";

    public override string Summary => "the leader of each group in turn and one follower are cut off from each other; both talk to all others";

    protected override async Task InjectAsync(FaultContext context, NetworkLab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        var leader = await context.NextLeaderAsync();
        var follower = context.Pick([.. context.Cluster.Replicas.Where(member => member != leader)]);
        context.Log($"from {follower.Name}");
        lab.SetBoth(leader.Name, follower.Name, LinkQuality.Cut);
    }
}

/// <summary>A gateway and the leader of each group in turn cannot talk.</summary>
public sealed class CutGateway : NetworkFault
{
    public override string Name => "cut-gateway-leader";

    public override string Summary => "a gateway and the leader of each group in turn are cut off from each other";

    protected override async Task InjectAsync(FaultContext context, NetworkLab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        var leader = await context.NextLeaderAsync();
        var gateway = context.Pick(context.Cluster.Gateways);
        context.Log($"from {gateway.Name}");
        lab.SetBoth(leader.Name, gateway.Name, LinkQuality.Cut);
    }
}

/// <summary>The leader of each group in turn loses all others and finds them again, over and over.</summary>
public sealed class FlappingLink : NetworkFault, IAsyncDisposable
{
    private const int SwitchMsMin = 100;
    private const int SwitchMsMax = 1_500;

    private readonly CancellationTokenSource _end = new();
    private Task _flapping = Task.CompletedTask;

    public override string Name => "flapping-leader";

    public override string Summary => "the leader of each group in turn is cut off and connected again every 0.1 to 1.5 s";

    public override TimeSpan HoldMin => TimeSpan.FromSeconds(8);

    public override async Task HealAsync(FaultContext context)
    {
        await DisposeAsync();
        await base.HealAsync(context);
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _flapping;
    }

    protected override async Task InjectAsync(FaultContext context, NetworkLab lab)
    {
        ArgumentNullException.ThrowIfNull(context);
        var leader = await context.NextLeaderAsync();
        _flapping = FlapAsync(leader.Name, context.Random, lab);
    }

    private async Task FlapAsync(string host, Random random, NetworkLab lab)
    {
        for (var isCut = true; !_end.IsCancellationRequested; isCut = !isCut)
        {
            lab.SetAround(host, isCut ? LinkQuality.Cut : LinkQuality.Perfect);
            var pause = TimeSpan.FromMilliseconds(random.Next(SwitchMsMin, SwitchMsMax));
            await Task.Delay(pause, _end.Token).ContinueWith(static _ => { }, TaskScheduler.Default); // pause: between two changes of the link
        }
    }
}
