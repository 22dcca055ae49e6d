using Csmr.Replication.Machine;
using Csmr.Replication.Paxos;
using Csmr.TestKit.Simulation;

namespace Csmr.TestKit.Multicast;

/// <content>What the replicas serve, and what their leaders carry between the groups.</content>
internal sealed partial class GroupsSimulation : ITimedEngine
{
    private const long BatchTimeoutUs = 100_000;
    private const int CopiesPerMille = 100;

    private readonly Dictionary<long, object> _open = [];
    private readonly Dictionary<(TimedHost Host, int Life), Dictionary<int, SimulatedLine>> _lines = [];
    private readonly Dictionary<(TimedHost Host, int Life), List<GatewayRequest>> _waiting = [];
    private readonly List<(GroupId To, long Oldest, long Newest)> _outgoing = [];
    private readonly List<byte[]> _replies = [];
    private readonly WireWriter _writer = new();
    private readonly Dictionary<(TimedHost Host, int Life), ReplicaCopy> _copies = [];
    private readonly SimulationRandom _copying;
    private long _token;

    /// <inheritdoc/>
    void ITimedEngine.Schedule(TimedGroup group, long afterUs, EventKind kind, int a, int b, long number, object? content) =>
        _events.Add(NowUs + afterUs, kind, a, b, number, content, group.Index);

    /// <inheritdoc/>
    ReplicatedMachine ITimedEngine.NewMachine(TimedGroup group) => new(
        ListMachineType.Instance, MachineSettings.Defaults(ListMachineType.Instance.Definition), null, ListRequests.IdOf(group.Index), ListLanguage.Instance);

    /// <inheritdoc/>
    void ITimedEngine.Serve(TimedGroup group, TimedHost host, object content, int number)
    {
        switch (content)
        {
            case GatewayRequest { IsRead: true } request:
                host.Replica.Read(Open(request));
                break;
            case GatewayRequest request:
                MarkAt(group, host, "gets the call");
                var call = request.Attempt.Request;
                CommandBatch.Write([new Command(call.Id, TimedGroup.EpochMs + 72_000_000, 0, false, call.Body, call.IsComposite)], _writer);
                host.Replica.Propose(Open(request), _writer.ToArray(), group.ClockOf(host));
                break;
            case ChannelBatch batch:
                MarkAt(group, host, $"gets messages of g{batch.From}");
                host.Replica.Propose(Open(batch), batch.Packed, group.ClockOf(host));
                break;
            case ChannelAnswer answer:
                Take(host, answer);
                break;
            default:
                throw new InvalidOperationException($"nobody serves {content.GetType().Name}");
        }
    }

    /// <inheritdoc/>
    void ITimedEngine.Delivered(TimedGroup group, TimedHost host, in Delivery delivery)
    {
        var machine = host.Machine!;
        var before = _marks is null ? [] : machine.Pending.ToArray();
        _replies.Clear();
        machine.Apply(delivery.Slot, delivery.Entry, delivery.Tokens.Count > 0 ? _replies : null);
        MarkChanges(group, host, before);
        for (var i = 0; i < delivery.Tokens.Count; i++)
        {
            Answer(group, host, Close(delivery.Tokens[i]), _replies[i]);
        }

        if (machine.Released.Count > 0 && _waiting.TryGetValue((host, host.Replica.Life), out var waiting))
        {
            foreach (var (id, reply) in machine.Released)
            {
                foreach (var request in waiting.FindAll(request => request.Attempt.Request.Id == id))
                {
                    waiting.Remove(request);
                    SendReply(group, host, request, reply);
                }
            }
        }

        if (delivery.Slot.Number % 4 == 0)
        {
            group.CheckDigest(host, delivery.Slot.Number, machine.Digest());
        }

        Copy(group, host, delivery.Entry);
    }

