using System.Buffers.Binary;
using Csmr.Replication.Paxos;
using Csmr.Replication.Ports;

namespace Csmr.TestKit.Simulation;

/// <summary>
/// A walk without any clock: each step does one thing that could happen, with no regard to how likely it is. Messages are
/// delivered however old, so this reaches what timed runs hardly do. One instance walks many seeds, one after the other.
/// </summary>
public sealed class ClocklessWalk : IReplicaSurroundings
{
    private const int PoolMax = 96;

    private readonly Probes _probes;
    private readonly HostBug _bug;
    private readonly bool _outcomesOnly;
    private readonly GroupOracle _oracle;
    private readonly TokenLedger _tokens;
    private readonly List<SimulatedReplica> _replicas = [];
    private readonly List<InFlight> _pool = [];
    private readonly SimulationRandom _random = new(0);
    private readonly List<WalkAction> _actions = [];
    private readonly int[] _crashAtSend = new int[WalkPlan.ReplicasMax];
    private readonly int[] _heard = new int[WalkPlan.ReplicasMax];
    private readonly JoinTicket?[] _joins = new JoinTicket?[WalkPlan.ReplicasMax];
    private WalkPlan _plan = null!;
    private JournalRecord[][]? _formed;
    private ulong _trace;
    private long _step;
    private int _disksLost;
    private long _timeMs;
    private long _overflows;

    /// <summary>Makes one.</summary>
    /// <param name="probes">Where rare paths are counted.</param>
    /// <param name="bug">A planted defect.</param>
    /// <param name="outcomesOnly">Whether only what a client could notice is checked.</param>
    public ClocklessWalk(Probes probes, HostBug bug = HostBug.None, bool outcomesOnly = false)
    {
        (_probes, _bug, _outcomesOnly) = (probes, bug, outcomesOnly);
        _oracle = new GroupOracle(probes);
        _tokens = new TokenLedger(_oracle);
        var audit = new MessageAudit(_oracle, probes);
        for (var i = 0; i < WalkPlan.ReplicasMax; i++)
        {
            _replicas.Add(new SimulatedReplica(i, this, _oracle, audit, bug));
        }
    }

    /// <summary>The replicas of this walk, those that may join included.</summary>
    private int Count => _plan.Setup.Replicas + _plan.Spares;

    /// <summary>Walks.</summary>
    /// <param name="seed">The seed.</param>
    /// <returns>How it ended.</returns>
    public RunOutcome Run(ulong seed)
    {
        _plan = WalkPlan.Of(seed);
        _random.Reseed(SimulationRandom.Mix(seed + 77));
        _actions.Clear();
        return Run(() =>
        {
            for (_step = 0; _step < _plan.Steps; _step++)
            {
                var action = _plan.Draw(_random);
                _actions.Add(action);
                Do(action);
            }
        });
    }

    /// <summary>Walks given steps with a seed's plan.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="actions">The steps.</param>
    /// <returns>How it ended.</returns>
    internal RunOutcome Run(ulong seed, IReadOnlyList<WalkAction> actions)
    {
        _plan = WalkPlan.Of(seed);
        return Run(() =>
        {
            for (_step = 0; _step < actions.Count; _step++)
            {
                Do(actions[(int)_step]);
            }
        });
    }

    /// <summary>The steps of the last walk of a seed.</summary>
    /// <returns>A copy.</returns>
    internal WalkAction[] Actions() => [.. _actions];

    /// <inheritdoc/>
    void IReplicaSurroundings.Appended(SimulatedReplica replica)
    {
    }

    /// <inheritdoc/>
    void IReplicaSurroundings.Delivered(SimulatedReplica replica, in Delivery delivery) => _tokens.Delivered(replica, delivery);

    /// <inheritdoc/>
    void IReplicaSurroundings.ReadReady(SimulatedReplica replica, long token)
    {
        _tokens.ReadReady(replica, token);
        if (_oracle.Proposals.Count > 0 && _oracle.Proposals[0].Ballot.Leader.Ordinal != replica.Ordinal)
        {
            _probes.Hit(Probe.ReadAfterLeaderChange);
        }
    }

