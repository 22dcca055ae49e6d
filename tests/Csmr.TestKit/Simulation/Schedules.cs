using Csmr.Replication.Paxos;

namespace Csmr.TestKit.Simulation;

/// <summary>
/// Directed schedules: exact orders of deliveries, flushes and crashes that random search meets seldom or never. Each holds
/// on the real core and breaks an invariant under the mutant that it is for.
/// </summary>
public static class Schedules
{
    private static readonly Dictionary<string, Action<DirectedGroup>> All = new(StringComparer.Ordinal)
    {
        ["a vote of an old ballot arrives in a new one"] = OldVoteArrivesLate,
        ["a deposed leader is asked to read"] = DeposedLeaderReads,
        ["a read arrives while a round is under way"] = ReadArrivesDuringARound,
        ["a replica comes back from a cut"] = ReplicaComesBack,
        ["a leader is cut off"] = LeaderIsCutOff,
        ["a configuration of a lower ballot is found"] = ConfigurationIsFound,
        ["a configuration that was proposed in vain is chosen late"] = ConfigurationComesLate,
        ["a member is replaced"] = MemberIsReplaced,
    };

    /// <summary>Their names.</summary>
    public static IReadOnlyCollection<string> Names => All.Keys;

    /// <summary>Runs one.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>What it broke; null where all held.</returns>
    public static Violation? Run(string name)
    {
        try
        {
            All[name](new DirectedGroup());
            return null;
        }
        catch (ViolationException exception)
        {
            return Violation.Of(exception, 0);
        }
        catch (InvariantBrokenException exception)
        {
            return Violation.Of(exception, 0);
        }
    }

    // r1 votes for slot 2 in r0's first ballot; its answer stays under way until r0, which lost its own vote in a crash,
    // leads again and has another value there, for which nobody else has voted yet.
    private static void OldVoteArrivesLate(DirectedGroup group)
    {
        group.Elect(0, 1, 2);
        group.Settle(0, 1, 2);
        group.Propose(0);
        foreach (var accept in group.Take<Accept>(0, 1))
        {
            group.Deliver(0, 1, accept);
        }

        group.Flush(1);
        var late = group.Take<Accepted>(1, 0);
        group.Require(late[^1].UpTo.Number == 2, "r1 has voted for slot 2");
        group.LoseAll();
        group.Crash(0);
        group.Start(0);

        // r2 knows nothing of slot 2, and of the new ballot r0 hears nothing but the promise.
        group.Tick(2, group.ElectionTicks);
        group.LoseAll();
        for (var ticks = 0; ticks < group.ElectionTicks && group.Status(0).Role != NodeRole.Leader; ticks++)
        {
            group.Tick(0);
            group.Flush(0);
            Exchange<PreVote, PreVoteReply>(group, 0, 2);
            group.Flush(0);
            Exchange<Prepare, Promise>(group, 0, 2);
        }

        group.Require(group.Status(0).Role == NodeRole.Leader, "r0 leads again");
        group.Flush(0);
        foreach (var accepted in late)
        {
            group.Deliver(1, 0, accepted);
        }
    }

    // r0 holds itself for the leader while r1 leads and answers.
    private static void DeposedLeaderReads(DirectedGroup group)
    {
        group.Elect(0, 1, 2);
        group.Settle(0, 1, 2);
        group.Elect(1, 2);
        group.Propose(1);
        group.Settle(1, 2);
        group.Require(group.Status(0).Role == NodeRole.Leader, "r0 has not heard of the higher ballot");
        group.Read(0);
        group.LoseAll();
    }

    // r1 confirms a round of r0; before that arrives r1 leads and answers, and a second read comes to r0.
    private static void ReadArrivesDuringARound(DirectedGroup group)
    {
        group.Elect(0, 1, 2);
        group.Settle(0, 1, 2);
        group.Read(0);
        foreach (var accept in group.Take<Accept>(0, 1))
        {
            group.Deliver(0, 1, accept);
        }

        var confirmed = group.Take<Accepted>(1, 0);
        group.LoseAll();
        group.Elect(1, 2);
        group.Propose(1);
        group.Settle(1, 2);
        group.Read(0);
        foreach (var accepted in confirmed)
        {
            group.Deliver(1, 0, accepted);
        }
    }

    // r2 hears nobody for a long time; back again, the first that it does is to ask for votes. r0, whom r1 has heard all the
    // time, goes on in its ballot.
    private static void ReplicaComesBack(DirectedGroup group)
    {
        group.Elect(0, 1, 2);
        group.Settle(0, 1, 2);
        var ballot = group.Status(0).Promised;
        group.IsCut = static (from, to) => from == 2 || to == 2;
        RunTogether(group, group.ElectionTicks * 3);
        group.Require(group.Status(2).Role == NodeRole.PreCandidate, "r2 wants to be elected");
        group.IsCut = static (_, _) => false;
        group.Tick(2, group.ElectionTicks);
        group.Settle(0, 1, 2);
        RunTogether(group, group.ElectionTicks * 3);
        group.Require(
            group.Status(0).Role == NodeRole.Leader && group.Status(0).Promised == ballot && group.Status(2).Promised == ballot,
            $"r0 still leads in {ballot}",
            "L2");
    }

    // r0 hears nobody: before another can have been elected for long it is no leader any more, and says so to who asked it.
    private static void LeaderIsCutOff(DirectedGroup group)
    {
        group.Elect(0, 1, 2);
        group.Settle(0, 1, 2);
        group.IsCut = static (from, to) => from == 0 || to == 0;
        group.Propose(0);
        group.Read(0);
        RunTogether(group, group.ElectionTicks);
        group.Require(group.Status(0).Role != NodeRole.Leader, "r0, which hears nobody, has stepped down", "L2");
    }

