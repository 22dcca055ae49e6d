using Csmr.Replication.Machine;
using Csmr.Replication.Multicast;
using Csmr.Replication.Paxos;
using Csmr.TestKit.Simulation;

namespace Csmr.TestKit.Multicast;

/// <summary>
/// Groups, each only its replicated state, that do what a schedule says and nothing else; the history is checked at the end. With each
/// entry every replica is replaced by a copy, restored from what was captured before the entry.
/// </summary>
internal sealed class DirectedMulticast
{
    private readonly ReplicatedMachine[] _groups;
    private readonly List<ListCall> _history = [];
    private readonly WireWriter _writer = new();
    private readonly List<(GroupId To, long Oldest, long Newest)> _outgoing = [];
    private readonly long[] _timeMs;
    private long _now;

    /// <summary>Makes groups in their first state.</summary>
    /// <param name="groups">How many.</param>
    public DirectedMulticast(int groups)
    {
        _timeMs = [.. Enumerable.Repeat(1_000_000L, groups)];
        _groups = [.. Enumerable.Range(0, groups).Select(NewMachine)];
    }

    /// <summary>Time goes on in a group, at its next entry.</summary>
    /// <param name="group">The group.</param>
    /// <param name="ms">How far.</param>
    public void Pass(int group, long ms) => _timeMs[group] += ms;

    /// <summary>A call that appends an item to the list "k" at each of some groups.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="groups">The groups, in order.</param>
    /// <returns>The call; nothing is sent yet.</returns>
    public DirectedCall BeginAppend(string name, params int[] groups) => Begin(name, ListMachineType.Append, ["k"], groups);

    /// <summary>A call that appends an item to a list of one group.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="key">The list.</param>
    /// <param name="group">The group.</param>
    /// <returns>The call; nothing is sent yet.</returns>
    public DirectedCall BeginAppendTo(string name, string key, int group) => Begin(name, ListMachineType.Append, [key], [group]);

    /// <summary>How many messages a group has for others.</summary>
    /// <param name="group">The group.</param>
    /// <returns>Their number.</returns>
    public long Outgoing(int group)
    {
        _outgoing.Clear();
        _groups[group].Outgoing(_outgoing);
        return _outgoing.Sum(static waiting => waiting.Newest - waiting.Oldest + 1);
    }

    /// <summary>A call that appends an item to the lists "k" and "j" of one group.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="group">The group.</param>
    /// <returns>The call; nothing is sent yet.</returns>
    public DirectedCall BeginAppendBoth(string name, int group) => Begin(name, ListMachineType.AppendBoth, ["k", "j"], [group]);

    /// <summary>A call that reads a list of one group.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="key">The list.</param>
    /// <param name="group">The group.</param>
    /// <returns>The call; nothing is sent yet.</returns>
    public DirectedCall BeginRead(string name, string key, int group) => Begin(name, ListMachineType.Read, [key], [group]);

    /// <summary>A call reaches one of its groups, or is asked for there again.</summary>
    /// <param name="call">The call.</param>
    /// <param name="group">The group.</param>
    public void Send(DirectedCall call, int group)
    {
        if (call.IsRead && !call.MustBeOrdered)
        {
            CommandBatch.WriteReads([call.Body], _writer);
            Answer(call, group, CommandBatch.ReadReplies(_groups[group].Read(_writer.ToArray()), 1)[0]);
            if (!call.MustBeOrdered)
            {
                return;
            }
        }

        CommandBatch.Write([new Command(call.Id, call.ExpiresAtMs, 0, false, call.Body, call.Groups.Length > 1)], _writer);
        Answer(call, group, CommandBatch.ReadReplies(Apply(group, _writer.ToArray()), 1)[0]);
    }

    /// <summary>Everything in the outbox of one group to another arrives.</summary>
    /// <param name="from">The sender.</param>
    /// <param name="to">The receiver.</param>
    /// <returns>Whether there was anything.</returns>
    public bool Carry(int from, int to)
    {
        _outgoing.Clear();
        _groups[from].Outgoing(_outgoing);
        if (!_outgoing.Exists(waiting => waiting.To == IdOf(to)))
        {
            return false;
        }

        var received = ReplicatedMachine.ReadReceived(Apply(to, _groups[from].PackOutgoing(IdOf(to), 0, 100_000)));
        Apply(from, ReplicatedMachine.PackReceived(IdOf(to), received));
        return true;
    }

