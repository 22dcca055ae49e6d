using Csmr.Composition.Plans;
using Csmr.Replication.Paxos;

namespace Csmr.Chaos.Checks;

/// <summary>
/// The log of one group as the disks of its replicas have it: a slot's entry is chosen when a quorum has durable votes for it
/// in one ballot, a quorum of those who are voters by the chosen entries before it (A7). No replica is asked what it believes.
/// </summary>
public static class ChosenLog
{
    /// <summary>Finds the chosen entries, from slot 1 on without gap, and checks A1 (one value for a slot) and A3 (each replica's log agrees).</summary>
    /// <param name="group">The group.</param>
    /// <param name="journals">All journals, those of lost disks included.</param>
    /// <param name="report">Takes what is wrong.</param>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Find(GroupPlan group, IReadOnlyCollection<ReplicaJournal> journals, CheckReport report)
    {
        ArgumentNullException.ThrowIfNull(group);
        ArgumentNullException.ThrowIfNull(journals);
        ArgumentNullException.ThrowIfNull(report);
        var own = journals.Where(journal => journal.Has(group.Id)).ToArray();
        var slots = new SortedDictionary<Slot, List<Ballots>>();
        var votes = 0L;
        foreach (var journal in own)
        {
            foreach (var vote in journal.VotesOf(group.Id))
            {
                votes++;
                Count(group, slots, vote, report);
            }
        }

        var configurations = new Configurations(GroupConfiguration.Initial(
            [.. group.Replicas.Select(static replica => new Member(replica.Id, replica.IsWitness, IsLearner: false, replica.Node))]));
        var chosen = Choose(group, slots, configurations, report);
        foreach (var journal in own)
        {
            RequireAgreement(group, journal, chosen, report);
        }

        report.Checked($"{group.Id}: {chosen.Count} slots chosen, by {votes} durable votes on {own.Length} disks, with {configurations.Current.Number} changes of members: one value each (A1), every replica's log agrees (A3)");
        return chosen;
    }

    private static void Count(GroupPlan group, SortedDictionary<Slot, List<Ballots>> slots, in Vote vote, CheckReport report)
    {
        if (!slots.TryGetValue(vote.Slot, out var ballots))
        {
            slots.Add(vote.Slot, ballots = []);
        }

        var (ballot, slot, entry) = (vote.Ballot, vote.Slot, vote.Entry);
        var known = ballots.Find(candidate => candidate.Ballot == ballot);
        if (known is null)
        {
            ballots.Add(known = new Ballots(ballot, entry));
        }

        known.Voters.Add(vote.Voter);
        report.Require(known.Entry.Span.SequenceEqual(entry.Span), () => $"A1: group {group.Id}, slot {slot}: two values were voted for in ballot {ballot}");
    }

    private static List<ReadOnlyMemory<byte>> Choose(
        GroupPlan group, SortedDictionary<Slot, List<Ballots>> slots, Configurations configurations, CheckReport report)
    {
        var chosen = new List<ReadOnlyMemory<byte>>();
        foreach (var (slot, ballots) in slots)
        {
            var deciding = configurations.Current;
            var winners = ballots.Where(ballot => ballot.Voters.Count(deciding.IsVoter) >= deciding.Quorum).ToArray();
            if (winners.Length == 0 || slot.Number != chosen.Count + 1)
            {
                break;
            }

            chosen.Add(winners[0].Entry);
            configurations.Learn(slot, winners[0].Entry);
            report.Require(
                winners.All(winner => winner.Entry.Span.SequenceEqual(winners[0].Entry.Span)),
                () => $"A1: group {group.Id}, slot {slot}: quorums chose different values in ballots {string.Join(", ", winners.Select(static winner => winner.Ballot))}");
        }

        return chosen;
    }

    // What a replica holds last at a slot that it knew to be chosen.
    private static void RequireAgreement(GroupPlan group, ReplicaJournal journal, List<ReadOnlyMemory<byte>> chosen, CheckReport report)
    {
        var last = new Dictionary<Slot, ReadOnlyMemory<byte>>();
        foreach (var vote in journal.VotesOf(group.Id))
        {
            last[vote.Slot] = vote.Entry;
        }

        var (upTo, start) = (journal.ChosenUpTo(group.Id).Number, journal.Base(group.Id).Number);
        report.Require(upTo <= chosen.Count, () => $"A3: group {group.Id}: {journal.Node} took slots up to {upTo} as chosen, the disks know {chosen.Count}");
        for (var number = 1; number <= Math.Min(upTo, chosen.Count); number++)
        {
            // What a snapshot stands for may never have been here, or with a value that was not chosen.
            var isSame = number <= start || (last.TryGetValue(new Slot(number), out var entry) && entry.Span.SequenceEqual(chosen[number - 1].Span));
            report.Require(isSame, () => $"A3: group {group.Id}: {journal.Node} holds another entry at the chosen slot {number}");
        }
    }

    private sealed record Ballots(Ballot Ballot, ReadOnlyMemory<byte> Entry)
    {
        public HashSet<ReplicaId> Voters { get; } = [];
    }
}
