using Csmr.Replication.Paxos;

namespace Csmr.TestKit.Simulation;

/// <summary>One group in virtual time: its replicas with their disks, clocks and network, and what goes wrong there.</summary>
internal sealed partial class TimedGroup : IReplicaSurroundings
{
    /// <summary>2023-11-14, in milliseconds since 1970: any moment does.</summary>
    public const long EpochMs = 1_700_000_000_000;

    private readonly ITimedEngine _engine;
    private readonly HostBug _bug;
    private readonly Probes _probes;
    private readonly SimulationRandom _network;
    private readonly SimulationRandom _disk;
    private readonly SimulationRandom _life;
    private readonly SimulationRandom _hints;
    private readonly Dictionary<long, ulong> _digests = [];

    /// <summary>How far ahead any wall clock was before the first entry was delivered.</summary>
    private long _wallAheadMs;
    private bool _isTimeKnown;

    /// <summary>Makes one whose replicas are down.</summary>
    /// <param name="index">Its number.</param>
    /// <param name="plan">What happens to it.</param>
    /// <param name="engine">What runs it.</param>
    /// <param name="probes">Where rare paths are counted.</param>
    /// <param name="bug">A planted defect.</param>
    /// <param name="outcomesOnly">Whether only what a client could notice is checked.</param>
    public TimedGroup(int index, TimedPlan plan, ITimedEngine engine, Probes probes, HostBug bug, bool outcomesOnly)
    {
        (Index, Plan, _engine, _probes, _bug) = (index, plan, engine, probes, bug);
        var random = new SimulationRandom(plan.Seed);
        (_network, _disk, _life, _files, _changes, _hints) = (random.Fork(3), random.Fork(4), random.Fork(6), random.Fork(8), random.Fork(11), random.Fork(13));
        Oracle = new GroupOracle(probes);
        Oracle.Reset(plan.Setup.Members, outcomesOnly, plan.Spares);
        var audit = new MessageAudit(Oracle, probes);
        Hosts = [.. Enumerable.Range(0, plan.Setup.Replicas + plan.Spares).Select(i => new TimedHost(new SimulatedReplica(i, this, Oracle, audit, bug)))];
    }

    /// <summary>Its number.</summary>
    public int Index { get; }

    /// <summary>What happens to it.</summary>
    public TimedPlan Plan { get; }

    /// <summary>Who checks.</summary>
    public GroupOracle Oracle { get; }

    /// <summary>The replicas.</summary>
    public TimedHost[] Hosts { get; }

    /// <summary>Whether all faults have ended.</summary>
    public bool IsHealed { get; private set; }

    /// <summary>Whether every member that executes is up and has executed all that is chosen.</summary>
    public bool IsCaughtUp => Array.TrueForAll(Hosts, host => !IsExecuting(host) || !IsMember(host) || host.Replica.Status.Role == NodeRole.Outcast
        || (host.Replica.IsUp && host.Machine!.AppliedUpTo.Number >= Oracle.ChosenPrefix));

    private long NowUs => _engine.NowUs;

    /// <summary>The time of a right clock.</summary>
    private long TrueTimeMs => EpochMs + (NowUs / 1000);

    /// <summary>Whether a replica executes what is chosen; a witness does not.</summary>
    /// <param name="host">The replica.</param>
    /// <returns>Whether.</returns>
    public bool IsExecuting(TimedHost host) => !Plan.Setup.IsWitness(host.Replica.Ordinal);

    /// <summary>Prepares starts, faults and their end.</summary>
    public void Begin()
    {
        var formed = Plan.IsFormed ? Plan.Setup.Formed() : null;
        foreach (var host in Hosts)
        {
            var isSpare = host.Replica.Ordinal >= Plan.Setup.Replicas;
            host.Replica.Reset((isSpare ? null : formed?[host.Replica.Ordinal]) ?? []);
            if (isSpare)
            {
                continue;
            }

            var isLate = Plan.LateStartUs > 0 && host.Replica.Ordinal == Hosts.Length - 1;
            Schedule(isLate ? Plan.LateStartUs : _life.Between(0, 5_000), EventKind.Start, host.Replica.Ordinal);
        }

        for (var i = 0; i < Plan.Faults.Length; i++)
        {
            Schedule(Plan.Faults[i].AtUs, EventKind.FaultBegins, i);
        }

        Schedule(Plan.HealUs, EventKind.Heal, 0);
        BeginSnapshots();
        BeginChanges();
    }

