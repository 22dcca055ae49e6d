using Csmr.Client.Security;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;

namespace Csmr.Server.Hosting;

/// <summary>Mutual TLS on every connection that a silo takes or makes.</summary>
internal static partial class SiloTls
{
    /// <summary>Puts it on a silo.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="directory">The directory with its certificate and the authority.</param>
    /// <param name="cluster">The cluster's name, which the names of certificates end with.</param>
    /// <exception cref="TlsException">The certificates cannot be used.</exception>
    public static void Use(ISiloBuilder silo, string directory, string cluster)
    {
        ILogger? log = null;
        var tls = new ConnectionTls(directory, cluster, reason => Refused(log!, reason));
        silo.Services.AddOptions<SiloConnectionOptions>().Configure<ILoggerFactory>((connections, logs) =>
        {
            log = logs.CreateLogger("Csmr.Server.SiloTls");
            connections.ConfigureSiloInboundConnection(tls.AcceptSilos);
            connections.ConfigureGatewayInboundConnection(tls.AcceptClients);
            connections.ConfigureSiloOutboundConnection(tls.Connect);
        });
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "TLS between silos: {Reason}")]
    private static partial void Refused(ILogger logger, string reason);
}
