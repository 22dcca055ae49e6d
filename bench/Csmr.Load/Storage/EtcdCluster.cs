using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Csmr.Chaos.Processes;

namespace Csmr.Load.Storage;

/// <summary>Three etcd processes with their data in a temporary directory, spoken to by their JSON gateway: what CSMR is compared with.</summary>
public sealed class EtcdCluster : IAsyncDisposable
{
    private const int PutsPerTransaction = 100;
    private const int Loaders = 8;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    private readonly TemporaryDirectory _directory = new();
    private readonly Member[] _members = [.. Enumerable.Range(0, 3).Select(static number => new Member(number))];

    /// <summary>Why there can be none here; null where there can.</summary>
    public static string? WhyNot => Tool.WhyNot("etcd");

    /// <summary>Starts one.</summary>
    /// <returns>A cluster that answers.</returns>
    public static async Task<EtcdCluster> StartAsync()
    {
        var cluster = new EtcdCluster();
        foreach (var member in cluster._members)
        {
            cluster.Start(member, "new");
        }

        foreach (var member in cluster._members)
        {
            await UntilAsync(async () => await AppliedAsync(member) > 0, $"etcd {member.Name} answers");
        }

        return cluster;
    }

    /// <summary>The processes of the members that run.</summary>
    public IReadOnlyList<int> Processes => [.. _members.Select(static member => member.Process).OfType<OwnedProcess>().Select(static process => process.Id)];

    /// <summary>Where the members serve.</summary>
    /// <returns>Their addresses, the leader's first.</returns>
    public async Task<IReadOnlyList<Uri>> UrlsAsync()
    {
        var leader = await LeaderAsync();
        return [.. _members.OrderBy(member => member == leader ? 0 : 1).Select(static member => member.Http.BaseAddress!)];
    }

