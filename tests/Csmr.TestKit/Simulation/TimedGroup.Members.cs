using Csmr.Replication.Paxos;

namespace Csmr.TestKit.Simulation;

/// <content>Who belongs to the group.</content>
internal sealed partial class TimedGroup
{
    /// <summary>Nobody waits for a change.</summary>
    private const long ChangeToken = -1;

    private readonly SimulationRandom _changes;
    private readonly Dictionary<int, JoinTicket> _tickets = [];

    /// <summary>Whether a replica belongs to the group by what is chosen.</summary>
    /// <param name="host">The replica.</param>
    /// <returns>Whether.</returns>
    public bool IsMember(TimedHost host) => Oracle.Configuration.Find(new ReplicaId(host.Replica.Ordinal)) is not null;

    private void BeginChanges()
    {
        if (Plan.MembersUs > 0)
        {
            Schedule(_changes.Between(0, Plan.MembersUs), EventKind.Members, 0);
        }
    }

    // Whoever holds itself for the leader is asked, as an operator would: also one that is deposed and does not know.
    private void ChangeMembers()
    {
        if (IsHealed)
        {
            return;
        }

        Schedule(_changes.Between(0, 2 * Plan.MembersUs), EventKind.Members, 0);
        var leaders = Array.FindAll(Hosts, static host => host.Replica.Status.IsServing && host.Pauses == 0);
        if (leaders.Length == 0)
        {
            return;
        }

        var leader = leaders[_changes.Below(leaders.Length)];
        leader.Replica.Change(static () => ChangeToken, Next(leader.Replica.Node!), ClockOf(leader));
        Watch(leader);
        _engine.Stepped(this, leader);
    }

    private GroupConfiguration Next(PaxosNode leader)
    {
        var current = leader.Configuration;
        if (current.Members.FirstOrDefault(static member => member.IsLearner) is { } learner && _changes.Chance(800))
        {
            return current.WithVoter(learner.Id);
        }

        if (current.NextId >= Hosts.Length || _changes.Chance(400))
        {
            return current.Without(current.Members[_changes.Below(current.Members.Count)].Id);
        }

        if (_tickets.TryAdd(current.NextId, leader.Ticket!))
        {
            Start(Hosts[current.NextId]);
        }

        return current.With("", isWitness: false);
    }
}
