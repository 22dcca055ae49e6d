using Csmr.Composition.Plans;
using Csmr.Grains.Replicas;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Csmr.Grains.Hosting.Compatibility;

/// <summary>
/// Asks the silos that are in the cluster already what they are, before this one carries a replica or takes a call: one that cannot
/// work with them ends. Of two that start at once, the one that becomes active later finds the other. Whoever does not answer soon is
/// asked on beside the work: it may have crashed, and nobody waits for that.
/// </summary>
/// <param name="plan">The running plan.</param>
/// <param name="version">What this program speaks.</param>
/// <param name="self">This silo.</param>
/// <param name="membership">Who is in the cluster.</param>
/// <param name="grains">Makes references.</param>
/// <param name="lifetime">Stops the host.</param>
/// <param name="logger">Takes the reason.</param>
internal sealed partial class Handshake(
    Plan plan,
    ProtocolVersion version,
    ILocalSiloDetails self,
    IClusterMembershipService membership,
    IGrainFactory grains,
    IHostApplicationLifetime lifetime,
    ILogger<Handshake> logger) : ILifecycleParticipant<ISiloLifecycle>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AttemptPause = TimeSpan.FromMilliseconds(500);

    private readonly SiloHello _own = SiloHello.Of(plan, version);

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(nameof(Handshake), ServiceLifecycleStage.Active, StartAsync);

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        var asked = Others().Select(AskAsync).ToArray();
        await Task.WhenAny(Task.WhenAll(asked), Task.Delay(Patience, cancellationToken));
        foreach (var answer in asked)
        {
            if (!answer.IsCompleted)
            {
                _ = WatchAsync(answer);
            }
            else if (await answer is { } reason)
            {
                throw new IncompatibleSiloException($"Silo {self.Name} cannot join the cluster: {reason}.");
            }
        }
    }

    private async Task WatchAsync(Task<string?> late)
    {
        if (await late is { } reason)
        {
            LogIncompatible(self.Name, reason);
            lifetime.StopApplication();
        }
    }

    private IEnumerable<string> Others() => membership.CurrentSnapshot.Members.Values
        .Where(static member => member.Status == SiloStatus.Active)
        .Select(static member => member.Name)
        .Where(name => !string.Equals(name, self.Name, StringComparison.Ordinal))
        .Distinct(StringComparer.Ordinal);

    // Why this silo cannot work with another one; null where it can, or where the other one is gone.
    private async Task<string?> AskAsync(string name)
    {
        var silo = grains.GetGrain<ISiloGrain>(ReplicaKey.OfSilo(name));
        while (!lifetime.ApplicationStopping.IsCancellationRequested && Others().Contains(name, StringComparer.Ordinal))
        {
            try
            {
                return _own.WhyNotWith(await silo.HelloAsync(), name);
            }
            catch (Exception)
            {
                // Not reached now. Whatever it was, it is asked again until it answers or is no member any more.
                await Task.Delay(AttemptPause);
            }
        }

        return null;
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "Silo {Name} cannot stay in the cluster and stops: {Reason}")]
    private partial void LogIncompatible(string name, string reason);
}

/// <summary>This silo cannot work with one that is in the cluster already.</summary>
public sealed class IncompatibleSiloException : Exception
{
    /// <summary>Makes one.</summary>
    /// <param name="message">What does not fit, with which silo, and what to do.</param>
    public IncompatibleSiloException(string message)
        : base(message)
    {
    }
}
