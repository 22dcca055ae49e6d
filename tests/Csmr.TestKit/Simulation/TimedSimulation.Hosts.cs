using Csmr.Replication.Machine;
using Csmr.Replication.Paxos;
using Csmr.TestKit.Checking;

namespace Csmr.TestKit.Simulation;

/// <content>Hosts: replicas with their machines, disks in time, and the requests they serve.</content>
internal sealed partial class TimedSimulation : IReplicaSurroundings
{
    private readonly Dictionary<long, Pending> _pending = [];
    private readonly Dictionary<long, ulong> _digests = [];
    private readonly List<byte[]> _replies = [];
    private readonly WireWriter _writer = new();
    private long _token;

    /// <summary>How far ahead any wall clock was before the first entry was delivered.</summary>
    private long _wallAheadMs;
    private bool _isTimeKnown;

    /// <inheritdoc/>
    void IReplicaSurroundings.Appended(SimulatedReplica replica)
    {
        var host = _hosts[replica.Ordinal];
        if (!host.IsFlushing)
        {
            BeginFlush(host);
        }
    }

    /// <inheritdoc/>
    void IReplicaSurroundings.Delivered(SimulatedReplica replica, in Delivery delivery)
    {
        var machine = _hosts[replica.Ordinal].Machine!;
        var entry = delivery.Entry;
        if (_bug == HostBug.SessionsForgotten && replica.Life > 1)
        {
            entry = entry with { Proposals = Array.ConvertAll(entry.Proposals, WithOtherSession) };
        }

        CheckTime(replica, delivery);
        _replies.Clear();
        machine.Apply(delivery.Slot, entry, delivery.Tokens.Count > 0 ? _replies : null);
        for (var i = 0; i < delivery.Tokens.Count; i++)
        {
            if (!_pending.Remove(delivery.Tokens[i], out var pending) || pending.Call.IsRead)
            {
                throw new ViolationException("H1", $"r{replica.Ordinal} ends token {delivery.Tokens[i]}, which is not open");
            }

            var reply = CommandBatch.ReadReplies(_replies[i], 1)[0];
            _oracle.Answer(reply.Slot.Number);
            SendReply(replica, pending, reply);
        }

        if (delivery.Slot.Number % 4 == 0)
        {
            CheckDigest(replica, delivery.Slot.Number, machine.Digest());
        }
    }

    /// <inheritdoc/>
    void IReplicaSurroundings.ReadReady(SimulatedReplica replica, long token)
    {
        if (!_pending.Remove(token, out var pending) || !pending.Call.IsRead)
        {
            throw new ViolationException("H1", $"r{replica.Ordinal} ends token {token}, which is no open read");
        }

        var host = _hosts[replica.Ordinal];
        CommandBatch.WriteReads([PackInvocation(pending.Call)], _writer);
        var reply = CommandBatch.ReadReplies(host.Machine!.Read(_writer.ToArray()), 1)[0];
        _oracle.Read(replica.Ordinal, pending.Floor, reply.Slot.Number);
        if (_oracle.Proposals.Count > 0 && _oracle.Proposals[0].Ballot.Leader.Ordinal != replica.Ordinal)
        {
            _probes.Hit(Probe.ReadAfterLeaderChange);
        }

        SendReply(replica, pending, reply);
    }

    /// <inheritdoc/>
    void IReplicaSurroundings.GivenUp(SimulatedReplica replica, in GivenUp givenUp)
    {
        if (!_pending.Remove(givenUp.Token, out var pending))
        {
            throw new ViolationException("H1", $"r{replica.Ordinal} gives token {givenUp.Token} up, which is not open");
        }

        if (givenUp.Reason == GivenUpReason.Overloaded)
        {
            _probes.Hit(Probe.Overloaded);
        }
        else if (givenUp.Reason == GivenUpReason.LeadershipLost)
        {
            _probes.Hit(Probe.ProposalGivenUp);
        }
        else if (pending.Call.IsRead && replica.Status.Role == NodeRole.Leader)
        {
            _probes.Hit(Probe.ReadGivenUp);
        }

        SendReply(replica, pending, reply: null);
    }

    /// <summary>A client sends a request to a replica.</summary>
    /// <param name="target">The replica.</param>
    /// <param name="call">The call.</param>
    public void Request(int target, ClientCall call)
    {
        if (_isHealed || !_network.Chance(_plan.Loss))
        {
            Schedule(DelayUs(), EventKind.Request, target, 0, call.Try, call);
        }
    }

    private void Serve(Host host, ClientCall call, int number)
    {
        if (!host.Replica.IsUp)
        {
            return;
        }

        var token = ++_token;
        _pending.Add(token, new Pending(call, number, _oracle.AnsweredSlot));
        if (call.IsRead)
        {
            host.Replica.Read(token);
            return;
        }

        if (_bug == HostBug.AnsweredTooEarly && host.Replica.Status.Role == NodeRole.Leader && call.Call.Kind == RegisterCallKind.Put)
        {
            var early = new CommandReply(CommandReplyKind.Executed, host.Replica.Status.Last.Next, Outcome.Done(Value.Of(0), Value.Of(0)));
            SendReply(host.Replica, _pending[token], early);
        }

        var id = _bug == HostBug.RetryWithNewId && number > 1 ? call.Id with { Sequence = call.Id.Sequence + (1000 * number) } : call.Id;
        CommandBatch.Write([new Command(id, call.ExpiresAtMs, call.AcknowledgedBelow, IsCallerSession: true, PackInvocation(call))], _writer);
        host.Replica.Propose(token, _writer.ToArray(), ClockOf(host));
    }

