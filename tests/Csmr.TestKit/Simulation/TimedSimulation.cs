using Csmr.Replication.Paxos;

namespace Csmr.TestKit.Simulation;

/// <summary>
/// One group, its network, disks and clients in virtual time. First the plan's faults, then everything heals and every
/// call must be answered within a bound. One instance is one run.
/// </summary>
internal sealed partial class TimedSimulation
{
    /// <summary>2023-11-14, in milliseconds since 1970: any moment does.</summary>
    private const long EpochMs = 1_700_000_000_000;

    private const long LivenessBoundUs = 20_000_000;

    private readonly TimedPlan _plan;
    private readonly HostBug _bug;
    private readonly Probes _probes;
    private readonly EventQueue _events = new();
    private readonly GroupOracle _oracle;
    private readonly SimulatedClients _clients;
    private readonly Host[] _hosts;
    private readonly SimulationRandom _network;
    private readonly SimulationRandom _disk;
    private readonly SimulationRandom _life;
    private bool _isHealed;
    private long _healedUs;
    private long _eventNumber;
    private ulong _trace;

    private TimedSimulation(TimedPlan plan, Probes probes, HostBug bug, bool outcomesOnly)
    {
        (_plan, _probes, _bug) = (plan, probes, bug);
        var random = new SimulationRandom(plan.Seed);
        (_network, _disk, _life) = (random.Fork(3), random.Fork(4), random.Fork(6));
        _oracle = new GroupOracle(probes);
        _oracle.Reset(plan.Setup.Replicas, outcomesOnly);
        var audit = new MessageAudit(_oracle, probes);
        _hosts = [.. Enumerable.Range(0, plan.Setup.Replicas).Select(i => new Host(new SimulatedReplica(i, this, _oracle, audit, bug)))];
        _trace = plan.Seed;
        _clients = new SimulatedClients(plan, this);
    }

    /// <summary>Virtual time.</summary>
    public long NowUs { get; private set; }

    /// <summary>The time of a right clock.</summary>
    public long TrueTimeMs => EpochMs + (NowUs / 1000);

    /// <summary>The highest slot that any answer came from.</summary>
    public long AnsweredSlot => _oracle.AnsweredSlot;

    /// <summary>Runs a plan.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="probes">Where rare paths are counted.</param>
    /// <param name="bug">A planted defect.</param>
    /// <param name="outcomesOnly">Whether only what a client could notice is checked.</param>
    /// <returns>How it ended.</returns>
    public static RunOutcome Run(TimedPlan plan, Probes probes, HostBug bug = HostBug.None, bool outcomesOnly = false)
    {
        var simulation = new TimedSimulation(plan, probes, bug, outcomesOnly);
        Violation? violation = null;
        try
        {
            simulation.Run();
        }
        catch (Exception exception)
        {
            violation = Violation.Of(exception, simulation._eventNumber);
        }

        return new RunOutcome(
            "timed", plan.Seed, violation, simulation._trace, simulation._eventNumber, simulation._clients.Answers, simulation.NowUs);
    }

    /// <summary>Something will happen.</summary>
    /// <param name="afterUs">After how long.</param>
    /// <param name="kind">What.</param>
    /// <param name="a">See <see cref="SimulatedEvent"/>.</param>
    /// <param name="b">See <see cref="SimulatedEvent"/>.</param>
    /// <param name="number">See <see cref="SimulatedEvent"/>.</param>
    /// <param name="content">See <see cref="SimulatedEvent"/>.</param>
    public void Schedule(long afterUs, EventKind kind, int a, int b = 0, long number = 0, object? content = null) =>
        _events.Add(NowUs + afterUs, kind, a, b, number, content);

    private void Run()
    {
        var formed = _plan.IsFormed ? _plan.Setup.Formed() : null;
        foreach (var host in _hosts)
        {
            host.Replica.Reset(formed?[host.Replica.Ordinal] ?? []);
            var isLate = _plan.LateStartUs > 0 && host.Replica.Ordinal == _hosts.Length - 1;
            Schedule(isLate ? _plan.LateStartUs : _life.Between(0, 5_000), EventKind.Start, host.Replica.Ordinal);
        }

        for (var i = 0; i < _plan.Faults.Length; i++)
        {
            _events.Add(_plan.Faults[i].AtUs, EventKind.FaultBegins, i);
        }

        _events.Add(_plan.HealUs, EventKind.Heal, 0);
        while (!IsOver())
        {
            var next = _events.Take();
            _eventNumber++;
            NowUs = Math.Max(NowUs, next.AtUs);
            if (_isHealed && NowUs > _healedUs + LivenessBoundUs)
            {
                throw new ViolationException("L1", NotLive());
            }

            Fold(next);
            Happen(next);
        }

        EndChecks();
    }