    /// <inheritdoc/>
    void IReplicaSurroundings.GivenUp(SimulatedReplica replica, in GivenUp givenUp)
    {
        var wasRead = _tokens.GivenUp(replica, givenUp);
        if (givenUp.Reason == GivenUpReason.Overloaded)
        {
            _probes.Hit(Probe.Overloaded);
        }
        else if (givenUp.Reason == GivenUpReason.LeadershipLost)
        {
            _probes.Hit(Probe.ProposalGivenUp);
        }
        else if (wasRead && replica.Status.Role == NodeRole.Leader)
        {
            _probes.Hit(Probe.ReadGivenUp);
        }
    }

    /// <inheritdoc/>
    bool IReplicaSurroundings.Send(SimulatedReplica replica, in Envelope envelope)
    {
        var from = replica.Ordinal;
        if (_crashAtSend[from] > 0 && --_crashAtSend[from] == 0)
        {
            _probes.Hit(Probe.CrashAtSend);
            Crash(replica, (ulong)_step);
            return false;
        }

        Put(new InFlight(from, envelope.To.Ordinal, envelope.Message));
        if (_bug == HostBug.AcceptedForged && envelope.Message is Accepted)
        {
            Put(new InFlight((envelope.To.Ordinal + 1) % Count, envelope.To.Ordinal, envelope.Message));
        }

        return true;
    }

    private RunOutcome Run(Action walk)
    {
        Violation? violation = null;
        try
        {
            Start();
            walk();
        }
        catch (Exception exception)
        {
            violation = Violation.Of(exception, _step);
        }

        foreach (var replica in _replicas)
        {
            _trace = Digests.Add(_trace, (ulong)replica.Disk.DurableCount);
        }

        return new RunOutcome("walk", _plan.Seed, violation, _trace, _step, _tokens.DoneCount, 0);
    }

    private void Start()
    {
        var setup = _plan.Setup;
        _oracle.Reset(setup.Members, _outcomesOnly, _plan.Spares);
        _tokens.Reset();
        _pool.Clear();
        Array.Clear(_crashAtSend);
        Array.Clear(_heard);
        Array.Clear(_joins);
        (_trace, _step, _disksLost, _timeMs, _overflows) = (_plan.Seed, 0, 0, 1_000_000, 0);
        _formed = _plan.IsFormed ? setup.Formed() : null;
        foreach (var replica in _replicas)
        {
            var isMember = replica.Ordinal < setup.Replicas;
            replica.Reset((isMember ? _formed?[replica.Ordinal] : null) ?? []);
            if (isMember)
            {
                Restart(replica, (ulong)replica.Ordinal);
            }
        }
    }

    private void Do(in WalkAction action)
    {
        _trace = Digests.Add(_trace, ((ulong)_pool.Count << 40) ^ ((ulong)_oracle.ChosenPrefix << 16) ^ ((ulong)action.Step << 8) ^ (ulong)action.Replica);
        var replica = _replicas[action.Replica % Count];
        switch (action.Step)
        {
            case WalkStep.Deliver:
            case WalkStep.DeliverNew:
            case WalkStep.Duplicate:
            case WalkStep.Drop:
                DoMessage(action);
                break;
            case WalkStep.Restart:
                RestartOneFrom(replica.Ordinal, action.Choice);
                break;
            case WalkStep.LoseDisk:
                LoseDisk(replica);
                break;
            case WalkStep.Rush:
                Rush(replica, action.Choice);
                break;
            case WalkStep.LoseSnapshot:
                Crash(replica, action.Choice);
                replica.Snapshots.Lose();
                break;
            case WalkStep.CrashAll:
                foreach (var one in _replicas)
                {
                    Crash(one, action.Choice);
                }

                _probes.Hit(Probe.AllDown);
                break;
            default:
                if (replica.IsUp)
                {
                    DoUp(replica, action);
                }

                break;
        }
    }