    // r0, r3 and r4 choose an entry behind two configurations; r1 has these but not the entry, and r2 none of it. r2 finds the
    // configurations at r1: the quorum that tells it of them knows nothing of what the voters behind them have chosen.
    private static void ConfigurationIsFound(DirectedGroup group)
    {
        group.Elect(0, 1, 2);
        BringIn(group, 3, 0, 1, 2);
        BringIn(group, 4, 0, 1, 2, 3);
        group.IsCut = static (from, to) => from == 2 || to == 2;
        Promote(group, 3, 0, 1, 4);
        Promote(group, 4, 0, 1, 3);
        group.IsCut = static (from, to) => from is 1 or 2 || to is 1 or 2;
        group.Propose(0);
        group.Settle(0, 3, 4);
        group.Require(group.Status(0).ChosenUpTo == group.Status(0).Last, "r0, r3 and r4 choose an entry");
        group.Crash(0);

        group.IsCut = static (from, to) => !(from is 1 or 2 && to is 1 or 2);
        group.LoseAll();
        group.Tick(1, group.ElectionTicks);
        group.LoseAll();
        Run(group, group.ElectionTicks, [2], [1, 2]);
        group.Require(group.Status(2).Last > group.Status(2).ChosenUpTo || group.Configuration(2).Number > 2, "r2 has found a configuration");
        group.IsCut = static (_, _) => false;
        Run(group, group.ElectionTicks * 6, [1, 2, 3, 4], [1, 2, 3, 4]);
        group.Require(Enumerable.Range(1, 4).Any(i => group.Status(i).IsServing), "one of the others leads");
    }

    // r0 alone has a configuration in slot 5, behind two entries. r1 and r2 choose another one with the same number in slot 4; r0,
    // elected again, finds that, and then its own, which is chosen at last.
    private static void ConfigurationComesLate(DirectedGroup group)
    {
        group.Elect(0, 1, 2);
        group.Settle(0, 1, 2);
        group.IsCut = static (from, to) => from == 0 || to == 0;
        group.Propose(0);
        group.Propose(0);
        group.Change(0, static current => current.Without(new ReplicaId(2)));
        group.Flush(0);
        var vain = group.Status(0).Last;
        group.Elect(1, 2);
        group.Change(1, static current => current.With("", isWitness: false));
        group.Settle(1, 2);
        group.Require(group.Configuration(1).Number == 1 && group.Status(1).Last < vain, "r1 and r2 have another configuration");
        group.Crash(1);
        group.LoseAll();
        group.IsCut = static (_, _) => false;
        Run(group, group.ElectionTicks * 6, [0, 2], [0, 2]);
        group.Propose(group.Status(0).IsServing ? 0 : 2);
        group.Settle(0, 2);
        group.Require(group.Configuration(0) is { Number: 1, Voters.Count: 3 } && group.Configuration(2).Number == 1, "r0 and r2 go by the one that was chosen first", "A7");
    }

    // r2 has lost its disk: it goes, and r3 comes in its place. r1 then goes on with r3.
    private static void MemberIsReplaced(DirectedGroup group)
    {
        group.Elect(0, 1, 2);
        group.Settle(0, 1, 2);
        group.Crash(2);
        group.LoseAll();
        group.Change(0, static current => current.Without(new ReplicaId(2)));
        group.Settle(0, 1);
        BringIn(group, 3, 0, 1);
        Promote(group, 3, 0, 1);
        group.Require(group.Configuration(0).Voters.Count == 3, "there are three voters again");
        group.Propose(0);
        group.Settle(0, 1, 3);
        group.Crash(0);
        Run(group, group.ElectionTicks * 6, [1, 3], [1, 3]);
        group.Require(group.Status(1).IsServing || group.Status(3).IsServing, "r1 and r3 go on");
    }

    private static void BringIn(DirectedGroup group, int i, int leader, params int[] others)
    {
        group.Join(i, leader);
        group.Change(leader, static current => current.With("", isWitness: false));
        Run(group, group.ElectionTicks, [leader], [leader, i, .. others]);
        group.Require(group.Status(i) is { Role: NodeRole.Learner } status && status.Last == group.Status(leader).Last, $"r{i} learns");
    }

    private static void Promote(DirectedGroup group, int i, int leader, params int[] others)
    {
        group.Change(leader, current => current.WithVoter(new ReplicaId(i)));
        group.Settle([leader, i, .. others]);
        group.Require(group.Configuration(leader).IsVoter(new ReplicaId(i)), $"r{i} votes");
    }

    private static void RunTogether(DirectedGroup group, int ticks) => Run(group, ticks, [0, 1, 2], [0, 1, 2]);

    private static void Run(DirectedGroup group, int ticks, int[] ticking, int[] together)
    {
        for (; ticks > 0; ticks--)
        {
            foreach (var i in ticking)
            {
                group.Tick(i);
            }

            group.Settle(together);
        }
    }

    // A question and its answer, if one is under way.
    private static void Exchange<TQuestion, TAnswer>(DirectedGroup group, int from, int to)
        where TQuestion : Message
        where TAnswer : Message
    {
        if (!group.IsUnderWay<TQuestion>(from, to))
        {
            return;
        }

        foreach (var question in group.Take<TQuestion>(from, to))
        {
            group.Deliver(from, to, question);
        }

        group.Flush(to);
        foreach (var answer in group.Take<TAnswer>(to, from))
        {
            group.Deliver(to, from, answer);
        }
    }
}
