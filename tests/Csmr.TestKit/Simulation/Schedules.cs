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

    private static void RunTogether(DirectedGroup group, int ticks)
    {
        for (; ticks > 0; ticks--)
        {
            for (var i = 0; i < 3; i++)
            {
                group.Tick(i);
            }

            group.Settle(0, 1, 2);
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
