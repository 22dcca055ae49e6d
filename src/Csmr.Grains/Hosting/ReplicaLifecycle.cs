using System.Diagnostics;
using Csmr.Composition.Plans;
using Csmr.Grains.Replicas;
using Csmr.Grains.Replicas.Pinning;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Csmr.Grains.Hosting;

/// <summary>Activates the replicas of this silo when it has become active, and hands their leaderships over before it goes.</summary>
/// <param name="local">The replicas of this silo.</param>
/// <param name="grains">Makes references.</param>
/// <param name="logger">Takes what goes wrong.</param>
internal sealed partial class ReplicaLifecycle(LocalReplicas local, IGrainFactory grains, ILogger<ReplicaLifecycle> logger)
    : ILifecycleParticipant<ISiloLifecycle>
{
    private static readonly TimeSpan AttemptPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan ActivationLimit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan HandOverTimeout = TimeSpan.FromSeconds(4);

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(ReplicaLifecycle), ServiceLifecycleStage.Active + 1, StartAsync, StopAsync);

    // Behind the handshake: a silo that does not fit does not come this far.
    private async Task StartAsync(CancellationToken cancellationToken)
    {
        local.Admit();
        await Task.WhenAll(local.Groups.Select(group => ActivateAsync(group, cancellationToken)));
    }

    /// <summary>The silo still takes calls here: peers can be handed the leadership before they notice that it is gone.</summary>
    private async Task StopAsync(CancellationToken cancellationToken)
    {
        local.IsStopping = true;
        try
        {
            await Task.WhenAll(local.Groups.Select(group => GrainOf(group).HandOverAsync(to: null))).WaitAsync(HandOverTimeout, cancellationToken);
        }
        catch (Exception cause)
        {
            LogNoHandOver(local.Silo, cause.Message);
        }
    }

    private async Task ActivateAsync(GroupPlan group, CancellationToken cancellationToken)
    {
        var begun = Stopwatch.GetTimestamp();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                await GrainOf(group).StatusAsync(withDigest: false);
                return;
            }
            catch (ReplicaUnavailableException) when (Stopwatch.GetElapsedTime(begun) < ActivationLimit)
            {
                // Our own entry has not come back to us with the membership view yet.
                await Task.Delay(AttemptPause, cancellationToken);
            }
        }
    }

    private IPaxosLogGrain GrainOf(GroupPlan group) => grains.GetGrain<IPaxosLogGrain>(ReplicaKey.Of(local.Silo, group.Id));

    [LoggerMessage(Level = LogLevel.Warning, Message = "Silo {Silo} stops without having handed over all leaderships: {Reason}")]
    private partial void LogNoHandOver(string silo, string reason);
}
