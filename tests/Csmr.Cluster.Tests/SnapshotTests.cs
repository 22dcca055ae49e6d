using System.Buffers;
using System.Collections.Concurrent;
using Csmr.Client;
using Csmr.Grains.Hosting;
using Csmr.Grains.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Csmr.Cluster.Tests;

/// <summary>Replicas take snapshots under load, start from them, and get them from each other; real files, small bounds.</summary>
public sealed class SnapshotTests
{
    private const int JournalBytes = 64 << 10;

    [Fact]
    public async Task Follower_IsAwayWhileTheOthersTruncate_CatchesUpByASnapshotUnderLoad()
    {
        await using var cluster = await StartAsync();
        var load = AppendLoad.Start(cluster);
        await load.UntilMoreAsync(20);
        var leader = await cluster.LeaderAsync("events");
        var follower = Plans.Nodes.First(node => node != leader);

        await cluster.StopSiloAsync(follower);
        var away = (await ReplicaAsync(cluster, "events", leader)).LastSlot;
        await UntilSnapshotAsync(cluster, "events", away + 1, Plans.Nodes.Where(node => node != follower));
        await cluster.StartSiloAsync(follower);
        await UntilSnapshotAsync(cluster, "events", away + 1, [follower]);
        await load.UntilMoreAsync(100);
        await load.StopAsync();

        await load.CheckAsync();
        await cluster.UntilEqualAsync("events", Plans.Nodes.Length);
    }

    [Fact]
    public async Task AllSilos_AreKilledAndComeBackBehindSnapshots_EverythingAcknowledgedIsThereAndNothingIsDoneTwice()
    {
        await using var cluster = await StartAsync();
        var first = await cluster.CallAsync("append", """{"entry": "once"}""", key: "the-one");
        var load = AppendLoad.Start(cluster);
        await UntilSnapshotAsync(cluster, "events", 2, Plans.Nodes);
        await load.StopAsync();

        foreach (var node in Plans.Nodes)
        {
            await cluster.KillSiloAsync(node);
        }

        await Task.WhenAll(Plans.Nodes.Select(cluster.StartSiloAsync));
        await cluster.UntilReadyAsync();

        Assert.Equal(first.Body, (await cluster.CallAsync("append", """{"entry": "once"}""", key: "the-one")).Body);
        await load.CheckAsync();
        await cluster.UntilEqualAsync("events", Plans.Nodes.Length);
    }

    [Fact]
    public async Task Witness_WhoseJournalGrows_TakesTheSnapshotOfAnother()
    {
        await using var cluster = await StartAsync(witnesses: 1);
        var load = AppendLoad.Start(cluster);
        await UntilSnapshotAsync(cluster, "events", 2, ["n1", "n2", "n3"]);
        await load.StopAsync();

        await cluster.KillSiloAsync("n3");
        await cluster.StartSiloAsync("n3");
        await UntilSnapshotAsync(cluster, "events", 2, ["n3"]);
        await load.CheckAsync();
    }

    [Fact]
    public async Task Witness_OfAGroupWhereNothingHappens_FreesTheJournalAllTheSame()
    {
        await using var cluster = await StartAsync(witnesses: 1);
        Assert.Equal(CallStatus.Done, (await cluster.CallAsync("append", """{"entry": "only"}""")).Status);

        for (var round = 0; round < 2; round++)
        {
            // The other group's state stays small: a large one would let the journal grow.
            for (var bytes = 0; bytes < 10 * JournalBytes; bytes += 10_000)
            {
                Assert.Equal(CallStatus.Done, (await cluster.CallAsync("put", $$"""{"key": "a", "value": "{{new string('v', 10_000)}}"}""")).Status);
            }

            await Until.TrueAsync(
                async () => (await ReplicaAsync(cluster, "events", "n3")) is { SnapshotSlot: > 0, JournalBytes: < 4 * JournalBytes },
                $"the witness of the idle group holds little of the journal after round {round}");
        }
    }

    [Fact]
    public async Task Replica_WhoseSnapshotsAreDamaged_GetsOneFromTheOthers()
    {
        await using var cluster = await StartAsync();
        var load = AppendLoad.Start(cluster);
        await UntilSnapshotAsync(cluster, "events", 2, Plans.Nodes);
        await load.StopAsync();
        var leader = await cluster.LeaderAsync("events");
        var damaged = Plans.Nodes.First(node => node != leader);

        await cluster.StopSiloAsync(damaged);
        await DamageSnapshotsAsync(cluster, damaged);
        await cluster.StartSiloAsync(damaged);
        await cluster.UntilReadyAsync();
        await cluster.UntilEqualAsync("events", Plans.Nodes.Length);
        await load.CheckAsync();
    }

