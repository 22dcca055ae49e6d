using Csmr.Replication.Paxos;

namespace Csmr.TestKit.Simulation;

/// <summary>The kinds of faults of a timed run.</summary>
public enum FaultKind : byte
{
    /// <summary>The target crashes and starts again after the duration.</summary>
    Crash,

    /// <summary>The target crashes between two sends, some sends later.</summary>
    CrashAtSend,

    /// <summary>The target crashes when its next flush is about to end.</summary>
    CrashAtFlush,

    /// <summary>All replicas crash at once.</summary>
    CrashAll,

    /// <summary>The target does nothing for the duration; then all that came happens at once.</summary>
    Pause,

    /// <summary>The target neither sends nor receives.</summary>
    CutOff,

    /// <summary>The target receives nothing.</summary>
    CutIn,

    /// <summary>Nothing that the target sends arrives.</summary>
    CutOut,

    /// <summary>The target does not reach the next replica.</summary>
    CutLink,

    /// <summary>The replicas fall apart in two halves.</summary>
    CutHalves,

    /// <summary>So many in a thousand messages are lost.</summary>
    Loss,

    /// <summary>Messages take a hundred times as long.</summary>
    SlowNetwork,

    /// <summary>Flushes of the target take a hundred times as long.</summary>
    SlowDisk,

    /// <summary>The target's clock is set.</summary>
    ClockJump,

    /// <summary>The target's ticks come so fast that it stands for election.</summary>
    ForceElection,

    /// <summary>The target is asked to hand over, and stops after the duration.</summary>
    HandOver,

    /// <summary>The target crashes, loses its disk, and starts again with an empty one.</summary>
    LoseDisk,

    /// <summary>The target crashes, and its snapshots are found damaged when it starts again.</summary>
    LoseSnapshots,
}

/// <summary>One fault.</summary>
/// <param name="AtUs">When it begins.</param>
/// <param name="Kind">What.</param>
/// <param name="Target">The replica; -1 for whoever leads then.</param>
/// <param name="DurationUs">How long it lasts.</param>
/// <param name="Amount">How much, where it has a measure.</param>
public readonly record struct Fault(long AtUs, FaultKind Kind, int Target, long DurationUs, int Amount);

/// <summary>All that a timed run does to the group, as data made from the seed before it begins.</summary>
internal sealed record TimedPlan
{
    /// <summary>The seed.</summary>
    public required ulong Seed { get; init; }

    /// <summary>The group.</summary>
    public required GroupSetup Setup { get; init; }

    /// <summary>Whether the group is formed at the start.</summary>
    public required bool IsFormed { get; init; }

    /// <summary>When a replica starts that starts late; 0 for none.</summary>
    public required long LateStartUs { get; init; }

    /// <summary>Bounds of the nodes.</summary>
    public required NodeOptions Options { get; init; }

    /// <summary>The faults, in the order of time.</summary>
    public required Fault[] Faults { get; init; }

    /// <summary>Whether any replica may lose its memory.</summary>
    public bool HasRestarts => Array.Exists(Faults, static fault => fault.Kind is FaultKind.Crash or FaultKind.CrashAtSend
        or FaultKind.CrashAtFlush or FaultKind.CrashAll or FaultKind.HandOver or FaultKind.LoseDisk or FaultKind.LoseSnapshots);

    /// <summary>When all faults end.</summary>
    public required long HealUs { get; init; }

    /// <summary>A tick, in microseconds.</summary>
    public required long TickUs { get; init; }

    /// <summary>The tick's jitter, in thousandths.</summary>
    public required int TickJitter { get; init; }

    /// <summary>The drift of each replica's ticks, in thousandths.</summary>
    public required int[] TickDrift { get; init; }

    /// <summary>The typical delay of a message.</summary>
    public required long DelayUs { get; init; }

    /// <summary>How heavy the tail of delays is, in thousandths.</summary>
    public required int DelayTail { get; init; }

    /// <summary>Messages lost at any time, in thousandths.</summary>
    public required int Loss { get; init; }

    /// <summary>Messages doubled, in thousandths.</summary>
    public required int Duplication { get; init; }

