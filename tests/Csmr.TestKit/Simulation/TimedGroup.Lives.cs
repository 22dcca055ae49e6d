using Csmr.Replication.Paxos;

namespace Csmr.TestKit.Simulation;

/// <content>Starts, crashes, and flushes of disks.</content>
internal sealed partial class TimedGroup
{
    private void Start(TimedHost host)
    {
        if (host.Replica.IsUp || (host.Replica.Ordinal >= Plan.Setup.Replicas && !_tickets.ContainsKey(host.Replica.Ordinal)))
        {
            return;
        }

        var options = Plan.Options with
        {
            Self = new ReplicaId(host.Replica.Ordinal),
            Joins = _tickets.GetValueOrDefault(host.Replica.Ordinal),
            Incarnation = _life.Next(),
            Seed = _life.Next(),
        };
        var life = host.Replica.Life + 1;
        host.Machine = _engine.NewMachine(this);
        host.IsFlushing = false;
        host.IsFileBusy = false;
        Schedule(_life.Between(0, Plan.TickUs), EventKind.Tick, host.Replica.Ordinal, life);
        host.Replica.Start(options);
    }

    private void Crash(TimedHost host)
    {
        if (!host.Replica.IsUp)
        {
            return;
        }

        var pending = host.Replica.Disk.Count - host.Replica.Disk.DurableCount;
        var survivors = _disk.Below(pending + 1);
        if (pending > 0)
        {
            _probes.Hit(survivors > 0 && survivors < pending ? Probe.TornTail : Probe.CrashBeforeFlush);
        }

        host.Replica.Crash(survivors);
        NoticeGone(host);
        host.CrashAfterSends = 0;
        host.CrashAtFlushForUs = 0;
        host.Backlog.RemoveAll(waiting => waiting.Kind is EventKind.Arrive or EventKind.Request or EventKind.Tick or EventKind.FlushEnds or EventKind.FileWork);
        if (Array.TrueForAll(Hosts, one => !one.Replica.IsUp))
        {
            _probes.Hit(Probe.AllDown);
        }
    }

    // A crashed process's connections break, and hosts that ask for it are refused; of a machine that is gone nothing comes.
    private void NoticeGone(TimedHost gone)
    {
        foreach (var host in Hosts)
        {
            if (host != gone && _hints.Chance(Plan.Suspicions))
            {
                Schedule(_hints.Between(200, 4 * Plan.TickUs), EventKind.Suspect, host.Replica.Ordinal, 0, gone.Replica.Ordinal);
            }
        }
    }

    private void BeginFlush(TimedHost host)
    {
        host.IsFlushing = true;
        var typical = host.SlowDisks > 0 ? Plan.FlushUs * 100 : Plan.FlushUs;
        var duration = IsHealed ? Plan.FlushUs : _disk.HeavyTailed(typical, Plan.FlushTail, 2_000_000);
        Schedule(duration, EventKind.FlushEnds, host.Replica.Ordinal, host.Replica.Life, host.Replica.Disk.Count);
    }

    // While a process stands still its disk goes on: the flush ends, and the node hears of it when it goes on too.
    private void FlushEnds(TimedHost host, int life, int count)
    {
        if (!host.Replica.IsUp || host.Replica.Life != life)
        {
            return;
        }

        if (host.CrashAtFlushForUs > 0)
        {
            var downUs = host.CrashAtFlushForUs;
            Crash(host);
            Schedule(downUs, EventKind.Start, host.Replica.Ordinal);
            return;
        }

        host.Replica.Flush(count);
        if (host.Pauses > 0)
        {
            host.Backlog.Add(new SimulatedEvent(NowUs, 0, EventKind.FlushEnds, host.Replica.Ordinal, life, count, null));
            return;
        }

        host.IsFlushing = host.Replica.Disk.Count > count;
        if (host.IsFlushing)
        {
            BeginFlush(host);
        }

        host.Replica.Persisted(count);
    }
}