    private void DoUp(SimulatedReplica replica, in WalkAction action)
    {
        switch (action.Step)
        {
            case WalkStep.Tick:
                Tick(replica, 1);
                break;
            case WalkStep.Elect:
                Tick(replica, replica.Status.Role == NodeRole.Leader ? 1 : _plan.Options.ElectionTicksMax);
                break;
            case WalkStep.TickAll:
                for (var i = 0; i < Count; i++)
                {
                    Tick(_replicas[(replica.Ordinal + i) % Count], _plan.Options.ElectionTicksMin + 1);
                }

                break;
            case WalkStep.Flush:
                Persist(replica, replica.Disk.Count);
                break;
            case WalkStep.FlushPart:
                FlushPart(replica, action.Choice);
                break;
            case WalkStep.Crash:
                Crash(replica, action.Choice);
                break;
            case WalkStep.CrashAtSend:
                _crashAtSend[replica.Ordinal] = 1 + (int)(action.Choice % 8);
                break;
            case WalkStep.Propose:
                Propose(Asked(replica, action.Choice));
                break;
            case WalkStep.Read:
                var asked = Asked(replica, action.Choice);
                asked.Read(_tokens.OpenRead(asked));
                break;
            case WalkStep.HandOver:
                replica.HandOver();
                break;
            case WalkStep.Join:
                Join(Asked(replica, 1));
                break;
            case WalkStep.Change:
                Change(Asked(replica, 1), action.Choice);
                break;
            case WalkStep.Suspect:
                replica.Suspect((int)(action.Choice % (ulong)Count));
                break;
            case WalkStep.Snapshot:
                Snapshot(replica);
                break;
            case WalkStep.FileWork:
                DoFileWork(replica);
                break;
            default:
                break;
        }
    }

    private void Snapshot(SimulatedReplica replica)
    {
        if (replica.Status.Role is NodeRole.Forming or NodeRole.Outcast)
        {
            return;
        }

        if (replica.Node!.Options.IsWitness)
        {
            replica.FetchSnapshot();
        }
        else
        {
            replica.SaveSnapshot();
        }
    }

    private void DoFileWork(SimulatedReplica replica)
    {
        var newest = replica.Snapshots.Newest;
        replica.DoFileWork();
        if (replica.Snapshots.Newest > newest)
        {
            _probes.Hit(Probe.SnapshotInstalled);
            if (replica.Snapshots.HasResumed)
            {
                _probes.Hit(Probe.TransferResumed);
            }
        }
    }

    // Mostly a replica that holds itself for the leader is asked: others only refuse.
    private SimulatedReplica Asked(SimulatedReplica replica, ulong choice)
    {
        for (var i = 0; i < Count && choice % 8 != 0; i++)
        {
            var other = _replicas[(replica.Ordinal + i) % Count];
            if (other.Status.Role == NodeRole.Leader)
            {
                return other;
            }
        }

        return replica;
    }

    private void Propose(SimulatedReplica replica)
    {
        var proposal = new byte[8];
        var token = _tokens.OpenProposal(replica);
        BinaryPrimitives.WriteInt64LittleEndian(proposal, token);
        replica.Propose(token, proposal, Now());
    }

    private void Tick(SimulatedReplica replica, int times)
    {
        for (; times > 0 && replica.IsUp; times--)
        {
            replica.Tick(Now());
            Watch(replica);
        }
    }

    private void Watch(SimulatedReplica replica)
    {
        if (replica.Status.Role == NodeRole.Outcast)
        {
            _probes.Hit(Probe.Outcast);
        }
        else if (replica.Status.Role is NodeRole.Learner or NodeRole.Removed)
        {
            _probes.Hit(replica.Status.Role == NodeRole.Learner ? Probe.Learned : Probe.Removed);
        }
        else if (replica.Status.Role == NodeRole.Leader)
        {
            foreach (var other in _replicas)
            {
                if (other != replica && other.Status.Role == NodeRole.Leader)
                {
                    _probes.Hit(Probe.TwoLeaders);
                }
            }
        }
    }

    private void DoMessage(in WalkAction action)
    {
        if (_pool.Count == 0)
        {
            return;
        }

        var newest = action.Step == WalkStep.DeliverNew ? Math.Min(4, _pool.Count) : _pool.Count;
        var index = _pool.Count - 1 - (int)(action.Choice % (ulong)newest);
        var message = _pool[index];
        if (action.Step != WalkStep.Duplicate)
        {
            _pool[index] = _pool[^1];
            _pool.RemoveAt(_pool.Count - 1);
        }

        var receiver = _replicas[message.To];
        if (action.Step == WalkStep.Drop || !receiver.IsUp)
        {
            return;
        }

        if (action.Step == WalkStep.Duplicate)
        {
            _probes.Hit(Probe.DuplicateDelivered);
        }

        Receive(receiver, message);
    }

