using Csmr.Replication.Paxos;

namespace Csmr.TestKit.Simulation;

/// <content>The network, and what goes wrong.</content>
internal sealed partial class TimedGroup
{
    private readonly int[,] _cuts = new int[8, 8];
    private int _lossPerMille;
    private int _slowNetworks;

    /// <inheritdoc/>
    bool IReplicaSurroundings.Send(SimulatedReplica replica, in Envelope envelope)
    {
        var host = Hosts[replica.Ordinal];
        if (host.CrashAfterSends > 0 && --host.CrashAfterSends == 0)
        {
            _probes.Hit(Probe.CrashAtSend);
            Schedule(host.CrashedForUs, EventKind.Start, replica.Ordinal);
            Crash(host);
            return false;
        }

        Transmit(replica.Ordinal, envelope.To.Ordinal, envelope.Message);
        if (_bug == HostBug.AcceptedForged && envelope.Message is Accepted)
        {
            Transmit((envelope.To.Ordinal + 1) % Hosts.Length, envelope.To.Ordinal, envelope.Message);
        }

        return true;
    }

    private void Transmit(int from, int to, Message message)
    {
        if (_cuts[from, to] > 0 || (!IsHealed && _network.Chance(Plan.Loss + _lossPerMille)))
        {
            return;
        }

        var packed = MessageCodec.Pack(message);
        Schedule(DelayUs(), EventKind.Arrive, to, from, 0, packed);
        if (!IsHealed && _network.Chance(Plan.Duplication))
        {
            _probes.Hit(Probe.DuplicateDelivered);
            Schedule(DelayUs(), EventKind.Arrive, to, from, 0, packed);
        }
    }

    /// <summary>How long a message takes that is sent now.</summary>
    public long DelayUs()
    {
        if (IsHealed)
        {
            return _network.Between(200, 2_000);
        }

        return _network.Below(10_000) < Plan.VeryLate
            ? _network.Between(100_000, 5_000_000)
            : _network.HeavyTailed(_slowNetworks > 0 ? Plan.DelayUs * 100 : Plan.DelayUs, Plan.DelayTail, 3_000_000);
    }

    /// <summary>A fault begins.</summary>
    /// <param name="fault">The fault.</param>
    /// <param name="number">Its number, for the trace.</param>
    public void Begin(Fault fault, int number)
    {
        var target = fault.Target >= 0 ? fault.Target : LeaderOr(fault.Amount % Hosts.Length);
        var host = Hosts[target];
        switch (fault.Kind)
        {
            case FaultKind.Crash:
            case FaultKind.LoseDisk:
                Crash(host);
                Schedule(fault.DurationUs, EventKind.Start, target);
                LoseDisk(host, fault.Kind);
                break;
            case FaultKind.LoseSnapshots:
                LoseSnapshots(host);
                Schedule(fault.DurationUs, EventKind.Start, target);
                break;
            case FaultKind.CrashAll:
                foreach (var one in Hosts)
                {
                    Crash(one);
                    Schedule(fault.DurationUs + _life.Between(0, 30_000), EventKind.Start, one.Replica.Ordinal);
                }

                break;
            case FaultKind.CrashAtSend:
                (host.CrashAfterSends, host.CrashedForUs) = (1 + (fault.Amount % 12), fault.DurationUs);
                break;
            case FaultKind.CrashAtFlush:
                host.CrashAtFlushForUs = fault.DurationUs;
                break;
            case FaultKind.ClockJump:
                host.ClockOffsetMs += (fault.Amount - 500) * 20;
                _wallAheadMs = _isTimeKnown ? _wallAheadMs : Math.Max(_wallAheadMs, host.ClockOffsetMs);
                break;
            case FaultKind.ForceElection:
                for (var ticks = 0; ticks < Plan.Options.ElectionTicksMax && host.Replica.IsUp && host.Pauses == 0; ticks++)
                {
                    host.Replica.Tick(ClockOf(host));
                }

                break;
            case FaultKind.HandOver:
                if (host.Replica.IsUp && host.Pauses == 0)
                {
                    host.Replica.HandOver();
                }

                // Who hands over wants to stop, and does so after a while.
                host.StopsLife = host.Replica.Life;
                Schedule(fault.DurationUs, EventKind.FaultEnds, number, target, 0, fault);
                break;
            default:
                Change(fault, target, 1);
                Schedule(fault.DurationUs, EventKind.FaultEnds, number, target, 0, fault);
                break;
        }
    }

