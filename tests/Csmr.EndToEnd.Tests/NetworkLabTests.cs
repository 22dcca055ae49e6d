using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Csmr.Chaos.Network;
using Microsoft.Win32.SafeHandles;

namespace Csmr.EndToEnd.Tests;

/// <summary>The network of the harness does to packets what it is asked to, and nothing else.</summary>
public sealed class NetworkLabTests
{
    private const int Port = 5000;
    private const int Datagrams = 400;
    private const int NewNetwork = 0x4000_0000; // CLONE_NEWNET

    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task Links_EachDirectionAlone_CutAndHealed()
    {
        await using var lab = await StartAsync("a", "b", "c");
        using var a = UdpSocket(lab, "a");
        using var b = UdpSocket(lab, "b");
        using var c = UdpSocket(lab, "c");
        using var harness = UdpSocket(lab, NetworkLab.Harness);
        Assert.True(await ArrivesAsync(lab, a, "b", b));
        Assert.True(await ArrivesAsync(lab, harness, "a", a));

        lab.Set("a", "b", LinkQuality.Cut);
        Assert.False(await ArrivesAsync(lab, a, "b", b));
        Assert.True(await ArrivesAsync(lab, b, "a", a));
        Assert.True(await ArrivesAsync(lab, a, "c", c));

        lab.SetInto("c", LinkQuality.Cut);
        Assert.False(await ArrivesAsync(lab, a, "c", c));
        Assert.True(await ArrivesAsync(lab, c, "a", a));
        lab.SetAround("c", LinkQuality.Cut);
        Assert.False(await ArrivesAsync(lab, c, "a", a));
        Assert.False(await ArrivesAsync(lab, c, NetworkLab.Harness, harness));

        lab.Heal();
        Assert.True(await ArrivesAsync(lab, a, "b", b));
        Assert.True(await ArrivesAsync(lab, c, NetworkLab.Harness, harness));
    }

    [Fact]
    public async Task Links_OfBadQuality_LoseDoubleReorderAndDelay()
    {
        await using var lab = await StartAsync("a", "b");
        using var a = UdpSocket(lab, "a");
        using var b = UdpSocket(lab, "b");
        Assert.Equal(Enumerable.Range(0, Datagrams), await SendAllAsync(lab, a, b));

        lab.Set("a", "b", new LinkQuality { Loss = 0.3 });
        var lossy = await SendAllAsync(lab, a, b);
        Assert.InRange(lossy.Count, Datagrams / 2, Datagrams * 9 / 10);
        Assert.Equal(lossy.Order(), lossy);

        lab.Set("a", "b", new LinkQuality { Duplication = 0.3 });
        var doubled = await SendAllAsync(lab, a, b);
        Assert.InRange(doubled.Count, Datagrams * 11 / 10, Datagrams * 3 / 2);
        Assert.Equal(Datagrams, doubled.Distinct().Count());

        lab.Set("a", "b", new LinkQuality { Reordering = 0.3 });
        var reordered = await SendAllAsync(lab, a, b);
        Assert.NotEqual(reordered.Order(), reordered);
        Assert.Equal(Enumerable.Range(0, Datagrams), reordered.Order());

        lab.Set("a", "b", new LinkQuality { Delay = TimeSpan.FromMilliseconds(200), Jitter = TimeSpan.FromMilliseconds(10) });
        var watch = Stopwatch.StartNew();
        Assert.Equal(Enumerable.Range(0, Datagrams), await SendAllAsync(lab, a, b));
        Assert.True(watch.ElapsedMilliseconds >= 200, $"frames that wait 200 ms were there after {watch.ElapsedMilliseconds} ms");

        lab.Set("a", "b", new LinkQuality { BytesPerSecond = 100_000 });
        watch.Restart();
        Assert.Equal(Datagrams, (await SendAllAsync(lab, a, b)).Count);
        Assert.True(watch.ElapsedMilliseconds >= 150, $"about 18 KB at 100 KB/s were there after {watch.ElapsedMilliseconds} ms");
    }