    /// <summary>Everything arrives, and every call is answered; then the history is checked.</summary>
    /// <param name="calls">The calls that were sent.</param>
    public void Finish(params DirectedCall[] calls)
    {
        for (var round = 0; round < 20; round++)
        {
            for (var from = 0; from < _groups.Length; from++)
            {
                for (var to = 0; to < _groups.Length; to++)
                {
                    _ = from != to && Carry(from, to);
                }
            }

            foreach (var call in calls)
            {
                Array.ForEach(call.Groups, group => Send(call, group));
            }
        }

        var open = calls.Where(static call => call.History.EndedAt == long.MaxValue).Select(static call => call.History.Name).ToArray();
        if (open.Length > 0)
        {
            throw new ViolationException("M3", $"not answered: {string.Join(", ", open)}");
        }

        if (Array.Exists(_groups, static group => group.OpenRounds > 0))
        {
            throw new ViolationException("M3", $"open rounds: {string.Join(", ", _groups.Select(static group => group.OpenRounds))}");
        }

        ListHistory.Check(_history, _groups.SelectMany(Final).ToDictionary(static list => list.Key, static list => list.Items));
    }

    private DirectedCall Begin(string name, OperationDefinition operation, string[] keys, int[] groups)
    {
        var item = _history.Count + 1;
        var history = new ListCall(name, ++_now);
        var invocation = ListMachineType.Pack(operation, item, keys);
        if (operation.Access == OperationAccess.Update)
        {
            history.Appends.AddRange(groups.SelectMany(group => keys.Select(key => ($"g{group}.{key}", (long)item, false))));
        }

        _history.Add(history);
        var body = groups.Length == 1
            ? invocation
            : new MulticastCall([.. groups.Select(IdOf)], ListLanguage.Pack([.. groups.Select((_, i) => new ListStep(i, invocation, -1))])).Pack();
        return new DirectedCall(history, new RequestId(new SessionId(7, (ulong)item), 1), groups, body, operation.Access == OperationAccess.Read);
    }

    private IEnumerable<(string Key, long[] Items)> Final(ReplicatedMachine machine, int group)
    {
        CommandBatch.WriteReads([ListMachineType.Pack(ListMachineType.Scan, 0)], _writer);
        var reply = CommandBatch.ReadReplies(machine.Read(_writer.ToArray()), 1)[0];
        return reply.Outcome is { } outcome
            ? ListMachineType.ListsOf(outcome).Select(list => ($"g{group}.{list.Key}", list.Items))
            : throw new ViolationException("M3", $"g{group} still holds something");
    }

    private byte[] Apply(int group, byte[] proposal)
    {
        var replies = new List<byte[]>();
        var (machine, entry) = (_groups[group], new Entry(++_timeMs[group], [proposal]));
        var copy = new ReplicaCopy(machine);
        machine.Apply(machine.AppliedUpTo.Next, entry, replies);
        copy.Add(entry);
        _groups[group] = copy.Finish(NewMachine(group), machine);
        return replies[0];
    }

    private void Answer(DirectedCall call, int group, CommandReply reply)
    {
        call.MustBeOrdered |= reply.Kind == CommandReplyKind.MustBeOrdered;
        if (reply.Kind is not (CommandReplyKind.Executed or CommandReplyKind.Replayed) || !call.Answered.Add(group))
        {
            return;
        }

        var outcomes = call.Groups.Length == 1 ? [reply.Outcome!] : MulticastCall.ReadResults(reply.Outcome!).Select(static step => step.Result.Outcome!);
        call.History.Lists.AddRange(outcomes.SelectMany(ListMachineType.ListsOf).Select(list => ($"g{group}.{list.Key}", list.Items)));
        if (call.Answered.Count == call.Groups.Length)
        {
            call.History.EndedAt = ++_now;
        }
    }

    private static ReplicatedMachine NewMachine(int group) => new(
        ListMachineType.Instance, MachineSettings.Defaults(ListMachineType.Instance.Definition), null, IdOf(group), ListLanguage.Instance);

    private static GroupId IdOf(int group) => new($"g{group}");
}

/// <summary>A call of a schedule.</summary>
/// <param name="History">What is known of it.</param>
/// <param name="Id">Its id.</param>
/// <param name="Groups">Its groups.</param>
/// <param name="Body">The packed invocation or composite call.</param>
/// <param name="IsRead">Whether it only reads.</param>
internal sealed record DirectedCall(ListCall History, RequestId Id, int[] Groups, byte[] Body, bool IsRead)
{
    /// <summary>The groups that have answered.</summary>
    public HashSet<int> Answered { get; } = [];

    /// <summary>When it expires, by the times of its groups.</summary>
    public long ExpiresAtMs { get; init; } = 2_000_000;

    /// <summary>Whether a read has to go through the log.</summary>
    public bool MustBeOrdered { get; set; }

    /// <summary>Whether all groups have answered.</summary>
    public bool IsAnswered => History.EndedAt < long.MaxValue;
}
