using System.ComponentModel;
using System.Net.NetworkInformation;
using Csmr.Chaos.Processes;

namespace Csmr.Chaos.Network;

/// <summary>
/// Hosts of our own on one private subnet: network namespaces of which each has one interface, joined by a switch in this process that
/// can cut, delay, lose, double and reorder what passes in each direction between any two of them. The machine itself is a host of it
/// too (<see cref="Harness"/>). Nothing else of the machine's network is touched, and all is gone when it is disposed of; what the death
/// of a process left behind is removed when the next lab is made.
/// </summary>
public sealed class NetworkLab : IAsyncDisposable
{
    /// <summary>The machine itself: where the harness, its clients and the database are.</summary>
    public const string Harness = "harness";

    private const string Prefix = "csmr-";
    private const string NamespaceDirectory = "/run/netns";
    private const string DevicePattern = "csmr%d";
    private const string DeviceInside = "eth0";

    private static readonly Lazy<string?> Obstacle = new(FindObstacle);

    private readonly string[] _names;
    private readonly string _subnet;
    private readonly string _scope;
    private FrameSwitch? _switch;

    private NetworkLab(IReadOnlyList<string> hosts)
    {
        var number = FreeSubnet();
        _names = [Harness, .. hosts];

        // A range that is set aside for tests of networks: no real host has such an address.
        _subnet = $"198.18.{number}";
        _scope = $"{Prefix}{Environment.ProcessId}-{number}-";
    }

    /// <summary>The names of its hosts, <see cref="Harness"/> among them.</summary>
    public IReadOnlyList<string> Hosts => _names;

    /// <summary>Why there can be none here; null where there can.</summary>
    public static string? WhyNot => Obstacle.Value;

    /// <summary>Makes one.</summary>
    /// <param name="hosts">The names of its hosts.</param>
    /// <param name="seed">Decides on the chances of all links.</param>
    public static async Task<NetworkLab> StartAsync(IReadOnlyList<string> hosts, int seed)
    {
        ArgumentNullException.ThrowIfNull(hosts);
        HarnessException.Require(WhyNot is null, () => WhyNot!);
        await RemoveStaleAsync();
        var lab = new NetworkLab(hosts);
        try
        {
            await lab.BuildAsync(seed);
            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    /// <summary>A host's address.</summary>
    public string AddressOf(string host) => $"{_subnet}.{PortOf(host) + 1}";

    /// <summary>The file that stands for a host's namespace.</summary>
    public string NamespaceOf(string host) => $"{NamespaceDirectory}/{_scope}{host}";

    /// <summary>Where a process of a host runs.</summary>
    public Place PlaceOf(string host, Place? otherwise = null)
    {
        var place = (otherwise ?? new Place()) with { Address = AddressOf(host) };
        return host == Harness ? place : place with { Wrapper = [.. InNamespace(host), .. place.Wrapper] };
    }

    /// <summary>Changes one direction.</summary>
    public void Set(string from, string to, LinkQuality quality) => _switch![PortOf(from), PortOf(to)].Quality = quality;

    /// <summary>Changes both directions between two hosts.</summary>
    public void SetBoth(string one, string other, LinkQuality quality)
    {
        Set(one, other, quality);
        Set(other, one, quality);
    }

    /// <summary>Changes all directions between a host and all others.</summary>
    public void SetAround(string host, LinkQuality quality) => Array.ForEach(Others(host), other => SetBoth(host, other, quality));

    /// <summary>Changes what a host gets from all others.</summary>
    public void SetInto(string host, LinkQuality quality) => Array.ForEach(Others(host), other => Set(other, host, quality));

    /// <summary>Changes what all others get from a host.</summary>
    public void SetOutOf(string host, LinkQuality quality) => Array.ForEach(Others(host), other => Set(host, other, quality));

    /// <summary>Changes all directions.</summary>
    public void SetAll(LinkQuality quality) => Array.ForEach(_names, host => SetAround(host, quality));

    /// <summary>Makes all directions perfect again.</summary>
    public void Heal() => SetAll(LinkQuality.Perfect);

    /// <summary>From now on every TCP segment that reaches a host is answered by a reset; what is connected breaks as soon as it is used.</summary>
    public Task StartResettingAsync(string host) => Tool.RunWithInputAsync(
        """
        table ip csmr {
            chain input {
                type filter hook input priority 0; policy accept;
                iifname != "lo" meta l4proto tcp reject with tcp reset
            }
        }
        """,
        [.. InNamespace(host), "nft", "-f", "-"]);

    /// <summary>Ends it.</summary>
    public Task StopResettingAsync(string host) => Tool.TryAsync([.. InNamespace(host), "nft", "delete", "table", "ip", "csmr"]);

    public async ValueTask DisposeAsync()
    {
        _switch?.Dispose();
        foreach (var host in _names.Skip(1).Where(host => File.Exists(NamespaceOf(host))))
        {
            await Tool.TryAsync("ip", "netns", "delete", _scope + host);
        }
    }

    private static string? FindObstacle()
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            return "network namespaces need Linux and root";
        }

        if (Tool.WhyNot("ip", "nft", "nsenter") is { } missing)
        {
            return missing;
        }

        try
        {
            TapDevice.Create(DevicePattern).Dispose();
            var name = $"{Prefix}{Environment.ProcessId}-try";
            Tool.RunAsync("ip", "netns", "add", name).GetAwaiter().GetResult();
            Tool.RunAsync("ip", "netns", "delete", name).GetAwaiter().GetResult();
            return null;
        }
        catch (Exception cause) when (cause is Win32Exception or HarnessException)
        {
            return $"this machine lets nobody make network interfaces and namespaces: {cause.Message}";
        }
    }

