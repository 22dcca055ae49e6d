using Csmr.Replication.Paxos;

namespace Csmr.TestKit.Simulation;

/// <summary>What a step of a clockless walk does.</summary>
internal enum WalkStep : byte
{
    /// <summary>Delivers a message, however old.</summary>
    Deliver,

    /// <summary>Delivers one of the newest messages.</summary>
    DeliverNew,

    /// <summary>Delivers a message and keeps it.</summary>
    Duplicate,

    /// <summary>Drops a message.</summary>
    Drop,

    /// <summary>A tick of one replica.</summary>
    Tick,

    /// <summary>So many ticks of one replica that it stands for election, unless it leads.</summary>
    Elect,

    /// <summary>So many ticks of a replica that a leader gives up for want of a quorum.</summary>
    TickAll,

    /// <summary>A while in which a majority, and nobody else, hears everything: what it needs to elect and to choose.</summary>
    Rush,

    /// <summary>All appended records of a replica become durable, and it hears so.</summary>
    Flush,

    /// <summary>Some records become durable; the node hears of some of these.</summary>
    FlushPart,

    /// <summary>A replica crashes.</summary>
    Crash,

    /// <summary>A replica crashes at one of its next sends.</summary>
    CrashAtSend,

    /// <summary>A replica starts again.</summary>
    Restart,

    /// <summary>All replicas crash.</summary>
    CrashAll,

    /// <summary>A replica is asked to propose.</summary>
    Propose,

    /// <summary>A replica is asked to read.</summary>
    Read,

    /// <summary>A replica is asked to hand over.</summary>
    HandOver,

    /// <summary>A replica that is down loses its disk.</summary>
    LoseDisk,

    /// <summary>A replica saves a snapshot; a witness asks for one.</summary>
    Snapshot,

    /// <summary>A replica's host reads or writes a part of a snapshot.</summary>
    FileWork,

    /// <summary>A replica crashes and has no snapshot any more.</summary>
    LoseSnapshot,

    /// <summary>A replica that was no member starts, to join.</summary>
    Join,

    /// <summary>A leader is asked for another configuration.</summary>
    Change,

    /// <summary>A replica's host takes another replica's process for gone, be it so or not.</summary>
    Suspect,
}

/// <summary>A step with its choices, so that a walk can be walked again and shortened.</summary>
/// <param name="Step">What.</param>
/// <param name="Replica">Which replica (a message's is told by <paramref name="Choice"/>).</param>
/// <param name="Choice">64 bits to choose by.</param>
internal readonly record struct WalkAction(WalkStep Step, int Replica, ulong Choice);

/// <summary>How a walk is walked, made from its seed before the first step.</summary>
internal sealed record WalkPlan
{
    /// <summary>Replicas that a walk can have.</summary>
    public const int ReplicasMax = 8;

    private static readonly int StepKinds = Enum.GetValues<WalkStep>().Length;

    /// <summary>The seed.</summary>
    public required ulong Seed { get; init; }

    /// <summary>The group.</summary>
    public required GroupSetup Setup { get; init; }

    /// <summary>How many replicas may join later.</summary>
    public required int Spares { get; init; }

    /// <summary>Whether the group is formed at the start.</summary>
    public required bool IsFormed { get; init; }

    /// <summary>The number of steps.</summary>
    public required int Steps { get; init; }

    /// <summary>Steps up to each kind, out of the last: the cumulated weights.</summary>
    public required int[] Weights { get; init; }

    /// <summary>Bounds of the nodes.</summary>
    public required NodeOptions Options { get; init; }

    /// <summary>How many disks may be lost.</summary>
    public required int DisksLostMax { get; init; }

