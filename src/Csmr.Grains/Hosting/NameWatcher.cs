using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Csmr.Grains.Hosting;

/// <summary>
/// Stops this silo when a newer one of the same name has come: Orleans lets both live, but the name's replicas are the
/// newer one's now.
/// </summary>
/// <param name="membership">Who is in the cluster.</param>
/// <param name="self">This silo.</param>
/// <param name="lifetime">Stops the host.</param>
/// <param name="logger">Takes the reason.</param>
internal sealed partial class NameWatcher(
    IClusterMembershipService membership,
    ILocalSiloDetails self,
    IHostApplicationLifetime lifetime,
    ILogger<NameWatcher> logger) : BackgroundService
{
    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var view in membership.MembershipUpdates.WithCancellation(stoppingToken))
        {
            if (view.Members.Values.FirstOrDefault(IsNewerNamesake) is { } newer)
            {
                LogNamesake(self.Name, newer.SiloAddress);
                lifetime.StopApplication();
                return;
            }
        }
    }

    private bool IsNewerNamesake(ClusterMember member) =>
        member.Status is SiloStatus.Joining or SiloStatus.Active
        && string.Equals(member.Name, self.Name, StringComparison.Ordinal)
        && !member.SiloAddress.Equals(self.SiloAddress)
        && member.SiloAddress.Generation > self.SiloAddress.Generation;

    [LoggerMessage(Level = LogLevel.Critical, Message = "A newer silo has the name {Name} too ({Newer}): this one stops. Give every silo a name of its own.")]
    private partial void LogNamesake(string name, SiloAddress newer);
}
