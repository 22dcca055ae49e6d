using System.Net;
using System.Net.Sockets;

namespace Csmr.Chaos.Processes;

/// <summary>
/// Ports that nobody listens at, below those that Linux gives to outgoing connections: so that a process that is down for a
/// while finds its port still free.
/// </summary>
public static class FreePorts
{
    private const int First = 18_000;
    private const int End = 32_000;

    private static readonly Lock Gate = new();
    private static readonly HashSet<int> Given = [];

    /// <summary>A port that is not used now and was not given before.</summary>
    public static int Next()
    {
        lock (Gate)
        {
            for (var attempt = 0; attempt < End - First; attempt++)
            {
                var port = Random.Shared.Next(First, End);
                if (IsFree(port) && Given.Add(port))
                {
                    return port;
                }
            }
        }

        throw new HarnessException($"no free port from {First} to {End - 1}");
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Any, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