    [Fact]
    public async Task Resets_BreakConnections_AndEnd()
    {
        await using var lab = await StartAsync("a", "b");
        using var listener = In(lab, "b", static () => new TcpListener(IPAddress.Any, Port));
        listener.Start();
        using var client = In(lab, "a", static () => new TcpClient(AddressFamily.InterNetwork));
        await client.ConnectAsync(lab.AddressOf("b"), Port);
        using var server = await listener.AcceptTcpClientAsync();
        await client.GetStream().WriteAsync(new byte[10]);
        await server.GetStream().ReadExactlyAsync(new byte[10]);

        await lab.StartResettingAsync("b");
        await client.GetStream().WriteAsync(new byte[10]);
        await Assert.ThrowsAsync<IOException>(async () => await client.GetStream().ReadExactlyAsync(new byte[1]));
        using var refused = In(lab, "a", static () => new TcpClient(AddressFamily.InterNetwork));
        await Assert.ThrowsAsync<SocketException>(async () => await refused.ConnectAsync(lab.AddressOf("b"), Port));

        await lab.StopResettingAsync("b");
        using var again = In(lab, "a", static () => new TcpClient(AddressFamily.InterNetwork));
        await again.ConnectAsync(lab.AddressOf("b"), Port);
    }

    [Fact]
    public async Task Namespaces_OfADeadProcess_AreRemovedByTheNextLab()
    {
        await using (var lab = await StartAsync("a"))
        {
            Assert.True(File.Exists(lab.NamespaceOf("a")));
        }

        // No process has a number beyond the system's largest.
        const string Stale = "csmr-4194304-0-n1";
        await Chaos.Processes.Tool.RunAsync("ip", "netns", "add", Stale);
        await using var next = await StartAsync("a");
        Assert.False(File.Exists($"/run/netns/{Stale}"));
        Assert.True(File.Exists(next.NamespaceOf("a")));
        await next.DisposeAsync();
        Assert.False(File.Exists(next.NamespaceOf("a")));
    }

    private static Task<NetworkLab> StartAsync(params string[] hosts)
    {
        Assert.SkipWhen(NetworkLab.WhyNot is not null, NetworkLab.WhyNot ?? "");
        return NetworkLab.StartAsync(hosts, seed: 1);
    }

    private static UdpClient UdpSocket(NetworkLab lab, string host)
    {
        var address = new IPEndPoint(IPAddress.Parse(lab.AddressOf(host)), Port);
        return In(lab, host, () => new UdpClient(address));
    }

    /// <summary>Makes a socket in a host's namespace: it stays there, whoever uses it.</summary>
    private static T In<T>(NetworkLab lab, string host, Func<T> make)
    {
        var made = default(T);
        var thread = new Thread(() =>
        {
            if (host != NetworkLab.Harness)
            {
                using var file = File.OpenHandle(lab.NamespaceOf(host));
                Assert.Equal(0, SetNamespace(file, NewNetwork));
            }

            made = make();
        });
        thread.Start();
        thread.Join();
        return made!;
    }

    private static async Task<bool> ArrivesAsync(NetworkLab lab, UdpClient from, string to, UdpClient at)
    {
        await from.SendAsync(new byte[4], new IPEndPoint(IPAddress.Parse(lab.AddressOf(to)), Port));
        return await NextAsync(at) is not null;
    }

    /// <summary>Sends numbers from a to b.</summary>
    /// <returns>Those that arrived, in the order of their arrival.</returns>
    private static async Task<IReadOnlyList<int>> SendAllAsync(NetworkLab lab, UdpClient a, UdpClient b)
    {
        b.Client.ReceiveBufferSize = 1 << 20;
        var arrived = Task.Run(async () =>
        {
            List<int> numbers = [];
            while (await NextAsync(b) is { } datagram)
            {
                numbers.Add(BitConverter.ToInt32(datagram));
            }

            return numbers;
        });
        for (var number = 0; number < Datagrams; number++)
        {
            await a.SendAsync(BitConverter.GetBytes(number), new IPEndPoint(IPAddress.Parse(lab.AddressOf("b")), Port));
        }

        return await arrived;
    }

    /// <summary>The next datagram; null when none comes for a while.</summary>
    private static async Task<byte[]?> NextAsync(UdpClient at)
    {
        using var limit = new CancellationTokenSource(Silence);
        try
        {
            return (await at.ReceiveAsync(limit.Token)).Buffer;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    [DllImport("libc", EntryPoint = "setns", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetNamespace(SafeFileHandle file, int kind);
}
