using System.Net;
using System.Net.Sockets;
using System.Text;
using Csmr.Chaos.Processes;

namespace Csmr.Load.Compare.Systems;

/// <summary>Three servers of ZooKeeper, as Debian packages it.</summary>
public sealed class ZooKeeperSystem : ILoadSystem
{
    private const string Jar = "/usr/share/java/zookeeper.jar";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly TemporaryDirectory _directory = new();
    private readonly List<OwnedProcess> _servers = [];

    private ZooKeeperSystem()
    {
    }

    /// <summary>Why there can be none here; null where there can.</summary>
    public static string? WhyNot => File.Exists(Jar) ? Tool.WhyNot("java") : "not installed: zookeeper (bench/run installs it)";

    /// <inheritdoc/>
    public string Name { get; private set; } = "ZooKeeper";

    /// <inheritdoc/>
    public IReadOnlyList<int> Processes => [.. _servers.Select(static server => server.Id)];

    /// <summary>The port at which the leader serves clients.</summary>
    public int LeaderPort { get; private set; }

    /// <summary>Starts one.</summary>
    /// <returns>The system, with a leader.</returns>
    public static async Task<ZooKeeperSystem> StartAsync()
    {
        var system = new ZooKeeperSystem();
        int[] ports = [.. Enumerable.Range(0, 9).Select(static _ => FreePorts.Next())];
        for (var number = 1; number <= 3; number++)
        {
            system.Start(number, ports);
        }

        var isUp = await Wait.UntilAsync(Limit, async () =>
        {
            foreach (var port in ports[..3])
            {
                if ((await TellAsync(port)).Contains("Mode: leader", StringComparison.Ordinal))
                {
                    system.LeaderPort = port;
                }
            }

            return system.LeaderPort > 0;
        });
        HarnessException.Require(isUp, () => $"ZooKeeper had no leader within {Limit}: {system._servers[0].Tail}");
        system.Name = $"ZooKeeper {(await TellAsync(system.LeaderPort)).Split(' ', '-')[2]}";
        return system;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }

        _directory.Dispose();
    }

    private void Start(int number, int[] ports)
    {
        var data = Directory.CreateDirectory(_directory.Sub($"zookeeper{number}")).FullName;
        File.WriteAllText(Path.Combine(data, "myid"), $"{number}");
        var file = Path.Combine(data, "zoo.cfg");
        File.WriteAllLines(file,
        [
            $"dataDir={data}", $"clientPort={ports[number - 1]}", "clientPortAddress=127.0.0.1", "tickTime=2000", "initLimit=10", "syncLimit=5", "maxSessionTimeout=120000",
            "admin.enableServer=false", "4lw.commands.whitelist=srvr", "maxClientCnxns=0", "autopurge.purgeInterval=0",
            .. Enumerable.Range(1, 3).Select(peer => $"server.{peer}=127.0.0.1:{ports[2 + peer]}:{ports[5 + peer]}"),
        ]);
        _servers.Add(OwnedProcess.Start(["java", "-Xmx1g", "-cp", Jar, "org.apache.zookeeper.server.quorum.QuorumPeerMain", file]));
    }

    // What "srvr" tells; nothing where it is not there yet.
    private static async Task<string> TellAsync(int port)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port);
            await client.GetStream().WriteAsync("srvr"u8.ToArray());
            using var reader = new StreamReader(client.GetStream(), Encoding.ASCII);
            return await reader.ReadToEndAsync();
        }
        catch (Exception cause) when (cause is SocketException or IOException)
        {
            return "";
        }
    }
}

/// <summary>ZooKeeper by its own protocol, at the leader.</summary>
/// <param name="port">The leader's port.</param>
public sealed class ZooKeeperTarget(int port) : ILoadTarget
{
    // One session for so many clients: more sessions make it no faster.
    private const int ClientsPerSession = 64;

    private static readonly IReadOnlyList<byte[]> Values = Data.Utf8(Data.Values);
    private static readonly string[] Paths = [.. Data.Keys.Select(static key => $"/bench/{key}")];

    private readonly List<ZooKeeperConnection> _sessions = [];

    /// <inheritdoc/>
    public string Name => "ZooKeeper";

    /// <inheritdoc/>
    public async Task OpenAsync(int clients)
    {
        if (_sessions.Count == 0)
        {
            _sessions.Add(await ZooKeeperConnection.OpenAsync(port));
            await _sessions[0].CreateAsync("/bench", isEphemeral: false);
            await _sessions[0].CreateAsync("/locks", isEphemeral: false);
            foreach (var paths in Paths.Chunk(256))
            {
                await Task.WhenAll(paths.Select(path => _sessions[0].CreateAsync(path, isEphemeral: false)));
            }
        }

        while (_sessions.Count * ClientsPerSession < clients)
        {
            _sessions.Add(await ZooKeeperConnection.OpenAsync(port));
        }
    }

    /// <inheritdoc/>
    public async ValueTask PutAsync(int client, int key, int value) => await SessionOf(client).SetAsync(Paths[key], Values[value]);

    /// <inheritdoc/>
    public async ValueTask GetAsync(int client, int key) => await SessionOf(client).GetAsync(Paths[key]);

    /// <inheritdoc/>
    public async ValueTask LockAsync(int client)
    {
        var path = $"/locks/lock-{client}";
        if (!await SessionOf(client).CreateAsync(path, isEphemeral: true))
        {
            throw new InvalidOperationException($"{path} is held");
        }

        await SessionOf(client).DeleteAsync(path);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _sessions.ForEach(static session => session.Dispose());
        return ValueTask.CompletedTask;
    }

    private ZooKeeperConnection SessionOf(int client) => _sessions[client / ClientsPerSession];
}