    /// <summary>Makes a plan.</summary>
    /// <param name="seed">The seed.</param>
    /// <returns>The plan.</returns>
    public static WalkPlan Of(ulong seed)
    {
        var random = new SimulationRandom(seed).Fork(1);
        var replicas = random.Chance(150) ? 5 : 3;
        var setup = new GroupSetup(replicas, random.Chance(150) ? 1 : 0);
        var isFormed = !random.Chance(60);
        var disksLostMax = random.Chance(120) ? 1 : 0;
        var electionTicks = (int)random.Between(1, 5);
        var ofMembers = new SimulationRandom(seed).Fork(3);
        var spares = ofMembers.Chance(200) ? (int)ofMembers.Between(1, ReplicasMax - replicas) : 0;
        return new WalkPlan
        {
            Seed = seed,
            Setup = setup,
            Spares = spares,
            IsFormed = isFormed,
            Steps = random.Chance(100) ? 1200 : 300,
            Weights = Swarm(random, disksLostMax, new SimulationRandom(seed).Fork(2), spares > 0 ? ofMembers : null, seed % 4 == 2 ? 1 + (int)(seed % 30) : 0),
            DisksLostMax = disksLostMax,
            Options = setup.Options(0, 0, 0) with
            {
                HeartbeatTicks = (int)random.Between(1, 2),
                ElectionTicksMin = electionTicks,
                ElectionTicksMax = electionTicks + (int)random.Between(1, 4),
                ResendTicks = (int)random.Between(1, 4),
                PeerMessagesInFlightMax = (int)random.Between(1, 4),
                MessageBytesMax = random.Chance(500) ? 24 : 1 << 16,
                EntryBytesMax = random.Chance(300) ? 16 : 1 << 16,
                SlotsInFlightMax = (int)random.Between(1, 6),
                QueueBytesMax = random.Chance(100) ? 24 : 1 << 20,
                ReadRoundsInFlightMax = (int)random.Between(1, 3),
                ChosenHintSlots = (int)random.Between(1, 6),
                RetainedBytesMax = seed % 3 == 0 ? 0 : 60,
                LearnerLagSlotsMax = 4,
            },
        };
    }

    /// <summary>Draws the next step.</summary>
    /// <param name="random">By what.</param>
    /// <returns>The step.</returns>
    public WalkAction Draw(SimulationRandom random)
    {
        var at = random.Below(Weights[^1]);
        var step = 0;
        while (Weights[step] <= at)
        {
            step++;
        }

        return new WalkAction((WalkStep)step, random.Below(Setup.Replicas + Spares), random.Next());
    }

    // Swarm: each walk has its own mix, with some kinds of steps not at all.
    private static int[] Swarm(SimulationRandom random, int disksLostMax, SimulationRandom ofSnapshots, SimulationRandom? ofMembers, int suspicions)
    {
        var weights = new int[StepKinds];
        weights[(int)WalkStep.Deliver] = (int)random.Between(100, 400);
        weights[(int)WalkStep.DeliverNew] = (int)random.Between(0, 300);
        weights[(int)WalkStep.Duplicate] = Maybe(random, 600, 40);
        weights[(int)WalkStep.Drop] = Maybe(random, 600, 60);
        weights[(int)WalkStep.Tick] = (int)random.Between(10, 60);
        weights[(int)WalkStep.Elect] = (int)random.Between(2, 20);
        weights[(int)WalkStep.TickAll] = Maybe(random, 600, 15);
        weights[(int)WalkStep.Rush] = Maybe(random, 850, 30);
        weights[(int)WalkStep.Flush] = (int)random.Between(60, 240);
        weights[(int)WalkStep.FlushPart] = Maybe(random, 500, 60);
        weights[(int)WalkStep.Crash] = Maybe(random, 700, 12);
        weights[(int)WalkStep.CrashAtSend] = Maybe(random, 600, 12);
        weights[(int)WalkStep.Restart] = (int)random.Between(20, 60);
        weights[(int)WalkStep.CrashAll] = Maybe(random, 200, 6);
        weights[(int)WalkStep.Propose] = (int)random.Between(20, 120);
        weights[(int)WalkStep.Read] = Maybe(random, 600, 60);
        weights[(int)WalkStep.HandOver] = Maybe(random, 200, 6);
        weights[(int)WalkStep.LoseDisk] = disksLostMax > 0 ? 6 : 0;
        if (ofSnapshots.Chance(400))
        {
            weights[(int)WalkStep.Snapshot] = (int)ofSnapshots.Between(5, 40);
            weights[(int)WalkStep.FileWork] = (int)ofSnapshots.Between(40, 120);
            weights[(int)WalkStep.LoseSnapshot] = Maybe(ofSnapshots, 300, 6);
        }

        if (ofMembers is not null)
        {
            weights[(int)WalkStep.Join] = (int)ofMembers.Between(5, 20);
            weights[(int)WalkStep.Change] = (int)ofMembers.Between(5, 40);
        }

        weights[(int)WalkStep.Suspect] = suspicions;
        for (var i = 1; i < weights.Length; i++)
        {
            weights[i] += weights[i - 1];
        }

        return weights;
    }

    private static int Maybe(SimulationRandom random, int perMille, int max) => random.Chance(perMille) ? (int)random.Between(1, max) : 0;
}
