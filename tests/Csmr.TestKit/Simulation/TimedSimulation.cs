using Csmr.Replication.Paxos;

namespace Csmr.TestKit.Simulation;

/// <summary>
/// One group, its network, disks and clients in virtual time. First the plan's faults, then everything heals and every
/// call must be answered within a bound. One instance is one run.
/// </summary>
internal sealed partial class TimedSimulation
{
    private const long LivenessBoundUs = 20_000_000;

    private readonly TimedPlan _plan;
    private readonly HostBug _bug;
    private readonly Probes _probes;
    private readonly EventQueue _events = new();
    private readonly TimedGroup _group;
    private readonly SimulatedClients _clients;
    private long _healedUs;
    private long _eventNumber;
    private ulong _trace;

    private TimedSimulation(TimedPlan plan, Probes probes, HostBug bug, bool outcomesOnly)
    {
        (_plan, _probes, _bug) = (plan, probes, bug);
        _group = new TimedGroup(0, plan, this, probes, bug, outcomesOnly);
        _trace = plan.Seed;
        _clients = new SimulatedClients(plan, this);
    }

    /// <summary>Virtual time.</summary>
    public long NowUs { get; private set; }

    /// <summary>The time of a right clock.</summary>
    public long TrueTimeMs => TimedGroup.EpochMs + (NowUs / 1000);

    /// <summary>The highest slot that any answer came from.</summary>
    public long AnsweredSlot => _group.Oracle.AnsweredSlot;

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
        _group.Begin();
        while (!IsOver())
        {
            var next = _events.Take();
            _eventNumber++;
            NowUs = Math.Max(NowUs, next.AtUs);
            if (_group.IsHealed && NowUs > _healedUs + LivenessBoundUs)
            {
                throw new ViolationException("L1", NotLive());
            }

            Fold(next);
            Happen(next);
            _healedUs = _group.IsHealed ? _healedUs : NowUs;
        }

        EndChecks();
    }

    private bool IsOver()
    {
        if (!_clients.AreDone)
        {
            return false;
        }

        if (!_group.IsHealed)
        {
            _group.Heal();
            _healedUs = NowUs;
        }

        return _group.IsCaughtUp;
    }

    private string NotLive() =>
        $"{LivenessBoundUs / 1000} ms after all faults ended {(_clients.AreDone ? "a replica has not caught up" : "a call is not answered")}: "
        + string.Join(", ", _group.Hosts.Select(host => $"r{host.Replica.Ordinal} {host.Replica.Status}"));

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
            default:
                _group.Happen(next);
                return;
        }
    }

    private void EndChecks()
    {
        var judge = new HistoryJudge();
        if (!_group.Oracle.OutcomesOnly)
        {
            judge.JudgeByLog(_group.Oracle, _clients.History, _probes);
        }

        HistoryJudge.JudgeBySearch(_clients.History);
        foreach (var host in _group.Hosts)
        {
            if (_group.IsExecuting(host) && host.Replica.IsUp && host.Machine!.AppliedUpTo.Number == _group.Oracle.ChosenPrefix && !_group.Oracle.OutcomesOnly)
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