    private void SendReply(SimulatedReplica replica, Pending pending, CommandReply? reply)
    {
        if (_isHealed || !_network.Chance(_plan.Loss))
        {
            var hint = replica.Node?.Status.Leader?.Ordinal ?? -1;
            Schedule(DelayUs(), EventKind.Reply, pending.Call.Client, 0, 0, new ClientReply(pending.Call, pending.Try, reply, hint));
        }
    }

    private RegisterAnswer Read(Host host, int key)
    {
        var writer = new WireWriter();
        PackInvocation(RegisterCallKind.Read, key, 0, writer);
        CommandBatch.WriteReads([writer.ToArray()], _writer);
        var fields = CommandBatch.ReadReplies(host.Machine!.Read(_writer.ToArray()), 1)[0].Outcome!.Fields;
        return new RegisterAnswer(fields[0].AsLong(), fields[1].AsLong());
    }

    // A4: whoever is first at a slot tells the digest for all others and later lives.
    private void CheckDigest(SimulatedReplica replica, long slot, ulong digest)
    {
        if (!_digests.TryAdd(slot, digest) && _digests[slot] != digest)
        {
            throw new ViolationException("A4", $"r{replica.Ordinal} has another state at slot {slot} than a replica had before");
        }
    }

    // T1: once an entry is chosen, wall clocks that jump do not move the group's time. (A quorum that restarts must believe one.)
    private void CheckTime(SimulatedReplica replica, in Delivery delivery)
    {
        _isTimeKnown = true;
        if (!_plan.HasRestarts && delivery.Entry.TimeMs > EpochMs + _wallAheadMs + (NowUs / 1000 * 65 / 64) + 1)
        {
            throw new ViolationException("T1", $"r{replica.Ordinal} delivers slot {delivery.Slot.Number}, stamped {delivery.Entry.TimeMs - TrueTimeMs} ms ahead of true time");
        }
    }

    private void Start(Host host)
    {
        if (host.Replica.IsUp)
        {
            return;
        }

        var options = _plan.Options with
        {
            Self = new ReplicaId(host.Replica.Ordinal),
            Incarnation = _life.Next(),
            Seed = _life.Next(),
        };
        var life = host.Replica.Life + 1;
        host.Machine = new ReplicatedMachine(RegisterMachineType.Instance, MachineSettings.Defaults(RegisterMachineType.Instance.Definition));
        host.IsFlushing = false;
        Schedule(_life.Between(0, _plan.TickUs), EventKind.Tick, host.Replica.Ordinal, life);
        host.Replica.Start(options);
    }

    private void Crash(Host host)
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
        host.CrashAfterSends = 0;
        host.CrashAtFlushForUs = 0;
        host.Backlog.RemoveAll(waiting => waiting.Kind is EventKind.Arrive or EventKind.Request or EventKind.Tick or EventKind.FlushEnds);
        if (Array.TrueForAll(_hosts, one => !one.Replica.IsUp))
        {
            _probes.Hit(Probe.AllDown);
        }
    }

    private void BeginFlush(Host host)
    {
        host.IsFlushing = true;
        var typical = host.SlowDisks > 0 ? _plan.FlushUs * 100 : _plan.FlushUs;
        var duration = _isHealed ? _plan.FlushUs : _disk.HeavyTailed(typical, _plan.FlushTail, 2_000_000);
        Schedule(duration, EventKind.FlushEnds, host.Replica.Ordinal, host.Replica.Life, host.Replica.Disk.Count);
    }

    // While a process stands still its disk goes on: the flush ends, and the node hears of it when it goes on too.
    private void FlushEnds(Host host, int life, int count)
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

    private HostTime ClockOf(Host host) => new(TrueTimeMs + host.ClockOffsetMs, NowUs / 1000);

    private static byte[] PackInvocation(ClientCall call)
    {
        var writer = new WireWriter();
        PackInvocation(call.Call.Kind, call.Key, call.Call.Item, writer);
        return writer.ToArray();
    }

    private static void PackInvocation(RegisterCallKind kind, int key, long item, WireWriter writer) =>
        new Invocation(RegisterMachineType.Operations[(int)kind], [Value.Of(HistoryJudge.KeyName(key)), Value.Of(item)]).Write(writer);

    private static ReadOnlyMemory<byte> WithOtherSession(ReadOnlyMemory<byte> proposal)
    {
        var writer = new WireWriter();
        CommandBatch.Write(
            Array.ConvertAll(
                CommandBatch.Read(proposal),
                command => command with { Id = command.Id with { Session = new SessionId(command.Id.Session.High ^ 1, command.Id.Session.Low) } }),
            writer);
        return writer.ToArray();
    }

    private readonly record struct Pending(ClientCall Call, int Try, long Floor);

    /// <summary>A replica's process and machine room.</summary>
    private sealed class Host(SimulatedReplica replica)
    {
        public SimulatedReplica Replica { get; } = replica;

        public ReplicatedMachine? Machine { get; set; }

        public List<SimulatedEvent> Backlog { get; } = [];

        public int Pauses { get; set; }

        public int SlowDisks { get; set; }

        public bool IsFlushing { get; set; }

        public long ClockOffsetMs { get; set; }

        /// <summary>The life that ends soon, since it has handed over; 0 for none.</summary>
        public int StopsLife { get; set; }

        public int CrashAfterSends { get; set; }

        public long CrashedForUs { get; set; }

        public long CrashAtFlushForUs { get; set; }

        public bool IsExecuting(TimedPlan plan) => !plan.Setup.IsWitness(Replica.Ordinal);
    }
}