    /// <summary>Messages that arrive seconds later, in ten thousandths.</summary>
    public required int VeryLate { get; init; }

    /// <summary>The typical time of a flush.</summary>
    public required long FlushUs { get; init; }

    /// <summary>How heavy the tail of flushes is, in thousandths.</summary>
    public required int FlushTail { get; init; }

    /// <summary>How long a replica waits between two snapshots, at least; 0 for none at all.</summary>
    public required long SnapshotUs { get; init; }

    /// <summary>How long it takes between two changes of the members, on average; 0 for none at all.</summary>
    public long MembersUs { get; init; }

    /// <summary>How often the others notice when a replica's process is gone, in thousandths.</summary>
    public int Suspicions { get; init; }

    /// <summary>How often, at a tick, a host takes the leader for gone though nothing tells so, in thousandths.</summary>
    public int FalseSuspicions { get; init; }

    /// <summary>How many replicas may join.</summary>
    public int Spares { get; init; }

    /// <summary>Clients.</summary>
    public required int Clients { get; init; }

    /// <summary>Calls of each client.</summary>
    public required int Calls { get; init; }

    /// <summary>Keys.</summary>
    public required int Keys { get; init; }

    /// <summary>Reads among the calls, in thousandths.</summary>
    public required int Reads { get; init; }

    /// <summary>How long a client waits before it tries again.</summary>
    public required long TimeoutUs { get; init; }

    /// <summary>How long a client waits between two calls.</summary>
    public required long ThinkUs { get; init; }

    /// <summary>After how many milliseconds a command expires.</summary>
    public required long ExpiryMs { get; init; }

    /// <summary>Makes a plan.</summary>
    /// <param name="seed">The seed.</param>
    /// <returns>The plan.</returns>
    public static TimedPlan Of(ulong seed)
    {
        var random = new SimulationRandom(seed).Fork(1);
        var setup = new GroupSetup(random.Chance(200) ? 5 : 3, random.Chance(200) ? 1 : 0);
        var isFormed = !random.Chance(150);
        var tickUs = random.Between(4_000, 12_000);
        var electionTicks = (int)random.Between(6, 14);
        var healUs = random.Between(600_000, 2_500_000);
        var isShortLived = random.Chance(80);
        return WithSuspicions(WithMembers(WithSnapshots(new TimedPlan
        {
            Seed = seed,
            Setup = setup,
            IsFormed = isFormed,
            LateStartUs = isFormed || random.Chance(500) ? 0 : random.Between(50_000, 400_000),
            Options = Bounds(random, setup, electionTicks),
            Faults = MakeFaults(random.Fork(2), setup, isFormed, healUs),
            HealUs = healUs,
            TickUs = tickUs,
            TickJitter = random.Chance(500) ? 50 : 600,
            TickDrift = [.. Enumerable.Range(0, setup.Replicas).Select(_ => random.Chance(700) ? 1000 : (int)random.Between(700, 1400))],
            DelayUs = random.Between(150, 3_000),
            DelayTail = random.Chance(300) ? 20 : (int)random.Between(50, 250),
            Loss = random.Chance(500) ? 0 : (int)random.Between(1, 80),
            Duplication = random.Chance(500) ? 0 : (int)random.Between(1, 100),
            VeryLate = random.Chance(600) ? 0 : (int)random.Between(1, 100),
            FlushUs = random.Between(100, 4_000),
            FlushTail = random.Chance(500) ? 10 : (int)random.Between(50, 300),
            Clients = (int)random.Between(1, 6),
            Calls = (int)random.Between(4, 24),
            Keys = (int)random.Between(1, 3),
            Reads = random.Chance(200) ? 0 : (int)random.Between(100, 700),
            TimeoutUs = random.Between(40_000, 300_000),
            ThinkUs = random.Chance(500) ? 1_000 : healUs / 10,
            ExpiryMs = isShortLived ? random.Between(100, 1_500) : 72_000_000,
            SnapshotUs = 0,
        })));
    }

    private static TimedPlan WithSuspicions(TimedPlan plan)
    {
        var random = new SimulationRandom(plan.Seed).Fork(12);
        return random.Chance(500)
            ? plan with { Suspicions = (int)random.Between(300, 1000), FalseSuspicions = random.Chance(300) ? (int)random.Between(1, 60) : 0 }
            : plan;
    }

