using System.Net;

namespace Csmr.Client;

/// <summary>How a client finds the cluster.</summary>
public sealed record CsmrClientOptions
{
    /// <summary>The gateway endpoints of some silos. Leave it empty where <see cref="Configure"/> says how gateways are found.</summary>
    public IReadOnlyList<IPEndPoint> Gateways { get; init; } = [];

    /// <summary>The name of the cluster, as its silos have it.</summary>
    public string ClusterId { get; init; } = "csmr";

    /// <summary>The name of the service, as its silos have it.</summary>
    public string ServiceId { get; init; } = "csmr";

    /// <summary>How long a call waits for its answer, unless it says otherwise.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Anything else about the Orleans client: gateways from a database (<c>builder.UseAdoNetClustering(…)</c>), encryption,
    /// logging.
    /// </summary>
    public Action<IClientBuilder>? Configure { get; init; }

    internal void Validate()
    {
        if (Timeout <= TimeSpan.Zero)
        {
            throw new InvalidOperationException($"{nameof(Timeout)} must be above 0.");
        }

        if (Gateways.Count == 0 && Configure is null)
        {
            throw new InvalidOperationException($"Give {nameof(Gateways)}, or say with {nameof(Configure)} how they are found.");
        }
    }
}
