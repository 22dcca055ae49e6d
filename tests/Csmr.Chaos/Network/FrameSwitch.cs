using System.Diagnostics;

namespace Csmr.Chaos.Network;

/// <summary>
/// An Ethernet switch in a thread of this process: hands frames from port to port by the port's number in the address, each direction
/// between two ports with a quality of its own.
/// </summary>
internal sealed class FrameSwitch : IDisposable
{
    private const int FrameBytesMax = 64 * 1024;
    private const int FramesPerTurn = 64;
    private const int HeaderBytes = 14;
    private const int GroupBit = 1;

    private static readonly TimeSpan WaitMax = TimeSpan.FromMilliseconds(100);

    private readonly TapDevice[] _ports;
    private readonly Link[,] _links;
    private readonly PriorityQueue<(int To, byte[] Frame), (long At, long Number)> _underWay = new();
    private readonly List<long> _arrivals = [];
    private readonly byte[] _buffer = new byte[FrameBytesMax];
    private readonly Thread _thread;
    private long _frames;
    private volatile bool _isStopping;

    /// <summary>Starts one.</summary>
    /// <param name="ports">The ports; owned from now on.</param>
    /// <param name="seed">Decides on all chances.</param>
    public FrameSwitch(IReadOnlyList<TapDevice> ports, int seed)
    {
        _ports = [.. ports];
        _links = new Link[_ports.Length, _ports.Length];
        for (var from = 0; from < _ports.Length; from++)
        {
            for (var to = 0; to < _ports.Length; to++)
            {
                _links[from, to] = new Link(HashCode(seed, from, to));
            }
        }

        _thread = new Thread(Run) { IsBackground = true, Name = "network switch" };
        _thread.Start();
    }

    /// <summary>The direction from one port to another.</summary>
    public Link this[int from, int to] => _links[from, to];

    /// <summary>The address of a port's interface.</summary>
    public static string AddressOf(int port) => $"02:c5:00:00:00:{port:x2}";

    public void Dispose()
    {
        _isStopping = true;
        _thread.Join();
        Array.ForEach(_ports, static port => port.Dispose());
    }

    private static int HashCode(int seed, int from, int to) => (((seed * 397) + from) * 397) + to;

    private void Run()
    {
        var isReadable = new bool[_ports.Length];
        while (!_isStopping)
        {
            TapDevice.WaitAny(_ports, Deliver(), isReadable);
            for (var port = 0; port < _ports.Length; port++)
            {
                for (var i = 0; isReadable[port] && i < FramesPerTurn; i++)
                {
                    isReadable[port] = Forward(port);
                }
            }
        }
    }

    /// <summary>Hands over all frames whose time has come.</summary>
    /// <returns>The time until the next one's.</returns>
    private TimeSpan Deliver()
    {
        while (_underWay.TryPeek(out var next, out var due))
        {
            var left = due.At - Stopwatch.GetTimestamp();
            if (left > 0)
            {
                var wait = Stopwatch.GetElapsedTime(0, left);
                return wait < WaitMax ? wait : WaitMax;
            }

            _underWay.Dequeue();
            _ports[next.To].Write(next.Frame);
        }

        return WaitMax;
    }

    private bool Forward(int from)
    {
        var length = _ports[from].Read(_buffer);
        if (length == 0)
        {
            return false;
        }

        // Neighbours are known beforehand, so there is nothing to broadcast.
        var to = _buffer[5];
        if (length < HeaderBytes || (_buffer[0] & GroupBit) != 0 || to >= _ports.Length)
        {
            return true;
        }

        var now = Stopwatch.GetTimestamp();
        _arrivals.Clear();
        _links[from, to].Pass(length, now, _arrivals);
        foreach (var arrival in _arrivals)
        {
            if (arrival <= now)
            {
                _ports[to].Write(_buffer.AsSpan(0, length));
            }
            else
            {
                _underWay.Enqueue((to, _buffer.AsSpan(0, length).ToArray()), (arrival, _frames++));
            }
        }

        return true;
    }
}
