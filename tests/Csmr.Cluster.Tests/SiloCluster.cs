using System.Diagnostics;
using System.Text;
using Csmr.Client;
using Csmr.Composition.Plans;
using Csmr.Grains.Hosting;
using Csmr.Grains.Routing;
using Csmr.Replication.Ports;
using Csmr.Server.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Csmr.Cluster.Tests;

/// <summary>
/// A whole cluster in this process: replica silos with journals in a temporary directory, and a gateway silo, over the
/// embedded membership. Silos can be stopped, killed and started again.
/// </summary>
internal sealed class SiloCluster : IAsyncDisposable
{
    private static readonly TimeSpan StartOrStopLimit = TimeSpan.FromMinutes(3);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("csmr-cluster-");
    private readonly Dictionary<string, SiloNode> _nodes = new(StringComparer.Ordinal);
    private readonly Action<ISiloBuilder>? _further;
    private readonly Func<string, IJournal, IJournal> _journal;
    private readonly Func<string, TimeProvider> _clock;

    private SiloCluster(
        Plan plan, Action<ISiloBuilder>? further, Func<string, IJournal, IJournal>? journal, Func<string, TimeProvider>? clock) =>
        (Plan, _further, _journal, _clock) = (plan, further, journal ?? ((_, own) => own), clock ?? (_ => TimeProvider.System));

    /// <summary>The plan of the silos that are started from now on.</summary>
    public Plan Plan { get; set; }

    public EmbeddedCluster Membership { get; } = new();

    /// <summary>Enters calls at the gateway silo.</summary>
    public IInvoker Invoker => ServicesOf("gateway").GetRequiredService<IInvoker>();

    public IClusterView View => ServicesOf("gateway").GetRequiredService<IClusterView>();

    public static async Task<SiloCluster> StartAsync(
        Plan plan,
        Action<ISiloBuilder>? further = null,
        Func<string, IJournal, IJournal>? journal = null,
        Func<string, TimeProvider>? clock = null)
    {
        var cluster = new SiloCluster(plan, further, journal, clock);
        await Task.WhenAll(plan.Nodes.Append("gateway").Select(cluster.StartSiloAsync));
        await cluster.UntilReadyAsync();
        return cluster;
    }

    public string DirectoryOf(string silo) => Path.Combine(_directory.FullName, silo);

    public IServiceProvider ServicesOf(string silo) => _nodes[silo].Host.Services;

    public SiloNode NodeOf(string silo) => _nodes[silo];

    public async Task StartSiloAsync(string name)
    {
        var node = SiloNode.Open(SettingsOf(name));
        lock (_nodes)
        {
            _nodes[name] = node;
        }

        await InTimeAsync(node.StartAsync(), $"silo {name} starts");
    }

    public SiloSettings SettingsOf(string name)
    {
        var ports = FreePorts.Take(2);
        return new SiloSettings
        {
            Name = name,
            Cluster = Plan.Name,
            Plan = Plan,
            Clustering = Membership.Use,
            SiloPort = ports[0],
            GatewayPort = ports[1],
            Directory = Plan.Nodes.Contains(name) ? DirectoryOf(name) : null,
            CheckpointDirectory = name == "gateway" ? DirectoryOf("checkpoints") : null,
            Logging = static logging => logging.ClearProviders(),
            Further = silo =>
            {
                silo.Services.AddSingleton(_clock(name));
                _further?.Invoke(silo);
            },
            Journal = own => _journal(name, own),
        };
    }

    public Task StopSiloAsync(string name) => StopAsync(Forget(name));

    public Task KillSiloAsync(string name) => InTimeAsync(Forget(name).KillAsync(), $"silo {name} is killed");

    public Task UntilReadyAsync() =>
        Until.TrueAsync(() => Task.FromResult(View.IsReady), "every group has a serving leader that the gateway reaches", StateAsync);

    public async Task<InvocationReply> CallAsync(string operation, string arguments, string? key = null, int timeoutMs = 20_000) =>
        await Invoker.InvokeAsync(new InvocationRequest
        {
            Operation = operation,
            Arguments = Encoding.UTF8.GetBytes(arguments),
            IdempotencyKey = key,
            TimeoutMs = timeoutMs,
        });

    public async Task<string> LeaderAsync(string group)
    {
        string? leader = null;
        await Until.TrueAsync(
            async () => (leader = (await View.GetGroupAsync(new GroupId(group)))?.Leader) is not null,
            $"group {group} has a leader");
        return leader!;
    }

    /// <summary>Waits until so many replicas of a group have applied the same and have equal digests.</summary>
    public Task UntilEqualAsync(string group, int count) => Until.TrueAsync(
        async () =>
        {
            var status = await View.GetGroupAsync(new GroupId(group));
            var states = status!.Replicas.Where(replica => replica.Status?.Digest is not null).Select(replica => (replica.Status!.AppliedUpTo, replica.Status.Digest)).ToArray();
            return states.Length == count && states.Distinct().Count() == 1;
        },
        $"all {count} replicas of {group} have applied the same and have equal digests");

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_nodes.Values.ToArray().Select(StopAsync));
        _directory.Delete(recursive: true);
    }

    private static Task StopAsync(SiloNode node) => InTimeAsync(node.DisposeAsync().AsTask(), $"silo {node.Settings.Name} stops");

    // What Orleans does has no limit of its own everywhere: a test must fail by name, not hang.
    private static async Task InTimeAsync(Task task, string what)
    {
        try
        {
            await task.WaitAsync(StartOrStopLimit);
        }
        catch (TimeoutException) when (!task.IsCompleted)
        {
            Assert.Fail($"Did not happen within {StartOrStopLimit.TotalSeconds} s: {what}.");
        }
    }

    private async Task<string> StateAsync()
    {
        var status = await View.GetStatusAsync();
        var groups = status.Groups.SelectMany(static group => group.Replicas.Select(replica => $"{group.Id} {replica.Node}: {replica.Status?.ToString() ?? "not reached"}"));
        return string.Join(Environment.NewLine, status.Silos.Select(static silo => silo.ToString()).Concat(groups));
    }

    private SiloNode Forget(string name)
    {
        lock (_nodes)
        {
            _nodes.Remove(name, out var node);
            return node!;
        }
    }
}

/// <summary>Waits for conditions, generously, and says which one did not come about.</summary>
internal static class Until
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    public static Task TrueAsync(Func<bool> condition, string what) => TrueAsync(() => Task.FromResult(condition()), what);

    public static async Task TrueAsync(Func<Task<bool>> condition, string what, Func<Task<string>>? state = null)
    {
        var watch = Stopwatch.StartNew();
        while (!await condition())
        {
            if (watch.Elapsed >= Limit)
            {
                Assert.Fail($"Did not happen within {Limit.TotalSeconds} s: {what}. {(state is null ? "" : await state())}");
            }

            await Task.Delay(Pause); // pause: between two looks at a condition
        }
    }
}
