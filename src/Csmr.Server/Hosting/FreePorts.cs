using System.Net;
using System.Net.Sockets;

namespace Csmr.Server.Hosting;

/// <summary>Finds ports that nobody uses.</summary>
internal static class FreePorts
{
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
