using System.Net.Http.Json;
using Csmr.Chaos.Processes;
using Csmr.Load.Compare.Serving;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Win32.SafeHandles;

namespace Csmr.Load.Compare.Systems;

/// <summary>Small servers of this program.</summary>
public sealed class ServedSystem : ILoadSystem
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private readonly TemporaryDirectory _directory = new();
    private readonly List<OwnedProcess> _servers = [];

    private ServedSystem(string name) => Name = name;

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public IReadOnlyList<int> Processes => [.. _servers.Select(static server => server.Id)];

    /// <summary>Where it serves; of several servers, the leader.</summary>
    public Uri Url { get; private set; } = new("http://127.0.0.1");

    /// <summary>Kestrel with nothing behind it.</summary>
    /// <returns>The system.</returns>
    public static Task<ServedSystem> EchoAsync() => StartAsync("Kestrel", "echo");

    /// <summary>Kestrel with a durable append behind it.</summary>
    /// <returns>The system.</returns>
    public static Task<ServedSystem> CommitAsync() => StartAsync("Kestrel, group-committed fdatasync", "commit");

    /// <summary>Three replicas by the Raft of DotNext.</summary>
    /// <returns>The system.</returns>
    public static async Task<ServedSystem> RaftAsync()
    {
        var system = new ServedSystem("DotNext Raft");
        int[] peers = [.. Enumerable.Range(0, 3).Select(static _ => FreePorts.Next())];
        var urls = new List<Uri>();
        foreach (var peer in peers)
        {
            var port = FreePorts.Next();
            urls.Add(new Uri($"http://127.0.0.1:{port}"));
            system._servers.Add(ServeCommand.Start("raft", [port, peer, .. peers], Directory.CreateDirectory(system._directory.Sub($"raft{peer}")).FullName));
        }

        using var http = new HttpClient();
        await system.UntilAsync(async () =>
        {
            foreach (var url in urls)
            {
                using var answer = await http.GetAsync(new Uri(url, "/leader"));
                system.Url = answer.IsSuccessStatusCode ? url : system.Url;
            }

            return !system.Url.IsDefaultPort;
        });
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

    private static async Task<ServedSystem> StartAsync(string name, string what)
    {
        var system = new ServedSystem(name);
        var port = FreePorts.Next();
        system.Url = new Uri($"http://127.0.0.1:{port}");
        system._servers.Add(ServeCommand.Start(what, [port], system._directory.Sub("commit")));
        using var http = new HttpClient { BaseAddress = system.Url };
        await system.UntilAsync(async () => (await http.PostAsJsonAsync(new Uri("/", UriKind.Relative), new { key = "", value = "" })).IsSuccessStatusCode);
        return system;
    }

    private async Task UntilAsync(Func<Task<bool>> isUp) => HarnessException.Require(
        await Wait.UntilAsync(Limit, isUp), () => $"{Name} did not come up: {string.Join('\n', _servers.Select(static server => server.Tail))}");
}

/// <summary>Puts and nothing else.</summary>
/// <param name="name">As tables name it.</param>
/// <param name="put">Makes one of a value.</param>
public sealed class PutTarget(string name, Func<byte[], ValueTask> put) : ILoadTarget
{
    private static readonly IReadOnlyList<byte[]> Values = Data.Utf8(Data.Values);

    /// <inheritdoc/>
    public string Name => SideResult.Limit + name;

    /// <inheritdoc/>
    public Task OpenAsync(int clients) => Task.CompletedTask;

    /// <inheritdoc/>
    public ValueTask PutAsync(int client, int key, int value) => put(Values[value]);

    /// <inheritdoc/>
    public ValueTask GetAsync(int client, int key) => throw new NotSupportedException();

    /// <inheritdoc/>
    public ValueTask LockAsync(int client) => throw new NotSupportedException();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>The disk, flushed after every write: within the load generator itself.</summary>
public sealed class RawDisk : ILoadSystem
{
    private const int FileBytes = 16 << 20;
    private const int SectorBytes = 512;

    private readonly TemporaryDirectory _directory = new();
    private readonly SafeFileHandle _file;
    private readonly byte[] _sector = new byte[SectorBytes];
    private long _offset;

    /// <summary>Makes a file full of zeros.</summary>
    public RawDisk()
    {
        _file = File.OpenHandle(_directory.Sub("raw"), FileMode.Create, FileAccess.ReadWrite);
        RandomAccess.Write(_file, new byte[FileBytes], 0);
        GroupCommit.Sync(_file);
    }

    /// <inheritdoc/>
    public string Name => "disk";

    /// <inheritdoc/>
    public IReadOnlyList<int> Processes => [];

    /// <summary>Writes a sector and flushes it.</summary>
    /// <param name="value">What is written.</param>
    /// <returns>Completed.</returns>
    public ValueTask WriteAsync(byte[] value)
    {
        ArgumentNullException.ThrowIfNull(value);
        value.CopyTo(_sector, 0);
        RandomAccess.Write(_file, _sector, _offset);
        _offset = (_offset + SectorBytes) % FileBytes;
        GroupCommit.Sync(_file);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _file.Dispose();
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }
}

/// <summary>Two silos, one of them in the load generator, and a grain in the other one.</summary>
public sealed class TwoSilos : ILoadSystem
{
    private readonly OwnedProcess _other;
    private readonly IHost _own;
    private IEchoGrain _grain = null!;

    private TwoSilos(IHost own, OwnedProcess other) => (_own, _other) = (own, other);

    /// <inheritdoc/>
    public string Name => "Orleans";

    /// <inheritdoc/>
    public IReadOnlyList<int> Processes => [_other.Id];

    /// <summary>Starts them.</summary>
    /// <returns>The silos.</returns>
    public static async Task<TwoSilos> StartAsync()
    {
        int[] ports = [.. Enumerable.Range(0, 4).Select(static _ => FreePorts.Next())];
        var own = EchoSilo.Build([ports[0], ports[1], ports[0]]);
        await own.StartAsync();
        var silos = new TwoSilos(own, ServeCommand.Start("silo", [ports[2], ports[3], ports[0]]));
        var grains = own.Services.GetRequiredService<IGrainFactory>();
        var number = 0;
        var isFound = await Wait.UntilAsync(TimeSpan.FromMinutes(1), async () =>
        {
            silos._grain = grains.GetGrain<IEchoGrain>(number++);
            return await silos._grain.WhereAsync() != Environment.ProcessId;
        });
        HarnessException.Require(isFound, () => $"the second silo did not join: {silos._other.Tail}");
        return silos;
    }

    /// <summary>Calls the grain in the other silo.</summary>
    /// <param name="value">What is sent.</param>
    /// <returns>Completes with the answer.</returns>
    public async ValueTask CallAsync(byte[] value) => await _grain.EchoAsync(value);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _other.DisposeAsync();
        await _own.StopAsync(new CancellationToken(canceled: true)).ContinueWith(static _ => { }, TaskScheduler.Default);
        _own.Dispose();
    }
}