    // A replica is captured; when it has gone on for a while, a copy restored from what was captured takes its place (S2).
    private void Copy(TimedGroup group, TimedHost host, Entry entry)
    {
        var life = (host, host.Replica.Life);
        if (_copies.TryGetValue(life, out var copy))
        {
            copy.Add(entry);
        }

        if (!_copying.Chance(CopiesPerMille))
        {
            return;
        }

        if (copy is null)
        {
            _copies.Add(life, new ReplicaCopy(host.Machine!));
            return;
        }

        host.Machine = copy.Finish(((ITimedEngine)this).NewMachine(group), host.Machine!);
        _copies.Remove(life);
    }

    /// <inheritdoc/>
    void ITimedEngine.Restored(TimedGroup group, TimedHost host) => _copies.Remove((host, host.Replica.Life));

    /// <inheritdoc/>
    void ITimedEngine.ReadReady(TimedGroup group, TimedHost host, long token)
    {
        var request = (GatewayRequest)Close(token);
        CommandBatch.WriteReads([request.Attempt.Request.Body], _writer);
        SendReply(group, host, request, CommandBatch.ReadReplies(host.Machine!.Read(_writer.ToArray()), 1)[0]);
    }

    /// <inheritdoc/>
    void ITimedEngine.GivenUp(TimedGroup group, TimedHost host, in GivenUp givenUp)
    {
        switch (Close(givenUp.Token))
        {
            case GatewayRequest request:
                SendReply(group, host, request, null);
                break;
            case ChannelBatch batch when batch.From != group.Index:
                SendAnswer(host, batch, received: null);
                break;
            default:
                break;
        }
    }

    /// <inheritdoc/>
    void ITimedEngine.Stepped(TimedGroup group, TimedHost host)
    {
        if (host.Replica.Status is not { Role: NodeRole.Leader, IsServing: true } || !group.IsExecuting(host))
        {
            return;
        }

        _outgoing.Clear();
        host.Machine!.Outgoing(_outgoing);
        if (_outgoing.Count == 0)
        {
            return;
        }

        var lines = LinesOf(host);
        foreach (var (to, oldest, newest) in _outgoing)
        {
            if (!host.Replica.IsUp)
            {
                // It crashed at a send of what it proposed for the group before.
                return;
            }

            var other = int.Parse(to.Name.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture);
            if (!lines.TryGetValue(other, out var line))
            {
                lines.Add(other, line = new SimulatedLine());
            }

            Carry(group, host, line, other, oldest, newest);
        }
    }

    // As the leader of a group does: one batch under way, sent again when nothing comes back; what is received and not told by a
    // message in the other direction is noted in the own log after a while.
    private void Carry(TimedGroup group, TimedHost host, SimulatedLine line, int other, long oldest, long newest)
    {
        line.QuietTicks = newest == line.Newest ? line.QuietTicks + 1 : 0;
        line.Newest = newest;
        if (line.Known >= newest)
        {
            if (line.Known >= oldest && line.QuietTicks > _plan.QuietTicks * 8)
            {
                line.QuietTicks = 0;
                var note = ReplicatedMachine.PackReceived(ListRequests.IdOf(other), line.Known);
                host.Replica.Propose(Open(new ChannelBatch(group.Index, host.Replica.Ordinal, host.Replica.Life, group.Index, note)), note, group.ClockOf(host));
            }

            return;
        }

        if (line.WaitsUntilUs > NowUs)
        {
            return;
        }

        if (line.IsUnderWay)
        {
            line.TurnTo(hint: -1, Groups[other].Hosts.Length);
        }

        (line.IsUnderWay, line.WaitsUntilUs) = (true, NowUs + BatchTimeoutUs);
        MarkAt(group, host, $"sends messages to g{other}");
        var packed = host.Machine!.PackOutgoing(ListRequests.IdOf(other), line.Known, _plan.BatchBytesMax);
        Groups[other].Transmit(EventKind.Request, line.Target, 0, new ChannelBatch(group.Index, host.Replica.Ordinal, host.Replica.Life, other, packed));
    }