    [Fact]
    public async Task Replica_WhoseOnlySnapshotIsDamagedWhenNothingHappens_GetsANewOneThatTheOthersTakeForIt()
    {
        // Only n2 takes snapshots by itself, so that the others' are older than what its log begins with: there are none.
        await using var cluster = await StartAsync(journalBytes: node => node == "n2" ? JournalBytes : 1L << 40);
        var load = AppendLoad.Start(cluster);
        await UntilSnapshotAsync(cluster, "events", 2, ["n2"]);
        await load.StopAsync();

        await cluster.StopSiloAsync("n2");
        await DamageSnapshotsAsync(cluster, "n2");
        await cluster.StartSiloAsync("n2");
        await cluster.UntilEqualAsync("events", Plans.Nodes.Length);
        await UntilSnapshotAsync(cluster, "events", 2, ["n2"]);
        await load.CheckAsync();
    }

    [Fact]
    public async Task Machine_ThatGivesNoSnapshot_IsReportedAndTheServiceGoesOn()
    {
        var plan = Plans.Store();
        plan = plan with { Groups = [.. plan.Groups.Select(static group => group with { Machine = new UnwillingMachineType(group.Machine) })] };
        var reports = new ReportLog();
        await using var cluster = await SiloCluster.StartAsync(plan, silo =>
        {
            Configure(silo, static _ => JournalBytes);
            silo.Services.AddLogging(logging => logging.AddProvider(reports));
        });
        var load = AppendLoad.Start(cluster);
        await Until.TrueAsync(
            () => Plans.Nodes.All(node => reports.Lines.Any(line => line.Contains($"group events at {node} ") && line.Contains("the machine is unwilling"))),
            "each replica reports that it has no snapshot, and why");
        await load.UntilMoreAsync(20);
        await load.StopAsync();
        await load.CheckAsync();
    }

    private static Task<SiloCluster> StartAsync(int witnesses = 0, Func<string, long>? journalBytes = null) =>
        SiloCluster.StartAsync(Plans.Store(witnesses), silo => Configure(silo, journalBytes ?? (static _ => JournalBytes)));

    private static void Configure(ISiloBuilder silo, Func<string, long> journalBytes) => silo.Services.AddOptions<ReplicaOptions>().Configure<ILocalSiloDetails>(
        (options, self) => (options.SnapshotJournalBytes, options.RetainedLogBytes) = (journalBytes(self.Name), 0));

    private static async Task DamageSnapshotsAsync(SiloCluster cluster, string node)
    {
        foreach (var path in Directory.GetFiles(Path.Combine(cluster.DirectoryOf(node), "snapshots")))
        {
            var bytes = await File.ReadAllBytesAsync(path);
            bytes[bytes.Length / 2] ^= 1;
            await File.WriteAllBytesAsync(path, bytes);
        }
    }

    private static async Task<ReplicaStatus> ReplicaAsync(SiloCluster cluster, string group, string node)
    {
        var status = await cluster.View.GetGroupAsync(new GroupId(group));
        return status?.Replicas.First(replica => replica.Node == node).Status ?? new ReplicaStatus { Role = "unreachable" };
    }

    private static Task UntilSnapshotAsync(SiloCluster cluster, string group, long slotMin, IEnumerable<string> nodes) => Until.TrueAsync(
        async () =>
        {
            foreach (var node in nodes)
            {
                if ((await ReplicaAsync(cluster, group, node)).SnapshotSlot < slotMin)
                {
                    return false;
                }
            }

            return true;
        },
        $"there are snapshots of {group} at slot {slotMin} or later at {string.Join(", ", nodes)}");

    /// <summary>Executes what another machine does, but cannot be captured.</summary>
    private sealed class UnwillingMachineType(IStateMachineType own) : IStateMachineType
    {
        public MachineDefinition Definition => own.Definition;

        public IStateMachine Create(MachineSettings settings) => new Machine(own.Create(settings));

        private sealed class Machine(IStateMachine own) : IStateMachine
        {
            public Outcome Apply(Invocation invocation, in ApplyContext context) => own.Apply(invocation, context);

            public Footprint FootprintOf(Invocation invocation) => own.FootprintOf(invocation);

            public void Snapshot(IBufferWriter<byte> output) => own.Snapshot(output);

            public IStateView Capture() => throw new InvalidOperationException("the machine is unwilling");

            public void Restore(ReadOnlyMemory<byte> snapshot) => own.Restore(snapshot);
        }
    }

    /// <summary>Keeps what is reported as an error.</summary>
    private sealed class ReportLog : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                Lines.Enqueue(formatter(state, exception));
            }
        }

        public void Dispose()
        {
        }
    }
}