    private void End(Fault fault, int target)
    {
        if (fault.Kind != FaultKind.HandOver)
        {
            Change(fault, target, -1);
            return;
        }

        Stop(Hosts[target]);
    }

    private void Stop(TimedHost host)
    {
        if (host.StopsLife == host.Replica.Life)
        {
            Crash(host);
            Schedule(_life.Between(10_000, 200_000), EventKind.Start, host.Replica.Ordinal);
        }

        host.StopsLife = 0;
    }

    // Faults of one kind may overlap: each adds one and takes one away.
    private void Change(in Fault fault, int target, int by)
    {
        switch (fault.Kind)
        {
            case FaultKind.Pause:
                Hosts[target].Pauses += by;
                if (Hosts[target].Pauses == 0)
                {
                    Schedule(0, EventKind.Resume, target);
                }

                break;
            case FaultKind.Loss:
                _lossPerMille += by * fault.Amount * 6 / 10;
                break;
            case FaultKind.SlowNetwork:
                _slowNetworks += by;
                break;
            case FaultKind.SlowDisk:
                Hosts[target].SlowDisks += by;
                break;
            case FaultKind.CutLink:
                _cuts[target, (target + 1) % Hosts.Length] += by;
                break;
            default:
                Cut(fault, target, by);
                break;
        }
    }

    private void Cut(in Fault fault, int target, int by)
    {
        for (var from = 0; from < Hosts.Length; from++)
        {
            for (var to = 0; to < Hosts.Length; to++)
            {
                var isCut = fault.Kind switch
                {
                    FaultKind.CutIn => to == target,
                    FaultKind.CutOut => from == target,
                    FaultKind.CutOff => to == target || from == target,
                    _ => ((fault.Amount >> from) & 1) != ((fault.Amount >> to) & 1),
                };
                _cuts[from, to] += isCut && from != to ? by : 0;
            }
        }
    }

    private void LoseDisk(TimedHost host, FaultKind kind)
    {
        if (kind == FaultKind.LoseDisk && Oracle.Acceptors[host.Replica.Ordinal].IsFormed)
        {
            host.Replica.LoseDisk(Plan.IsFormed ? Plan.Setup.Formed()[host.Replica.Ordinal] : []);
        }
    }

    private int LeaderOr(int other)
    {
        var leader = -1;
        var ballot = Ballot.None;
        foreach (var host in Hosts)
        {
            if (host.Replica.Status.Role == NodeRole.Leader && host.Replica.Status.Promised > ballot)
            {
                (leader, ballot) = (host.Replica.Ordinal, host.Replica.Status.Promised);
            }
        }

        return leader >= 0 ? leader : other;
    }

    private void Resume(TimedHost host)
    {
        if (host.Pauses > 0)
        {
            return;
        }

        // What came meanwhile happens at once, in the order in which it came; of many ticks one is left.
        var backlog = host.Backlog.ToArray();
        host.Backlog.Clear();
        foreach (var waiting in backlog)
        {
            Step(host, waiting);
        }
    }

    /// <summary>All faults end.</summary>
    public void Heal()
    {
        IsHealed = true;
        Array.Clear(_cuts);
        foreach (var host in Hosts)
        {
            Stop(host);
            host.SlowDisks = 0;
            host.CrashAfterSends = 0;
            host.CrashAtFlushForUs = 0;
            if (host.Pauses > 0)
            {
                host.Pauses = 0;
                Schedule(0, EventKind.Resume, host.Replica.Ordinal);
            }

            Schedule(_life.Between(0, 5_000), EventKind.Start, host.Replica.Ordinal);
        }
    }
}
