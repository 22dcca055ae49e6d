using Csmr.TestKit.Simulation;

namespace Csmr.TestKit.Multicast;

/// <summary>Directed schedules over several groups, for what random search meets seldom.</summary>
public static class MulticastSchedules
{
    private static readonly Dictionary<string, Action> All = new(StringComparer.Ordinal)
    {
        ["whoever saw an operation writes after it"] = static () => SeenThenWritten([1]),
        ["whoever saw an operation writes after it with a third group"] = static () => SeenThenWritten([1, 3]),
        ["whoever saw what follows an operation writes after it"] = static () => SeenThenWritten([1], isSeenThroughAnother: true),
        ["a group whose partner is silent goes on with the rest"] = PartnerIsSilent,
        ["a word of the next round comes early"] = WordOfTheNextRoundComesEarly,
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
            All[name]();
            return null;
        }
        catch (Exception exception)
        {
            return Violation.Of(exception, 0);
        }
    }

    // x goes to groups 0 and 1. It is final at group 0, whose clock is ahead, while group 1 knows only its own proposal. A client reads
    // at group 0 and, as soon as it is answered, writes y at group 1. Ordered by proposals y comes before x there. Whoever tells
    // the client of x at group 0 must see to it that y comes after x; or not answer yet. The same where the client reads what only
    // follows x there, and has nothing in common with it.
    private static void SeenThenWritten(int[] writtenAt, bool isSeenThroughAnother = false)
    {
        var multicast = new DirectedMulticast(groups: 4);
        for (var i = 0; i < 3; i++)
        {
            // Between others, for group 0's clock to go ahead of group 1's.
            var before = multicast.BeginAppend($"before {i}", 0, 2);
            multicast.Send(before, 0);
            multicast.Finish(before);
        }

        var x = multicast.BeginAppend("x", 0, 1);
        multicast.Send(x, 1);
        multicast.Send(x, 0);
        multicast.Carry(1, 0);
        var follower = multicast.BeginAppendBoth("follower", 0);
        if (isSeenThroughAnother)
        {
            multicast.Send(follower, 0);
        }

        var read = multicast.BeginRead("read", isSeenThroughAnother ? "j" : "k", 0);
        multicast.Send(read, 0);
        DirectedCall? y = null;
        if (read.IsAnswered)
        {
            y = Write();
        }

        multicast.Carry(0, 1);
        multicast.Finish([.. Sent(x, read)]);
        y ??= Write();
        multicast.Finish([.. Sent(x, read, y)]);

        IEnumerable<DirectedCall> Sent(params DirectedCall[] calls) => isSeenThroughAnother ? calls.Append(follower) : calls;

        DirectedCall Write()
        {
            var call = multicast.BeginAppend("y", writtenAt);
            Array.ForEach(writtenAt, group => multicast.Send(call, group));
            return call;
        }
    }
    // Group 1 knows the id of m for something else, so m is void. Group 2, whose time is behind, forgets that and proposes m again while
    // group 0 has not heard of group 1's objection: the new word must wait there for the next round, and be answered in it.
    private static void WordOfTheNextRoundComesEarly()
    {
        var multicast = new DirectedMulticast(groups: 3);
        var m = multicast.BeginAppend("m", 0, 1, 2) with { ExpiresAtMs = 1_000_600 };
        var other = multicast.BeginAppend("other", 1) with { Id = m.Id };
        multicast.Send(other, 1);
        multicast.Pass(0, 500);
        multicast.Send(m, 0);
        multicast.Carry(0, 2);
        multicast.Carry(2, 0);
        multicast.Carry(0, 1);
        multicast.Carry(1, 2);
        multicast.Pass(2, 300);
        multicast.Send(m, 2);
        multicast.Carry(2, 0);
        multicast.Carry(1, 0);
        multicast.Finish(other);
    }

    // Group 1 never speaks. What conflicts with the pending operation waits at group 0; all else is answered at once, without a message.
    private static void PartnerIsSilent()
    {
        var multicast = new DirectedMulticast(groups: 2);
        var m = multicast.BeginAppend("m", 0, 1);
        multicast.Send(m, 0);
        var messages = multicast.Outgoing(0);
        var free = multicast.BeginAppendTo("free", "j", 0);
        multicast.Send(free, 0);
        var read = multicast.BeginRead("free read", "j", 0);
        multicast.Send(read, 0);
        var held = multicast.BeginRead("held read", "k", 0);
        multicast.Send(held, 0);
        if (!free.IsAnswered || !read.IsAnswered || read.MustBeOrdered || multicast.Outgoing(0) != messages)
        {
            throw new ViolationException("M5", $"free: {free.IsAnswered}, read: {read.IsAnswered}, {multicast.Outgoing(0) - messages} messages more");
        }

        if (held.IsAnswered)
        {
            throw new ViolationException("M2", "a read of what is held is answered");
        }

        multicast.Carry(0, 1);
        multicast.Finish(m, free, read, held);
    }
}
