using System.Net;

namespace Csmr.Client;

/// <summary>How a client finds the cluster.</summary>
public sealed record CsmrClientOptions
{
    /// <summary>The gateway endpoints of some silos. Leave it empty where <see cref="Configure"/> says how gateways are found.</summary>
    public IReadOnlyList<IPEndPoint> Gateways { get; init; } = [];

    /// <summary>The name of the cluster, as its silos have it: the composition's name where the server is not told another.</summary>
    public required string ClusterId { get; init; }

    /// <summary>Orleans' name of the service, as the silos have it; the same as <see cref="ClusterId"/> where null.</summary>
    public string? ServiceId { get; init; }

    /// <summary>How long a call waits for its answer, unless it says otherwise.</summary>
    public TimeSpan Timeout { get; init; } = TimeoutDefault;

    /// <summary>
    /// The directory with the certificate to connect with (<c>tls.crt</c>, <c>tls.key</c>) and the silos' authority (<c>ca.crt</c>), where the silos
    /// have TLS. The certificate has the DNS name <c>client.</c> with the name of the cluster behind it.
    /// </summary>
    public string? TlsDirectory { get; init; }

    /// <summary>
    /// Anything else about the Orleans client: gateways from a database (<c>builder.UseAdoNetClustering(…)</c>), logging.
    /// </summary>
    public Action<IClientBuilder>? Configure { get; init; }

    internal static TimeSpan TimeoutDefault { get; } = TimeSpan.FromSeconds(10);

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