    // Of a group of which members go, no disk or state is lost too: that may be one more than it can bear.
    private static TimedPlan WithMembers(TimedPlan plan)
    {
        var random = new SimulationRandom(plan.Seed).Fork(10);
        return random.Chance(250) && plan.IsFormed && !Array.Exists(plan.Faults, static fault => fault.Kind is FaultKind.LoseDisk or FaultKind.LoseSnapshots)
            ? plan with
            {
                MembersUs = random.Between(30_000, 500_000),
                Spares = (int)random.Between(1, 8 - plan.Setup.Replicas),
                Options = plan.Options with { LearnerLagSlotsMax = (int)random.Between(1, 20) },
            }
            : plan;
    }

    // One replica's snapshots may be lost, and then no other replica's disk: else a state that only the two had would be gone.
    private static TimedPlan WithSnapshots(TimedPlan plan)
    {
        var random = new SimulationRandom(plan.Seed).Fork(9);
        if (!random.Chance(400))
        {
            return plan;
        }

        var faults = plan.Faults.ToList();
        if (random.Chance(300) && !faults.Exists(static fault => fault.Kind == FaultKind.LoseDisk))
        {
            var target = random.Below(plan.Setup.Replicas);
            for (var left = random.Between(1, 3); left > 0; left--)
            {
                faults.Add(new Fault(random.Between(0, plan.HealUs - 1), FaultKind.LoseSnapshots, target, random.Between(1_000, 200_000), 0));
            }

            faults.Sort(static (left, right) => left.AtUs.CompareTo(right.AtUs));
        }

        return plan with
        {
            Faults = [.. faults],
            SnapshotUs = random.Between(20_000, 600_000),
            Options = plan.Options with { RetainedBytesMax = random.Chance(500) ? 0 : random.Below(1000) },
        };
    }

    private static NodeOptions Bounds(SimulationRandom random, GroupSetup setup, int electionTicks) => setup.Options(0, 0, 0) with
    {
        HeartbeatTicks = (int)random.Between(1, 3),
        ElectionTicksMin = electionTicks,
        ElectionTicksMax = electionTicks * 2,
        ResendTicks = (int)random.Between(2, 6),
        PeerMessagesInFlightMax = (int)random.Between(1, 16),
        MessageBytesMax = random.Chance(400) ? (int)random.Between(60, 400) : 1 << 16,
        EntryBytesMax = random.Chance(300) ? (int)random.Between(40, 400) : 1 << 16,
        SlotsInFlightMax = (int)random.Between(1, 8),
        QueueBytesMax = random.Chance(150) ? 150 : 1 << 20,
        ReadRoundsInFlightMax = (int)random.Between(1, 4),
        ChosenHintSlots = (int)random.Between(1, 32),
    };

    // Swarm: each plan draws from a few kinds of faults only, so that one kind cannot drown the others.
    private static Fault[] MakeFaults(SimulationRandom random, GroupSetup setup, bool isFormed, long healUs)
    {
        var kinds = new List<FaultKind>();
        foreach (var kind in Enum.GetValues<FaultKind>())
        {
            if (kind is not (FaultKind.LoseDisk or FaultKind.LoseSnapshots) && random.Chance(350))
            {
                kinds.Add(kind);
            }
        }

        var faults = new List<Fault>();
        for (var left = kinds.Count == 0 ? 0 : random.Between(1, 14); left > 0; left--)
        {
            var kind = kinds[random.Below(kinds.Count)];
            var target = random.Chance(500) ? -1 : random.Below(setup.Replicas);
            var duration = random.HeavyTailed(60_000, 300, healUs);
            faults.Add(new Fault(random.Between(0, healUs - 1), kind, target, duration, random.Below(1000)));
        }

        if (isFormed && random.Chance(80))
        {
            faults.Add(new Fault(random.Between(0, healUs - 1), FaultKind.LoseDisk, random.Below(setup.Replicas), 50_000, 0));
        }

        faults.Sort((left, right) => left.AtUs.CompareTo(right.AtUs));
        return [.. faults];
    }
}