    private void Take(TimedHost host, ChannelAnswer answer)
    {
        if (host.Replica.Life != answer.Batch.Life || !LinesOf(host).TryGetValue(answer.Batch.To, out var line))
        {
            return;
        }

        (line.IsUnderWay, line.WaitsUntilUs) = (false, 0);
        if (answer.Received is { } received)
        {
            line.Known = Math.Max(line.Known, received);
        }
        else
        {
            // Not at once again: an election takes a while.
            line.WaitsUntilUs = NowUs + 5_000;
            line.TurnTo(answer.Hint, Groups[answer.Batch.To].Hosts.Length);
        }
    }

    private void Answer(TimedGroup group, TimedHost host, object request, byte[] packed)
    {
        if (request is ChannelBatch batch)
        {
            if (batch.From != group.Index)
            {
                SendAnswer(host, batch, ReplicatedMachine.ReadReceived(packed));
            }

            return;
        }

        var reply = CommandBatch.ReadReplies(packed, 1)[0];
        var asked = (GatewayRequest)request;
        if (reply.Kind == CommandReplyKind.Waiting)
        {
            if (!_waiting.TryGetValue((host, host.Replica.Life), out var waiting))
            {
                _waiting.Add((host, host.Replica.Life), waiting = []);
            }

            waiting.Add(asked);
        }

        SendReply(group, host, asked, reply);
    }

    private void SendReply(TimedGroup group, TimedHost host, GatewayRequest request, CommandReply? reply)
    {
        if (reply is { Kind: CommandReplyKind.Executed or CommandReplyKind.Replayed })
        {
            MarkAt(group, host, "answers the gateway");
        }

        group.Transmit(EventKind.Reply, request.Attempt.Gateway, 0, new GatewayReply(request, reply, HintOf(host)));
    }

    private void SendAnswer(TimedHost host, ChannelBatch batch, long? received) =>
        Groups[batch.From].Transmit(EventKind.Request, batch.Sender, 0, new ChannelAnswer(batch, received, HintOf(host)));

    private static int HintOf(TimedHost host) => host.Replica.Node?.Status.Leader?.Ordinal ?? -1;

    private long Open(object request)
    {
        _open.Add(++_token, request);
        return _token;
    }

    private object Close(long token) =>
        _open.Remove(token, out var request) ? request : throw new ViolationException("H1", $"token {token} ends, which is not open");

    private Dictionary<int, SimulatedLine> LinesOf(TimedHost host)
    {
        if (!_lines.TryGetValue((host, host.Replica.Life), out var lines))
        {
            _lines.Add((host, host.Replica.Life), lines = []);
        }

        return lines;
    }

    private IEnumerable<(string Key, long[] Items)> FinalLists(TimedHost host)
    {
        CommandBatch.WriteReads([ListMachineType.Pack(ListMachineType.Scan, 0)], _writer);
        var reply = CommandBatch.ReadReplies(host.Machine!.Read(_writer.ToArray()), 1)[0];
        return reply.Outcome is { } outcome
            ? ListMachineType.ListsOf(outcome)
            : throw new ViolationException("M3", $"a replica still holds something");
    }

    private void MarkAt(TimedGroup group, TimedHost host, string what)
    {
        if (_marks is not null && host.Replica.Status.Role == NodeRole.Leader)
        {
            Mark($"the leader of g{group.Index} {what}");
        }
    }

    private void MarkChanges(TimedGroup group, TimedHost host, PendingComposite[] before)
    {
        if (_marks is null)
        {
            return;
        }

        var who = $"{(host.Replica.Status.Role == NodeRole.Leader ? "the leader" : "a follower")} of g{group.Index}";
        var after = host.Machine!.Pending.ToDictionary(static pending => pending.Id);
        foreach (var pending in before)
        {
            var isExposed = !after.Remove(pending.Id, out var now);
            if (!pending.IsFinal && (isExposed || now.IsFinal))
            {
                Mark($"{who} knows the final timestamp");
            }

            if (!pending.IsExecuted && (isExposed || now.IsExecuted))
            {
                Mark($"{who} has executed its steps");
            }

            if (isExposed)
            {
                Mark($"{who} has it exposed");
            }
        }

        if (after.Count > 0)
        {
            Mark($"{who} has met it");
        }
    }
}