    private bool IsOver()
    {
        if (!_clients.AreDone)
        {
            return false;
        }

        if (!_isHealed)
        {
            Heal();
        }

        return Array.TrueForAll(_hosts, host => !host.IsExecuting(_plan) || host.Replica.Status.Role == NodeRole.Outcast
            || (host.Replica.IsUp && host.Machine!.AppliedUpTo.Number >= _oracle.ChosenPrefix));
    }

    private string NotLive() =>
        $"{LivenessBoundUs / 1000} ms after all faults ended {(_clients.AreDone ? "a replica has not caught up" : "a call is not answered")}: "
        + string.Join(", ", _hosts.Select(host => $"r{host.Replica.Ordinal} {host.Replica.Status}"));

    private void Fold(in SimulatedEvent happened)
    {
        _trace = Digests.Add(_trace, ((ulong)happened.AtUs << 8) ^ (ulong)happened.Kind);
        _trace = Digests.Add(_trace, ((ulong)happened.A << 48) ^ ((ulong)happened.B << 32) ^ (ulong)happened.Number);
        if (happened.Content is byte[] packed)
        {
            _trace = Digests.Add(_trace, Digests.Of(packed));
        }
    }

    private void Happen(in SimulatedEvent next)
    {
        switch (next.Kind)
        {
            case EventKind.Call:
                _clients.Begin(next.A);
                return;
            case EventKind.Timeout:
                _clients.Timeout(next.A, next.B, next.Number);
                return;
            case EventKind.Reply:
                _clients.Receive((ClientReply)next.Content!);
                return;
            case EventKind.FaultBegins:
                if (!_isHealed)
                {
                    Begin(next.A);
                }

                return;
            case EventKind.FaultEnds:
                if (!_isHealed)
                {
                    End(_plan.Faults[next.A], next.B);
                }

                return;
            case EventKind.Heal:
                if (!_isHealed)
                {
                    Heal();
                }

                return;
            case EventKind.Start:
                Start(_hosts[next.A]);
                return;
            case EventKind.Resume:
                Resume(_hosts[next.A]);
                return;
            default:
                break;
        }

        var host = _hosts[next.A];
        if (host.Pauses > 0 && next.Kind != EventKind.FlushEnds)
        {
            host.Backlog.Add(next);
            return;
        }

        Step(host, next);
    }

    private void Step(Host host, in SimulatedEvent next)
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
                Serve(host, (ClientCall)next.Content!, (int)next.Number);
                break;
            default:
                throw new InvalidOperationException($"nobody handles {next.Kind}");
        }

        Watch(host);
    }

    private void Tick(Host host, int life)
    {
        if (!host.Replica.IsUp || host.Replica.Life != life)
        {
            return;
        }

        var period = _plan.TickUs * (_isHealed ? 1000 : _plan.TickDrift[host.Replica.Ordinal]) / 1000;
        var jitter = period * _plan.TickJitter / 1000;
        Schedule(period + _life.Between(-jitter / 2, jitter / 2), EventKind.Tick, host.Replica.Ordinal, life);
        host.Replica.Tick(ClockOf(host));
    }

    private void Arrive(Host host, int from, byte[] packed)
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
        if (!_plan.IsFormed && _plan.LateStartUs > 0)
        {
            _probes.Hit(Probe.LateFormation);
        }

        if (_plan.Setup.Witnesses > 0 && Array.Exists(_hosts, other => other.IsExecuting(_plan) && !other.Replica.IsUp))
        {
            _probes.Hit(Probe.WitnessVoted);
        }
    }

    private void Watch(Host host)
    {
        if (host.Replica.Status.Role == NodeRole.Outcast)
        {
            _probes.Hit(Probe.Outcast);
        }
        else if (host.Replica.Status.Role == NodeRole.Leader
            && Array.Exists(_hosts, other => other != host && other.Replica.Status.Role == NodeRole.Leader))
        {
            _probes.Hit(Probe.TwoLeaders);
        }
    }

    private void EndChecks()
    {
        var judge = new HistoryJudge();
        if (!_oracle.OutcomesOnly)
        {
            judge.JudgeByLog(_oracle, _clients.History, _probes);
        }

        HistoryJudge.JudgeBySearch(_clients.History);
        foreach (var host in _hosts)
        {
            if (host.IsExecuting(_plan) && host.Replica.IsUp && host.Machine!.AppliedUpTo.Number == _oracle.ChosenPrefix && !_oracle.OutcomesOnly)
            {
                for (var key = 0; key < _plan.Keys; key++)
                {
                    var state = Read(host, key);
                    if (state != judge.StateOf(HistoryJudge.KeyName(key)))
                    {
                        throw new ViolationException("A4", $"r{host.Replica.Ordinal} has {state} in register {key}; the log gives {judge.StateOf(HistoryJudge.KeyName(key))}");
                    }
                }
            }
        }
    }
}