    private void Receive(SimulatedReplica receiver, in InFlight message)
    {
        var wasLeader = receiver.Status.Role == NodeRole.Leader;
        receiver.Receive(message.From, message.Message);
        if (!wasLeader && receiver.Status.Role == NodeRole.Leader)
        {
            _probes.Hit(Probe.LeaderElected);
            if (_plan.Setup.Witnesses > 0 && _replicas.Exists(one => one.Ordinal < _plan.Setup.Replicas && !one.IsUp))
            {
                _probes.Hit(Probe.WitnessVoted);
            }
        }
    }

    // A majority around one replica hears its own messages, oldest first, for some rounds; the others' stay under way.
    private void Rush(SimulatedReplica first, ulong choice)
    {
        var count = Count;
        var majority = 1 << first.Ordinal;
        var voters = _oracle.Configuration.Voters;
        var at = Math.Max(0, voters.ToList().IndexOf(new ReplicaId(first.Ordinal)));
        for (var i = 0; i < _oracle.Configuration.Quorum; i++)
        {
            majority |= 1 << voters[(at + (choice % 2 == 0 ? i : voters.Count - i)) % voters.Count].Ordinal;
        }

        // With a learner, or without.
        majority |= _oracle.Configuration.Members[^1] is { IsLearner: true } learner && choice % 5 < 3 ? 1 << learner.Id.Ordinal : 0;

        if (first.IsUp && choice % 3 == 0)
        {
            for (var i = 0; i < count; i++)
            {
                Tick(_replicas[i], (majority >> i) % 2 == 1 ? _plan.Options.ElectionTicksMin : 0);
            }

            Tick(first, _plan.Options.ElectionTicksMax);
        }

        for (var round = (int)(choice >> 8) % 8; round >= 0; round--)
        {
            for (var i = 0; i < count; i++)
            {
                if ((majority >> i) % 2 == 1 && _replicas[i].IsUp)
                {
                    Persist(_replicas[i], _replicas[i].Disk.Count);
                    while (_replicas[i].IsUp && _replicas[i].HasFileWork)
                    {
                        DoFileWork(_replicas[i]);
                    }
                }
            }

            DeliverAmong(majority);
        }
    }

    private void DeliverAmong(int majority)
    {
        for (int i = 0, last = _pool.Count; i < last && i < _pool.Count; i++)
        {
            var message = _pool[i];
            if (((majority >> message.From) & (majority >> message.To)) % 2 == 1)
            {
                _pool.RemoveAt(i--);
                last--;
                if (_replicas[message.To].IsUp)
                {
                    Receive(_replicas[message.To], message);
                }
            }
        }
    }

    private void Put(in InFlight message)
    {
        if (_pool.Count >= PoolMax)
        {
            // Something is lost where too much is under way; which, follows from the walk so far.
            _pool[(int)(Digests.Add(_trace, (ulong)++_overflows) % PoolMax)] = message;
            return;
        }

        _pool.Add(message);
    }

    private void Persist(SimulatedReplica replica, int count)
    {
        replica.Flush(count);
        if (count > _heard[replica.Ordinal])
        {
            _heard[replica.Ordinal] = count;
            replica.Persisted(count);
        }
    }

    private void FlushPart(SimulatedReplica replica, ulong choice)
    {
        var waiting = replica.Disk.Count - _heard[replica.Ordinal];
        if (waiting == 0)
        {
            return;
        }

        // Some records are durable, and the node hears of some of them.
        var durable = _heard[replica.Ordinal] + 1 + (int)(choice % (ulong)waiting);
        replica.Flush(durable);
        var told = _heard[replica.Ordinal] + (int)((choice >> 32) % (ulong)(durable - _heard[replica.Ordinal] + 1));
        if (told > _heard[replica.Ordinal])
        {
            Persist(replica, told);
        }
    }

    private void Crash(SimulatedReplica replica, ulong choice)
    {
        if (!replica.IsUp)
        {
            return;
        }

        var pending = replica.Disk.Count - replica.Disk.DurableCount;
        var survivors = (int)(choice % (ulong)(pending + 1));
        if (pending > 0)
        {
            _probes.Hit(survivors > 0 && survivors < pending ? Probe.TornTail : Probe.CrashBeforeFlush);
        }

        replica.Crash(survivors);
        _crashAtSend[replica.Ordinal] = 0;
    }

