using System.Net;
using System.Net.Sockets;
using Csmr.Server.Options;

namespace Csmr.Server.Hosting;

/// <summary>Finds ports that nobody uses.</summary>
internal static class FreePorts
{
    /// <summary>Makes sure that nobody listens on the ports that were asked for, before anything is started.</summary>
    /// <param name="settings">The silos.</param>
    /// <exception cref="StartException">Somebody does.</exception>
    public static void Require(IEnumerable<SiloSettings> settings)
    {
        foreach (var silo in settings)
        {
            var any = IPAddress.IsLoopback(silo.Advertised) ? silo.Advertised : IPAddress.Any;
            Require(new IPEndPoint(any, silo.SiloPort), "--silo-port");
            Require(new IPEndPoint(any, silo.GatewayPort), "--gateway-port");
            foreach (var url in silo.Urls?.Split(';', StringSplitOptions.RemoveEmptyEntries) ?? [])
            {
                // Names and wildcards other than these are the web server's business.
                if (Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Port > 0
                    && (uri.Host == "localhost" ? IPAddress.Loopback : IPAddress.TryParse(uri.Host, out var address) ? address : null) is { } host)
                {
                    Require(new IPEndPoint(host, uri.Port), "--urls");
                }
            }
        }
    }

    private static void Require(IPEndPoint place, string flag)
    {
        try
        {
            using var listener = new TcpListener(place);
            listener.Start();
        }
        catch (SocketException cause)
        {
            throw new StartException(
                StartException.Trouble, $"cannot listen at {place} ({cause.Message}): something else may listen there. Give another address with {flag}.", cause);
        }
    }

    /// <summary>Takes ports of the loopback address and gives them free again at once: all of them different.</summary>
    /// <param name="count">How many.</param>
    /// <returns>The ports.</returns>
    public static int[] Take(int count)
    {
        var listeners = new List<TcpListener>();
        try
        {
            for (var i = 0; i < count; i++)
            {
                var listener = new TcpListener(IPAddress.Loopback, 0);
                listeners.Add(listener);
                listener.Start();
            }

            return [.. listeners.Select(static listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        }
        finally
        {
            listeners.ForEach(static listener => listener.Dispose());
        }
    }
}