    /// <summary>One of its events happens.</summary>
    /// <param name="next">The event.</param>
    public void Happen(in SimulatedEvent next)
    {
        switch (next.Kind)
        {
            case EventKind.FaultBegins:
                if (!IsHealed)
                {
                    Begin(Plan.Faults[next.A], next.A);
                }

                return;
            case EventKind.FaultEnds:
                if (!IsHealed)
                {
                    End((Fault)next.Content!, next.B);
                }

                return;
            case EventKind.Heal:
                if (!IsHealed)
                {
                    Heal();
                }

                return;
            case EventKind.Start:
                Start(Hosts[next.A]);
                return;
            case EventKind.Members:
                ChangeMembers();
                return;
            case EventKind.Resume:
                Resume(Hosts[next.A]);
                return;
            default:
                break;
        }

        var host = Hosts[next.A];
        if (host.Pauses > 0 && next.Kind != EventKind.FlushEnds)
        {
            host.Backlog.Add(next);
            return;
        }

        Step(host, next);
    }

    /// <summary>A message from elsewhere to a replica, or back: it arrives after a while, or never.</summary>
    /// <param name="kind">What it is when it arrives.</param>
    /// <param name="a">See <see cref="SimulatedEvent"/>.</param>
    /// <param name="number">See <see cref="SimulatedEvent"/>.</param>
    /// <param name="content">See <see cref="SimulatedEvent"/>.</param>
    public void Transmit(EventKind kind, int a, long number, object content)
    {
        if (IsHealed || !_network.Chance(Plan.Loss))
        {
            Schedule(DelayUs(), kind, a, 0, number, content);
        }
    }

    /// <summary>A host's clocks.</summary>
    /// <param name="host">The host.</param>
    /// <returns>The time by them.</returns>
    public HostTime ClockOf(TimedHost host) => new(TrueTimeMs + host.ClockOffsetMs, NowUs / 1000);

    /// <summary>A4: whoever is first at a slot tells the digest for all others and later lives.</summary>
    /// <param name="host">The replica.</param>
    /// <param name="slot">The slot.</param>
    /// <param name="digest">The digest of its state.</param>
    public void CheckDigest(TimedHost host, long slot, ulong digest)
    {
        if (!_digests.TryAdd(slot, digest) && _digests[slot] != digest)
        {
            throw new ViolationException("A4", $"r{host.Replica.Ordinal} has another state at slot {slot} than a replica had before");
        }
    }

    /// <inheritdoc/>
    void IReplicaSurroundings.Appended(SimulatedReplica replica)
    {
        var host = Hosts[replica.Ordinal];
        if (!host.IsFlushing)
        {
            BeginFlush(host);
        }
    }

    /// <inheritdoc/>
    void IReplicaSurroundings.Delivered(SimulatedReplica replica, in Delivery delivery)
    {
        CheckTime(replica, delivery);
        _engine.Delivered(this, Hosts[replica.Ordinal], delivery.Entry.Configuration is null ? delivery : delivery with { Tokens = [] });
    }

    /// <inheritdoc/>
    void IReplicaSurroundings.ReadReady(SimulatedReplica replica, long token) => _engine.ReadReady(this, Hosts[replica.Ordinal], token);

    /// <inheritdoc/>
    void IReplicaSurroundings.GivenUp(SimulatedReplica replica, in GivenUp givenUp)
    {
        if (givenUp.Token != ChangeToken)
        {
            _engine.GivenUp(this, Hosts[replica.Ordinal], givenUp);
        }
    }

