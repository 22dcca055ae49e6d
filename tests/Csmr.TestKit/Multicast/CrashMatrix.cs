using System.Globalization;
using Csmr.Replication.Paxos;
using Csmr.TestKit.Simulation;

namespace Csmr.TestKit.Multicast;

/// <summary>One run of the crash matrix.</summary>
/// <param name="Program">The composite operation.</param>
/// <param name="Step">The step of the protocol at which the fault happens.</param>
/// <param name="Victim">Whom it hits.</param>
/// <param name="Fault">What.</param>
/// <param name="Outcome">How it ended.</param>
public sealed record CrashCase(string Program, string Step, string Victim, string Fault, RunOutcome Outcome);

/// <summary>
/// Every step of the protocol × everybody × every fault: a run without faults tells when each step happens; then it is run again
/// for each step and victim, which crashes just before it, just after it, or stands still past an election. Beside the composite call a
/// client reads at one of its groups and then writes at another. All is checked as in <see cref="GroupsSimulation"/>.
/// </summary>
public static class CrashMatrix
{
    private const long DownUs = 150_000;
    private const long PauseUs = 600_000;
    private const ulong Seed = 7;

    private static readonly Dictionary<string, (int Group, bool IsRead, string Key, int After)[]> Programs = new(StringComparer.Ordinal)
    {
        ["two groups"] = [(0, false, "k0", -1), (1, false, "k0", -1)],
        ["a chain over two groups"] = [(0, false, "k0", -1), (1, false, "k0", 0)],
        ["three groups, one step hangs on another"] = [(0, false, "k0", -1), (1, false, "k0", -1), (2, false, "k0", 0)],
    };

    private static readonly string[] Faults = ["crash before", "crash after", "pause past an election"];

    /// <summary>Runs all.</summary>
    /// <returns>The cases.</returns>
    public static IReadOnlyList<CrashCase> Run()
    {
        var cases = new List<CrashCase>();
        foreach (var (name, steps) in Programs)
        {
            var marks = new List<(long Event, string Step)>();
            var plan = Plan(steps.Max(static step => step.Group) + 1);
            cases.Add(new CrashCase(name, "", "nobody", "none", GroupsSimulation.Run(plan, new Probes(), Requests(steps), marks)));
            var faulty =
                from mark in marks.Distinct()
                from victim in Victims(plan)
                from fault in Faults
                select (mark.Event, mark.Step, Victim: victim, Fault: fault);
            cases.AddRange(faulty.ToArray().AsParallel().AsOrdered()
                .Select(one => new CrashCase(name, one.Step, one.Victim, one.Fault, Run(plan, steps, one.Event, one.Victim, one.Fault))));
        }

        return cases;
    }

    /// <summary>A table in Markdown: rows are steps, columns are victims, cells are runs; those in which something broke are told apart.</summary>
    /// <param name="cases">The cases.</param>
    /// <returns>The lines.</returns>
    public static IEnumerable<string> Table(IReadOnlyList<CrashCase> cases)
    {
        var faulty = cases.Where(static one => one.Step.Length > 0).ToArray();
        var victims = faulty.Select(static one => one.Victim).Distinct().ToArray();
        yield return $"| step | {string.Join(" | ", victims)} |";
        yield return $"|---|{string.Concat(victims.Select(static _ => "--:|"))}";
        foreach (var row in faulty.GroupBy(static one => one.Step))
        {
            yield return $"| {row.Key} | {string.Join(" | ", victims.Select(victim => Cell([.. row.Where(one => one.Victim == victim)])))} |";
        }
    }

    private static string Cell(CrashCase[] cases)
    {
        var broken = cases.Count(static one => one.Outcome.Violation is not null);
        return cases.Length == 0 ? "" : broken == 0 ? cases.Length.ToString(CultureInfo.InvariantCulture) : $"**{broken} of {cases.Length} broken**";
    }

    private static RunOutcome Run(GroupsPlan plan, (int Group, bool IsRead, string Key, int After)[] steps, long at, string victim, string fault) =>
        GroupsSimulation.Run(plan, new Probes(), Requests(steps), marks: null, new Injection(at, fault == Faults[0], simulation => Hit(simulation, victim, fault)));

    private static IEnumerable<string> Victims(GroupsPlan plan) =>
    [
        "gateway",
        .. plan.Groups.Select(static (_, i) => $"leader of g{i}"),
        .. plan.Groups.Select(static (_, i) => $"follower of g{i}"),
    ];

    private static void Hit(GroupsSimulation simulation, string victim, string fault)
    {
        var isPause = fault == Faults[2];
        if (victim == "gateway")
        {
            if (isPause)
            {
                simulation.Gateways.Pause(0, PauseUs);
            }
            else
            {
                simulation.Gateways.Crash(0);
            }

            return;
        }

        var group = simulation.Groups[int.Parse(victim.AsSpan(victim.Length - 1), CultureInfo.InvariantCulture)];
        var isLeader = victim.StartsWith("leader", StringComparison.Ordinal);
        var target = Array.FindIndex(group.Hosts, host => host.Replica.IsUp && host.Replica.Status.Role == NodeRole.Leader == isLeader);
        if (target < 0)
        {
            // A fault that hits nobody shows nothing.
            throw new ViolationException("L1", $"there is no {victim} at this step");
        }

        group.Begin(new Fault(simulation.NowUs, isPause ? FaultKind.Pause : FaultKind.Crash, target, isPause ? PauseUs : DownUs, 0), 0);
    }

    // Client 0 makes the composite call; client 1 looks at its first group and writes at its second one.
    private static Func<int, RequestId, long, ListRequest> Requests((int Group, bool IsRead, string Key, int After)[] steps)
    {
        var requests = new ListRequests(new SimulationRandom(Seed), 3, 1);
        return (client, id, now) => client == 0
            ? requests.Composite("the composite call", id, now, steps)
            : requests.Composite(id.Sequence == 1 ? "the read" : "the write after it", id, now, id.Sequence == 1 ? [(0, true, "k0", -1)] : [(1, false, "k0", -1)]);
    }

    private static GroupsPlan Plan(int groups)
    {
        var drawn = TimedPlan.Of(Seed);
        var setup = new GroupSetup(Replicas: 3, Witnesses: 0);
        var quiet = drawn with
        {
            Setup = setup,
            IsFormed = true,
            LateStartUs = 0,
            Options = setup.Options(0, 0, 0) with { ElectionTicksMin = 10, ElectionTicksMax = 20 },
            Faults = [],
            HealUs = 1_600_000,
            TickUs = 5_000,
            TickJitter = 50,
            TickDrift = [1000, 1000, 1000],
            DelayUs = 500,
            DelayTail = 20,
            Loss = 0,
            Duplication = 0,
            VeryLate = 0,
            FlushUs = 300,
            FlushTail = 20,
            MembersUs = 0,
            Spares = 0,
        };
        return new GroupsPlan
        {
            Seed = Seed,
            Groups = [.. Enumerable.Range(0, groups).Select(i => quiet with { Seed = Seed + (ulong)i })],
            Gateways = 1,
            Clients = 2,
            Calls = 2,
            Keys = 1,
            Singles = 0,
            GatewayCrashes = 0,
            GivenUp = 0,
            TimeoutUs = 100_000,
            FirstCallUs = 400_000,
            ThinkUs = 500,
            QuietTicks = 4,
            BatchBytesMax = 100_000,
            HealsEarly = false,
        };
    }
}
