using Csmr.Chaos.Clusters;
using Csmr.Chaos.Faults;

namespace Csmr.Chaos.Network;

/// <summary>A fault of the network: every process is a host of its own, and the harness with the clients and the database one more.</summary>
public abstract class NetworkFault : IFault
{
    public abstract string Name { get; }

    public abstract string Summary { get; }

    public virtual TimeSpan HoldMin => TimeSpan.FromSeconds(4);

    public virtual TimeSpan HoldMax => TimeSpan.FromSeconds(15);

    public string? WhyNot => NetworkLab.WhyNot;

    public async Task PrepareAsync(ChaosClusterOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Belongings.OfType<NetworkLab>().Any())
        {
            return;
        }

        string[] hosts = [.. options.ReplicaNames, .. options.GatewayNames];
        var lab = await NetworkLab.StartAsync(hosts, seed: 1);
        options.Belongings.Add(lab);
        options.Change(ChaosClusterOptions.Postgres, place => lab.PlaceOf(NetworkLab.Harness, place));
        foreach (var host in hosts)
        {
            options.Change(host, place => lab.PlaceOf(host, place));
        }
    }

    public Task InjectAsync(FaultContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return InjectAsync(context, LabOf(context));
    }

    public virtual Task HealAsync(FaultContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        LabOf(context).Heal();
        return Task.CompletedTask;
    }

    /// <summary>The network of a cluster.</summary>
    protected static NetworkLab LabOf(FaultContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Cluster.Options.Belongings.OfType<NetworkLab>().Single();
    }

    /// <summary>Makes it happen.</summary>
    protected abstract Task InjectAsync(FaultContext context, NetworkLab lab);
}