    /// <summary>SIGKILL for the leader, which is started again when its place was taken.</summary>
    /// <param name="before">Is told the time stamp just before.</param>
    /// <param name="meanwhile">What is waited for before it is started again.</param>
    /// <returns>Completes when it is back.</returns>
    public async Task KillLeaderAsync(Action<long> before, Func<Task> meanwhile)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(meanwhile);
        var leader = await LeaderAsync();
        before(System.Diagnostics.Stopwatch.GetTimestamp());
        await leader.Process!.DisposeAsync();
        leader.Process = null;
        await meanwhile();
        await BackAsync(leader, "existing");
    }

    /// <summary>Puts keys.</summary>
    /// <param name="count">How many.</param>
    /// <param name="pair">The key and the value of a number.</param>
    public async Task PutAllAsync(int count, Func<int, (string Key, string Value)> pair)
    {
        var next = -PutsPerTransaction;
        await Task.WhenAll(Enumerable.Range(0, Loaders).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Add(ref next, PutsPerTransaction) is var first && first < count)
            {
                var puts = Enumerable.Range(first, Math.Min(PutsPerTransaction, count - first)).Select(pair)
                    .Select(static one => new { requestPut = new { key = Base64(one.Key), value = Base64(one.Value) } });
                using var answer = await PostAsync(_members[0], "/v3/kv/txn", new { success = puts });
            }
        })));
    }

    /// <summary>Stops a member in order and starts it again.</summary>
    /// <returns>The time from its start until it has applied what the others had.</returns>
    public async Task<BackTime> RestartAsync()
    {
        var member = _members[^1];
        await StopAsync(member);
        return await BackAsync(member, "existing");
    }

    /// <summary>Stops a member, empties its disk, and puts a new one into its place.</summary>
    /// <returns>The time from the new one's start until it has applied what the others had.</returns>
    public async Task<BackTime> ReplaceAsync()
    {
        var member = _members[^1];
        await StopAsync(member);
        using (var list = await PostAsync(_members[0], "/v3/cluster/member/list", new { }))
        {
            var id = list.RootElement.GetProperty("members").EnumerateArray()
                .Single(one => one.TryGetProperty("name", out var name) && name.GetString() == member.Name).GetProperty("ID").GetString();
            using var removed = await PostAsync(_members[0], "/v3/cluster/member/remove", new Dictionary<string, string?>(StringComparer.Ordinal) { ["ID"] = id });
        }

        // Refused for some seconds after a change.
        await UntilAsync(
            async () =>
            {
                using var added = await PostAsync(_members[0], "/v3/cluster/member/add", new { peerURLs = new[] { member.PeerUrl } });
                return true;
            },
            $"etcd takes {member.Name} again");
        Directory.Delete(_directory.Sub(member.Name), recursive: true);
        return await BackAsync(member, "existing");
    }

    /// <summary>What the files of a member take.</summary>
    /// <returns>Bytes.</returns>
    public long DiskBytes() => Disk.BytesOf(_directory.Sub(_members[^1].Name));

    /// <summary>The version that runs.</summary>
    /// <returns>Its number.</returns>
    public static async Task<string> VersionAsync() => (await Tool.RunAsync("etcd", "--version")).Split('\n')[0].Split(' ')[^1];

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var member in _members)
        {
            await StopAsync(member);
            member.Http.Dispose();
        }

        _directory.Dispose();
    }

    private static async Task StopAsync(Member member)
    {
        if (member.Process is { } process)
        {
            process.Signal(OwnedProcess.SignalTerminate);
            await process.WaitForExitAsync(Limit);
            await process.DisposeAsync();
            member.Process = null;
        }
    }

    private async Task<BackTime> BackAsync(Member member, string state)
    {
        var goal = await AppliedAsync(_members.First(static other => other.Process is not null));
        var watch = System.Diagnostics.Stopwatch.StartNew();
        Start(member, state);
        await UntilAsync(async () => await AppliedAsync(member) >= goal, $"etcd {member.Name} has applied {goal}");
        return new BackTime(watch.Elapsed, Disk.CpuOf(member.Process!.Id));
    }

    private void Start(Member member, string state) => member.Process = OwnedProcess.Start(
    [
        "etcd", "--name", member.Name, "--data-dir", _directory.Sub(member.Name), "--log-level", "error", "--quota-backend-bytes", "8589934592",
        "--listen-client-urls", member.Url, "--advertise-client-urls", member.Url, "--listen-peer-urls", member.PeerUrl, "--initial-advertise-peer-urls", member.PeerUrl,
        "--initial-cluster", string.Join(',', _members.Select(static one => $"{one.Name}={one.PeerUrl}")), "--initial-cluster-state", state,
    ]);

    private static async Task UntilAsync(Func<Task<bool>> condition, string what) =>
        HarnessException.Require(await Wait.UntilAsync(Limit, condition), () => $"within {Limit}: {what}");

    private static async Task<long> AppliedAsync(Member member)
    {
        using var status = await PostAsync(member, "/v3/maintenance/status", new { });
        return status.RootElement.TryGetProperty("raftAppliedIndex", out var index) ? long.Parse(index.GetString()!, CultureInfo.InvariantCulture) : 0;
    }

    private async Task<Member> LeaderAsync()
    {
        var running = _members.Where(static member => member.Process is not null).ToList();
        Member? found = null;
        await UntilAsync(
            async () =>
            {
                foreach (var member in running)
                {
                    using var status = await PostAsync(member, "/v3/maintenance/status", new { });
                    found = status.RootElement.TryGetProperty("leader", out var leader) && leader.GetString() == status.RootElement.GetProperty("header").GetProperty("member_id").GetString() ? member : found;
                }

                return found is not null;
            },
            "etcd has a leader");
        return found!;
    }

    private static async Task<JsonDocument> PostAsync(Member member, string path, object body)
    {
        using var answer = await member.Http.PostAsJsonAsync(new Uri(path, UriKind.Relative), body);
        var text = await answer.Content.ReadAsStringAsync();
        return answer.IsSuccessStatusCode ? JsonDocument.Parse(text) : throw new HttpRequestException($"etcd {member.Name} {path}: {(int)answer.StatusCode} {text}");
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private sealed class Member(int number)
    {
        public string Name { get; } = $"etcd{number}";

        public string Url => Http.BaseAddress!.OriginalString;

        public string PeerUrl { get; } = $"http://127.0.0.1:{FreePorts.Next()}";

        public HttpClient Http { get; } = new() { BaseAddress = new Uri($"http://127.0.0.1:{FreePorts.Next()}"), Timeout = TimeSpan.FromMinutes(1) };

        public OwnedProcess? Process { get; set; }
    }
}
