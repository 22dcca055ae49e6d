using Csmr.Replication.Machine;
using Csmr.Replication.Paxos;
using Csmr.TestKit.Checking;

namespace Csmr.TestKit.Simulation;

/// <content>What the replicas serve.</content>
internal sealed partial class TimedSimulation : ITimedEngine
{
    private readonly Dictionary<long, Pending> _pending = [];
    private readonly List<byte[]> _replies = [];
    private readonly WireWriter _writer = new();
    private long _token;


    /// <inheritdoc/>
    void ITimedEngine.Schedule(TimedGroup group, long afterUs, EventKind kind, int a, int b, long number, object? content) =>
        Schedule(afterUs, kind, a, b, number, content);

    /// <inheritdoc/>
    ReplicatedMachine ITimedEngine.NewMachine(TimedGroup group) =>
        new(RegisterMachineType.Instance, MachineSettings.Defaults(RegisterMachineType.Instance.Definition));

    /// <inheritdoc/>
    void ITimedEngine.Stepped(TimedGroup group, TimedHost host)
    {
    }

    /// <inheritdoc/>
    void ITimedEngine.Delivered(TimedGroup group, TimedHost host, in Delivery delivery)
    {
        var (replica, machine) = (host.Replica, host.Machine!);
        var entry = delivery.Entry;
        if (_bug == HostBug.SessionsForgotten && replica.Life > 1)
        {
            entry = entry with { Proposals = Array.ConvertAll(entry.Proposals, WithOtherSession) };
        }

        _replies.Clear();
        machine.Apply(delivery.Slot, entry, delivery.Tokens.Count > 0 ? _replies : null);
        for (var i = 0; i < delivery.Tokens.Count; i++)
        {
            if (!_pending.Remove(delivery.Tokens[i], out var pending) || pending.Call.IsRead)
            {
                throw new ViolationException("H1", $"r{replica.Ordinal} ends token {delivery.Tokens[i]}, which is not open");
            }

            var reply = CommandBatch.ReadReplies(_replies[i], 1)[0];
            _group.Oracle.Answer(reply.Slot.Number);
            SendReply(replica, pending, reply);
        }

        if (delivery.Slot.Number % 4 == 0)
        {
            group.CheckDigest(host, delivery.Slot.Number, machine.Digest());
        }
    }

    /// <inheritdoc/>
    void ITimedEngine.Restored(TimedGroup group, TimedHost host)
    {
    }

    /// <inheritdoc/>
    void ITimedEngine.ReadReady(TimedGroup group, TimedHost host, long token)
    {
        var replica = host.Replica;
        if (!_pending.Remove(token, out var pending) || !pending.Call.IsRead)
        {
            throw new ViolationException("H1", $"r{replica.Ordinal} ends token {token}, which is no open read");
        }

        CommandBatch.WriteReads([PackInvocation(pending.Call)], _writer);
        var reply = CommandBatch.ReadReplies(host.Machine!.Read(_writer.ToArray()), 1)[0];
        _group.Oracle.Read(replica.Ordinal, pending.Floor, reply.Slot.Number);
        if (_group.Oracle.Proposals.Count > 0 && _group.Oracle.Proposals[0].Ballot.Leader.Ordinal != replica.Ordinal)
        {
            _probes.Hit(Probe.ReadAfterLeaderChange);
        }

        SendReply(replica, pending, reply);
    }

    /// <inheritdoc/>
    void ITimedEngine.GivenUp(TimedGroup group, TimedHost host, in GivenUp givenUp)
    {
        var replica = host.Replica;
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
    public void Request(int target, ClientCall call) => _group.Transmit(EventKind.Request, target, call.Try, call);

    /// <inheritdoc/>
    void ITimedEngine.Serve(TimedGroup group, TimedHost host, object content, int number)
    {
        var call = (ClientCall)content;
        var token = ++_token;
        _pending.Add(token, new Pending(call, number, _group.Oracle.AnsweredSlot));
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
        host.Replica.Propose(token, _writer.ToArray(), group.ClockOf(host));
    }

    private void SendReply(SimulatedReplica replica, Pending pending, CommandReply? reply)
    {
        var hint = replica.Node?.Status.Leader?.Ordinal ?? -1;
        _group.Transmit(EventKind.Reply, pending.Call.Client, 0, new ClientReply(pending.Call, pending.Try, reply, hint));
    }

    private RegisterAnswer Read(TimedHost host, int key)
    {
        var writer = new WireWriter();
        PackInvocation(RegisterCallKind.Read, key, 0, writer);
        CommandBatch.WriteReads([writer.ToArray()], _writer);
        var fields = CommandBatch.ReadReplies(host.Machine!.Read(_writer.ToArray()), 1)[0].Outcome!.Fields;
        return new RegisterAnswer(fields[0].AsLong(), fields[1].AsLong());
    }

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
}