    private static async Task RemoveStaleAsync()
    {
        if (!Directory.Exists(NamespaceDirectory))
        {
            return;
        }

        foreach (var name in Directory.GetFiles(NamespaceDirectory, Prefix + "*").Select(static path => Path.GetFileName(path)))
        {
            var owner = name.Split('-')[1];
            if (!Directory.Exists($"/proc/{owner}"))
            {
                await Tool.TryAsync("ip", "netns", "delete", name);
            }
        }
    }

    private static int FreeSubnet()
    {
        var used = NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(static device => device.GetIPProperties().UnicastAddresses)
            .Select(static address => address.Address.GetAddressBytes())
            .Where(static bytes => bytes is [198, 18, _, _])
            .Select(static bytes => (int)bytes[2])
            .ToHashSet();
        return Enumerable.Range(0, 256).OrderBy(static _ => Random.Shared.Next()).First(number => !used.Contains(number));
    }

    private async Task BuildAsync(int seed)
    {
        List<TapDevice> ports = [];
        try
        {
            for (var port = 0; port < _names.Length; port++)
            {
                ports.Add(TapDevice.Create(DevicePattern));
                await (port == 0 ? ConnectHarnessAsync(ports[0].Name) : ConnectAsync(_names[port], ports[port].Name));
            }
        }
        catch
        {
            ports.ForEach(static port => port.Dispose());
            throw;
        }

        _switch = new FrameSwitch(ports, seed);
    }

    private Task ConnectHarnessAsync(string device) => Tool.RunWithInputAsync(SettingsOf(Harness, device), "ip", "-batch", "-");

    private async Task ConnectAsync(string host, string device)
    {
        await Tool.RunAsync("ip", "netns", "add", _scope + host);
        await Tool.RunAsync("ip", "link", "set", "dev", device, "netns", _scope + host);
        var settings = $"link set dev lo up\nlink set dev {device} name {DeviceInside}\n{SettingsOf(host, DeviceInside)}";
        await Tool.RunWithInputAsync(settings, "ip", "-netns", _scope + host, "-batch", "-");
    }

    // No IPv6, and all neighbours known: nothing but the hosts' own packets is under way, and a cut is a silence.
    private string SettingsOf(string host, string device)
    {
        var neighbours = Others(host).Select(other => $"neighbour replace {AddressOf(other)} lladdr {FrameSwitch.AddressOf(PortOf(other))} dev {device} nud permanent");
        return $"""
            link set dev {device} address {FrameSwitch.AddressOf(PortOf(host))} addrgenmode none
            address add {AddressOf(host)}/24 dev {device}
            link set dev {device} up
            {string.Join('\n', neighbours)}

            """;
    }

    private string[] InNamespace(string host) => ["nsenter", $"--net={NamespaceOf(host)}"];

    private string[] Others(string host) => Array.FindAll(_names, other => other != host);

    private int PortOf(string host)
    {
        var port = Array.IndexOf(_names, host);
        return port >= 0 ? port : throw new HarnessException($"the network has no host '{host}'");
    }
}