    private void Schedule(long afterUs, EventKind kind, int a, int b = 0, long number = 0, object? content = null) =>
        _engine.Schedule(this, afterUs, kind, a, b, number, content);

    private void Step(TimedHost host, in SimulatedEvent next)
    {
        switch (next.Kind)
        {
            case EventKind.Tick:
                Tick(host, next.B);
                break;
            case EventKind.Arrive:
                if (host.Replica.IsUp)
                {
                    Arrive(host, next.B, (byte[])next.Content!);
                }

                break;
            case EventKind.FlushEnds:
                FlushEnds(host, next.B, (int)next.Number);
                break;
            case EventKind.Request:
                if (host.Replica.IsUp)
                {
                    _engine.Serve(this, host, next.Content!, (int)next.Number);
                }

                break;
            case EventKind.Suspect:
                if (host.Replica.IsUp)
                {
                    host.Replica.Suspect((int)next.Number);
                }

                break;
            case EventKind.Snapshot:
                Snapshot(host);
                break;
            case EventKind.FileWork:
                WorkOnFiles(host, next.B);
                break;
            default:
                throw new InvalidOperationException($"nobody handles {next.Kind}");
        }

        Watch(host);
        _engine.Stepped(this, host);
    }

    private void Tick(TimedHost host, int life)
    {
        if (!host.Replica.IsUp || host.Replica.Life != life)
        {
            return;
        }

        var period = Plan.TickUs * (IsHealed ? 1000 : Plan.TickDrift[host.Replica.Ordinal % Plan.TickDrift.Length]) / 1000;
        var jitter = period * Plan.TickJitter / 1000;
        Schedule(period + _life.Between(-jitter / 2, jitter / 2), EventKind.Tick, host.Replica.Ordinal, life);
        host.Replica.Tick(ClockOf(host));
        if (!IsHealed && host.Replica.IsUp && host.Replica.Status.Leader is { } leader && _hints.Chance(Plan.FalseSuspicions))
        {
            host.Replica.Suspect(leader.Ordinal);
        }
    }

    private void Arrive(TimedHost host, int from, byte[] packed)
    {
        var wasLeader = host.Replica.Status.Role == NodeRole.Leader;
        host.Replica.Receive(from, MessageCodec.Read(packed));
        if (!wasLeader && host.Replica.Status.Role == NodeRole.Leader)
        {
            ProbeElection();
        }
    }

    private void ProbeElection()
    {
        _probes.Hit(Probe.LeaderElected);
        if (!Plan.IsFormed && Plan.LateStartUs > 0)
        {
            _probes.Hit(Probe.LateFormation);
        }

        if (Plan.Setup.Witnesses > 0 && Array.Exists(Hosts, other => IsExecuting(other) && !other.Replica.IsUp))
        {
            _probes.Hit(Probe.WitnessVoted);
        }
    }

    private void Watch(TimedHost host)
    {
        if (host.Replica.Status.Role == NodeRole.Outcast)
        {
            _probes.Hit(Probe.Outcast);
        }
        else if (host.Replica.Status.Role == NodeRole.Leader
            && Array.Exists(Hosts, other => other != host && other.Replica.Status.Role == NodeRole.Leader))
        {
            _probes.Hit(Probe.TwoLeaders);
        }
    }

    // T1: once an entry is chosen, wall clocks that jump do not move the group's time. (A quorum that restarts must believe one.)
    private void CheckTime(SimulatedReplica replica, in Delivery delivery)
    {
        _isTimeKnown = true;
        if (!Plan.HasRestarts && delivery.Entry.TimeMs > EpochMs + _wallAheadMs + (NowUs / 1000 * 65 / 64) + 1)
        {
            throw new ViolationException("T1", $"r{replica.Ordinal} delivers slot {delivery.Slot.Number}, stamped {delivery.Entry.TimeMs - TrueTimeMs} ms ahead of true time");
        }
    }
}