    private void RestartOneFrom(int ordinal, ulong choice)
    {
        for (var i = 0; i < Count; i++)
        {
            var replica = _replicas[(ordinal + i) % Count];
            if (!replica.IsUp)
            {
                Restart(replica, choice);
                return;
            }
        }
    }

    private void Restart(SimulatedReplica replica, ulong choice)
    {
        var isSpare = replica.Ordinal >= _plan.Setup.Replicas;
        if (isSpare && (_joins[replica.Ordinal] is null || _oracle.Acceptors[replica.Ordinal].IsLost))
        {
            // Nobody has asked it to join yet; or it has lost its disk, and another id.
            return;
        }

        var options = _plan.Options with
        {
            Self = new ReplicaId(replica.Ordinal),
            Incarnation = SimulationRandom.Mix(_plan.Seed ^ choice ^ ((ulong)replica.Life << 8) ^ (ulong)replica.Ordinal),
            Seed = choice,
            Joins = _joins[replica.Ordinal],
        };
        _heard[replica.Ordinal] = replica.Disk.DurableCount;
        replica.Start(options);
        var (from, start) = (replica.Snapshots.Newest, _oracle.Acceptors[replica.Ordinal].Base);
        if (start > 0)
        {
            _probes.Hit(from < start ? Probe.SnapshotLost : Probe.StartedFromSnapshot);
        }
    }

    // Only a disk that had the formation on it is a lost one: an earlier one had not yet voted.
    private void LoseDisk(SimulatedReplica replica)
    {
        if (_disksLost < _plan.DisksLostMax && _oracle.Acceptors[replica.Ordinal].IsFormed)
        {
            Crash(replica, 0);
            _disksLost++;
            replica.LoseDisk((replica.Ordinal < _plan.Setup.Replicas ? _formed?[replica.Ordinal] : null) ?? []);
        }
    }

    private void Join(SimulatedReplica leader)
    {
        if (leader.Node is { } node && node.Configuration.NextId < Count && _joins[node.Configuration.NextId] is null && node.Ticket is { } ticket)
        {
            _joins[node.Configuration.NextId] = ticket;
            if (_plan.Seed % 4 == 1)
            {
                Inherit(_replicas[node.Configuration.NextId], node.Configuration);
            }

            Restart(_replicas[node.Configuration.NextId], (ulong)_step);
        }
    }

    // It joins on the disk of one that was removed, which is not told and goes on: more than a host would do.
    private void Inherit(SimulatedReplica replica, GroupConfiguration configuration)
    {
        var removed = _replicas.FirstOrDefault(other => other.Node is not null && configuration.Find(new ReplicaId(other.Ordinal)) is null);
        if (removed?.Node?.Relics().ToArray() is not [var start, .. var rest] || (start.Slot > Slot.None && !removed.Snapshots.Has(start.Slot)))
        {
            return;
        }

        // In an order in which a disk gets them: the oracle reads it as one.
        var chosen = rest.Where(static record => record.Kind == JournalRecordKind.Chosen);
        var votes = rest.Where(static record => record.Kind == JournalRecordKind.Accepted).OrderBy(static record => record.Ballot);
        replica.Reset([start with { Ballot = Ballot.None }, .. votes, new JournalRecord(JournalRecordKind.Promised, start.Ballot, Slot.None, default), .. chosen]);
        replica.Snapshots.Publish(Math.Max(removed.Snapshots.Newest, 0));
        _probes.Hit(Probe.JoinedOnOldDisk);
    }

    private void Change(SimulatedReplica leader, ulong choice)
    {
        var current = leader.Node!.Configuration;
        var member = current.Members[(int)((choice >> 8) % (ulong)current.Members.Count)];
        var next = (choice % 3) switch
        {
            0 when current.NextId < Count => current.With("", isWitness: false),
            1 when current.Members.FirstOrDefault(static one => one.IsLearner) is { } learner => current.WithVoter(learner.Id),
            2 when choice % 5 == 0 => new GroupConfiguration(current.Number + 1, current.NextId, [.. current.Members.Skip(2)]),
            _ => current.Without(member.Id),
        };
        leader.Change(() => _tokens.OpenProposal(leader), next, Now());
    }

    private readonly record struct InFlight(int From, int To, Message Message);

    private HostTime Now() => new(++_timeMs, _timeMs);
}
