using System.Security.Authentication;
using Csmr.Client.Security;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Csmr.Server.Hosting;

/// <summary>HTTPS with a certificate that may be renewed while the server runs.</summary>
internal static partial class RestTls
{
    /// <summary>Serves <c>https://</c> addresses.</summary>
    /// <param name="web">The web server.</param>
    /// <param name="directory">The directory with the certificate and its key.</param>
    /// <exception cref="TlsException">They cannot be used.</exception>
    public static void Use(IWebHostBuilder web, string directory)
    {
        ILogger? log = null;
        var certificates = TlsCertificates.Watch(directory, withAuthorities: false, cause => NotUsed(log!, cause.Message));
        web.UseKestrelHttpsConfiguration();
        web.ConfigureServices(services => services.AddOptions<KestrelServerOptions>().Configure<ILoggerFactory>((kestrel, logs) =>
        {
            log = logs.CreateLogger("Csmr.Server.RestTls");
            kestrel.ConfigureHttpsDefaults(https =>
            {
                https.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;

                // Asked for by the web server, which does not know that the next line gives the chain as well.
                https.ServerCertificateSelector = (_, _) => certificates.Current.Own.TargetCertificate;
                https.OnAuthenticate = (_, handshake) =>
                {
                    handshake.ServerCertificateSelectionCallback = null;
                    handshake.ServerCertificateContext = certificates.Current.Own;
                };
            });
        }));
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A renewed certificate for HTTPS is not used: {Cause}")]
    private static partial void NotUsed(ILogger logger, string cause);
}
