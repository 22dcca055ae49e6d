using System.Text.Json;
using Csmr.Chaos.Processes;

namespace Csmr.Chaos.Clusters;

/// <summary>
/// Real replica and gateway processes that meet in a PostgreSQL database of their own. Everything of it, processes first, is
/// gone when it is disposed of, and the processes at the latest when the harness ends.
/// </summary>
public sealed class ChaosCluster : IAsyncDisposable
{
    private static readonly TimeSpan ReadyLimit = TimeSpan.FromMinutes(3);

    private readonly TemporaryDirectory? _temporary;
    private readonly string _directory;

    private ChaosCluster(ChaosClusterOptions options)
    {
        Options = options;
        _temporary = options.Directory is null ? new TemporaryDirectory { IsKept = options.IsKept } : null;
        _directory = options.Directory ?? _temporary!.Path;
        System.IO.Directory.CreateDirectory(_directory);
        System.IO.Directory.CreateDirectory(Sub("data"));
        ManifestFile = Sub("chaos.yaml");
        Replicas = [.. options.ReplicaNames.Select(name => new ChaosMember(this, name, isReplica: true, options.PlaceOf(name)))];
        Gateways = [.. options.GatewayNames.Select(name => new ChaosMember(this, name, isReplica: false, options.PlaceOf(name)))];
    }

    public ChaosClusterOptions Options { get; }

    /// <summary>The composition under test.</summary>
    public string ManifestFile { get; }

    /// <summary>The directory of data, logs and histories.</summary>
    public string Directory => _directory;

    public PostgresServer Postgres { get; private set; } = null!;

    /// <summary>All segments of the replicas' journals, also those that are deleted.</summary>
    public SegmentArchive Archive { get; private set; } = null!;

    public IReadOnlyList<ChaosMember> Replicas { get; }

    public IReadOnlyList<ChaosMember> Gateways { get; }

    public IEnumerable<ChaosMember> Members => [.. Replicas, .. Gateways];

    /// <summary>How many replicas of a group may fail.</summary>
    public int F => (Replicas.Count - 1) / 2;

    public ChaosMember this[string name] => Members.First(member => member.Name == name);

    public string Sub(string name) => Path.Combine(_directory, name);

    /// <summary>Starts a cluster and waits until both gateways reach the leaders of all groups.</summary>
    public static async Task<ChaosCluster> StartAsync(ChaosClusterOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var cluster = new ChaosCluster(options);
        try
        {
            await File.WriteAllTextAsync(cluster.ManifestFile, options.Manifest(options.ReplicaNames), cancellationToken);
            cluster.Postgres = await PostgresServer.StartAsync(options.PlaceOf(ChaosClusterOptions.Postgres));
            cluster.Archive = SegmentArchive.Start(options.IsArchived ? cluster.Replicas : []);
            foreach (var member in cluster.Members)
            {
                await member.StartAsync();
            }

            await cluster.WaitReadyAsync(ReadyLimit, cancellationToken);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until every gateway reaches the leaders of all groups.</summary>
    public async Task WaitReadyAsync(TimeSpan limit, CancellationToken cancellationToken = default)
    {
        var isReady = await Wait.UntilAsync(
            limit,
            async () => (await Task.WhenAll(Gateways.Select(gateway => gateway.Process!.IsReadyAsync(cancellationToken)))).All(static ready => ready),
            cancellationToken);
        HarnessException.Require(isReady, () => $"the gateways were not ready within {limit}:\n{Tails()}");
    }

    /// <summary>Waits until every process runs, every gateway is ready and every replica of every group takes part again.</summary>
    public async Task WaitWholeAsync(TimeSpan limit, CancellationToken cancellationToken = default)
    {
        var missing = "no gateway answers";
        var isWhole = await Wait.UntilAsync(
            limit,
            async () =>
            {
                missing = await FindMissingAsync(cancellationToken);
                return missing.Length == 0;
            },
            cancellationToken);
        HarnessException.Require(isWhole, () => $"not everything was back within {limit}: {missing}\n{Tails()}");
    }

    /// <summary>The groups with their leaders and replicas, as the first gateway that answers tells.</summary>
    public async Task<IReadOnlyList<GroupView>> GroupsAsync(CancellationToken cancellationToken = default)
    {
        using var json = await AskAsync("/v1/groups", cancellationToken);
        return [.. json.RootElement.GetProperty("groups").EnumerateArray().Select(GroupView.Read)];
    }

    /// <summary>One group, with the digests of its replicas' states.</summary>
    public async Task<GroupView> GroupAsync(string group, CancellationToken cancellationToken = default)
    {
        using var json = await AskAsync($"/v1/groups/{group}", cancellationToken);
        return GroupView.Read(json.RootElement);
    }

    /// <summary>The member whose replica of a group leads and serves; null where none does.</summary>
    public async Task<ChaosMember?> LeaderOfAsync(string group, CancellationToken cancellationToken = default)
    {
        var view = (await GroupsAsync(cancellationToken)).FirstOrDefault(candidate => candidate.Group == group);
        return view?.Leader is { } name ? this[name] : null;
    }

    /// <summary>Sends a request to a gateway that runs.</summary>
    /// <returns>The status and the body, in a line; why there is none.</returns>
    public async Task<string> AdministerAsync(HttpMethod method, string path, HttpContent? body, CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body };
        try
        {
            using var answer = await Gateways.First(static gateway => gateway.IsRunning).Process!.Http.SendAsync(request, cancellationToken);
            return $"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(cancellationToken)}";
        }
        catch (Exception cause) when (cause is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return cause.Message;
        }
    }

    /// <summary>The last lines of every process that runs or ran last.</summary>
    public string Tails() =>
        string.Join('\n', Members.Select(static member => $"--- {member.Name}{(member.IsRunning ? "" : " (ended)")}\n{member.Process?.Tail}"));

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(Members.Select(static member => member.DisposeAsync().AsTask()));
        if (Archive is not null)
        {
            await Archive.DisposeAsync();
        }

        if (Postgres is not null)
        {
            await Postgres.DisposeAsync();
        }

        foreach (var belonging in Options.Belongings.Reverse())
        {
            await belonging.DisposeAsync();
        }

        _temporary?.Dispose();
    }

    private async Task<string> FindMissingAsync(CancellationToken cancellationToken)
    {
        if (Members.FirstOrDefault(static member => !member.IsRunning) is { } down)
        {
            return $"{down.Name} does not run";
        }

        foreach (var gateway in Gateways)
        {
            if (!await gateway.Process!.IsReadyAsync(cancellationToken))
            {
                return $"{gateway.Name} is not ready";
            }
        }

        var absent = (await GroupsAsync(cancellationToken)).SelectMany(static group => group.Replicas
            .Where(static replica => !replica.IsReachable || replica.Role is not ("leader" or "follower"))
            .Select(replica => $"{group.Group} at {replica.Node} is {(replica.IsReachable ? replica.Role : "not reachable")} {replica.Stopped}"));
        return string.Join(", ", absent);
    }

    /// <summary>Asks the gateways one after the other until one answers.</summary>
    private async Task<JsonDocument> AskAsync(string path, CancellationToken cancellationToken)
    {
        Exception? last = null;
        foreach (var gateway in Gateways.Where(static gateway => gateway.IsRunning))
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(TimeSpan.FromSeconds(15));
            try
            {
                return JsonDocument.Parse(await gateway.Process!.Http.GetStringAsync(new Uri(path, UriKind.Relative), limit.Token));
            }
            catch (Exception cause) when (cause is HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                last = cause;
            }
        }

        throw new HttpRequestException($"no gateway answers {path}", last);
    }
}
