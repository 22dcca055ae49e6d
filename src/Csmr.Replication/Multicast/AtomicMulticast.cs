using Csmr.Replication.Machine;
using Csmr.Replication.Ports;

namespace Csmr.Replication.Multicast;

/// <summary>
/// Composite operations over several groups, as one group takes part in them (DESIGN §6: Skeen's algorithm run by replicated
/// groups), and the commands of this group that meet them. Part of the replicated state: a pure function of the log.
/// </summary>
internal sealed partial class AtomicMulticast : IOrderedActions
{
    /// <summary>How long the result of a composite operation is kept after its exposure, at least: other groups may not have executed it yet.</summary>
    private const long KeptAfterExposureMs = 60_000;

    private readonly GroupId _self;
    private readonly Executor _executor;
    private readonly SessionTable _sessions;
    private readonly ICompositeLanguage? _language;
    private readonly int _pendingMax;
    private readonly ExecutionOrder _order;
    private readonly Dictionary<RequestId, OrderedOperation> _open = [];
    private long _clock;
    private Slot _slot;
    private long _timeMs;

    /// <summary>Makes one in its first state.</summary>
    public AtomicMulticast(GroupId self, Executor executor, SessionTable sessions, ICompositeLanguage? language, int pendingMax)
    {
        (_self, _executor, _sessions, _language, _pendingMax) = (self, executor, sessions, language, pendingMax);
        _order = new ExecutionOrder(this);
        Channels = new Channels(self);
    }

    /// <summary>The channels to and from other groups.</summary>
    public Channels Channels { get; }

    /// <summary>Answers that may be given now, of requests that were answered <see cref="CommandReplyKind.Waiting"/> before. Cleared by whoever takes them.</summary>
    public List<(RequestId Id, CommandReply Reply)> Released { get; } = [];

    /// <summary>Whether no operation has a place in the order: then commands and reads are executed at once.</summary>
    public bool IsIdle => _order.All.Count == 0;

    /// <summary>The composite operations that are not exposed, in the order in which they came.</summary>
    public IEnumerable<Composite> Pending => _order.All.OfType<Composite>();

    /// <summary>A new entry is applied.</summary>
    public void BeginEntry(Slot slot, long timeMs) => (_slot, _timeMs) = (slot, timeMs);

    /// <summary>Takes a command of a gateway.</summary>
    /// <returns>The reply.</returns>
    public CommandReply Submit(in Command command)
    {
        if (_open.TryGetValue(command.Id, out var open))
        {
            return ReplyOpen(open, command);
        }

        if (!_sessions.IsNew(command, _timeMs, out var reply))
        {
            return reply;
        }

        if (command.IsComposite)
        {
            return SubmitComposite(command);
        }

        return IsIdle ? ExecuteNow(command) : SubmitSingle(command);
    }

    /// <summary>Takes a batch of another group from the log.</summary>
    /// <returns>Up to which message everything from there is received.</returns>
    /// <exception cref="WireFormatException">The bytes are no batch. Nothing was taken.</exception>
    public long Receive(ReadOnlyMemory<byte> proposal)
    {
        var received = Channels.Receive(proposal, Take);
        _order.Settle();
        return received;
    }

    /// <summary>Whether a read would observe, or miss, something that has a place in the order.</summary>
    public bool MustBeOrdered(ReadOnlyMemory<byte> invocation) => !IsIdle && _order.Conflicts(_executor.FootprintOf(invocation));

    /// <summary>How a request stands.</summary>
    /// <returns>Its answer; <see cref="CommandReplyKind.Waiting"/>; null where nothing is known of it.</returns>
    public CommandReply? Find(RequestId id) => _open.TryGetValue(id, out var open)
        ? open.IsReleased ? open.Reply : new CommandReply(CommandReplyKind.Waiting, Slot.None, null)
        : _sessions.Find(id)?.Reply;

    /// <inheritdoc/>
    void IOrderedActions.Execute(OrderedCommand command)
    {
        var outcome = Execute(command.Command, command.Command.Invocation);
        command.Reply = new CommandReply(CommandReplyKind.Executed, _slot, outcome);
    }

    /// <inheritdoc/>
    bool IOrderedActions.Proceed(Composite composite)
    {
        while (composite.Run.TryNext(composite.Self, out var step))
        {
            var result = step.Decided ?? StepResult.Of(ExecuteStep(composite, step));
            composite.Results.Add(step.Index, new SettledStep(step.Index, result, _slot));
            composite.Run.Settle(step.Index, result);
            for (var group = 0; group < composite.Call.Destinations.Count; group++)
            {
                if (group != composite.Self && composite.Run.IsNeededBy(step.Index, group))
                {
                    Channels.Send(composite.Call.Destinations[group], new StepSettled(composite.Command.Id, step.Index, result));
                }
            }
        }

        if (!composite.Run.IsFinished(composite.Self))
        {
            return false;
        }

        var own = composite.Results.Values.Where(settled => composite.Run.GroupOf(settled.Step) == composite.Self);
        composite.Reply = new CommandReply(CommandReplyKind.Executed, _slot, MulticastCall.PackResults(own));
        return true;
    }

    /// <inheritdoc/>
    void IOrderedActions.Clear(Composite composite)
    {
        composite.Cleared[composite.Self] = true;
        Tell(composite.Call.Destinations, new Cleared(composite.Command.Id));
    }

    /// <inheritdoc/>
    void IOrderedActions.Release(OrderedOperation operation)
    {
        Released.Add((operation.Command.Id, operation.Reply));
        if (operation is OrderedCommand)
        {
            _open.Remove(operation.Command.Id);
            _sessions.Keep(operation.Command, operation.Reply.Slot, operation.Reply.Outcome!);
        }
        else
        {
            // Repetitions are answered from here until the exposure.
            operation.Reply = operation.Reply with { Kind = CommandReplyKind.Replayed };
        }
    }

    /// <inheritdoc/>
    void IOrderedActions.Expose(Composite composite)
    {
        _open.Remove(composite.Command.Id);
        var kept = composite.Command with { ExpiresAtMs = Math.Max(composite.Command.ExpiresAtMs, _timeMs + KeptAfterExposureMs) };
        _sessions.Keep(kept, composite.Reply.Slot, composite.Reply.Outcome!);
    }

    private static ulong Content(in Command command) => SessionTable.Fingerprint(command.Invocation.Span);

    private CommandReply ReplyOpen(OrderedOperation open, in Command command) =>
        Content(open.Command) != Content(command) ? new CommandReply(CommandReplyKind.IdReused, Slot.None, null)
        : open.IsReleased ? open.Reply
        : new CommandReply(CommandReplyKind.Waiting, Slot.None, null);

    private CommandReply ExecuteNow(in Command command)
    {
        var outcome = Execute(command, command.Invocation);
        _sessions.Keep(command, _slot, outcome);
        return new CommandReply(CommandReplyKind.Executed, _slot, outcome);
    }

    /// <summary>A command while operations have places in the order: where it conflicts with one, it takes a place too (rule 6).</summary>
    private CommandReply SubmitSingle(in Command command)
    {
        var footprint = _executor.FootprintOf(command.Invocation);
        if (!_order.Conflicts(footprint))
        {
            return ExecuteNow(command);
        }

        if (_order.All.Count >= _pendingMax)
        {
            return new CommandReply(CommandReplyKind.SessionsFull, Slot.None, null);
        }

        var operation = new OrderedCommand { Command = command, Footprint = footprint, Timestamp = NextTimestamp(), IsFinal = true, IsExecuted = false };
        return Enter(operation);
    }

    private CommandReply SubmitComposite(in Command command)
    {
        if (_order.All.Count >= _pendingMax)
        {
            return new CommandReply(CommandReplyKind.SessionsFull, Slot.None, null);
        }

        if (Read(command) is not { } read)
        {
            return new CommandReply(
                CommandReplyKind.Executed, _slot, Outcome.Fault("bad-composite", $"Group '{_self}' cannot execute this: the composite operation is unknown to it."));
        }

        // A round about it that is void and not closed: what has not been heard of it cannot be told from what would come now.
        var key = (command.Id, Content(command));
        if (_rounds.ContainsKey(key))
        {
            return new CommandReply(CommandReplyKind.Expired, Slot.None, null);
        }

        var round = new VoteRound(read.Call.Destinations, key.Item2);
        _rounds.Add(key, round);
        var composite = Meet(command, read.Call, read.Run, round);
        Close(round, command.Id);
        return Enter(composite);
    }

    /// <summary>Takes an operation into the order, and answers at once where nothing is in its way.</summary>
    private CommandReply Enter(OrderedOperation operation)
    {
        if (operation is OrderedCommand)
        {
            _open.Add(operation.Command.Id, operation);
            _order.Add(operation);
        }

        _order.Settle();
        if (!operation.IsReleased)
        {
            return new CommandReply(CommandReplyKind.Waiting, Slot.None, null);
        }

        Released.RemoveAll(released => released.Id == operation.Command.Id);
        return operation.Reply with { Kind = CommandReplyKind.Executed };
    }

    /// <summary>A composite operation is met: proposes a timestamp, holds its footprint and passes it on (rule 1).</summary>
    private Composite Meet(in Command command, MulticastCall call, ICompositeRun run, VoteRound round)
    {
        var self = call.IndexOf(_self);
        var composite = new Composite
        {
            Command = command,
            Call = call,
            SinceMs = _timeMs,
            Self = self,
            Run = run,
            Footprint = FootprintOf(run, self),
            Timestamp = NextTimestamp(),
            IsFinal = false,
            Cleared = new bool[call.Destinations.Count],
        };
        round.Composite = composite;
        _open.Add(command.Id, composite);
        _order.Add(composite);
        Say(round, new Proposed(command, _clock, Math.Max(0, command.ExpiresAtMs - _timeMs)));
        return composite;
    }

    private void Take(GroupId from, ChannelMessage message)
    {
        switch (message)
        {
            case Proposed or Voided:
                TakeWord(from, message);
                break;
            case Cleared:
                var cleared = Known(message.Id, from);
                cleared.Cleared[cleared.Call.IndexOf(from)] = true;
                _order.Touch(cleared);
                break;
            case StepSettled settled:
                var composite = Known(message.Id, from);
                Invariant.Require(settled.Step < composite.Run.StepCount && composite.Run.GroupOf(settled.Step) == composite.Call.IndexOf(from), "M1");
                Invariant.Require(!composite.Results.ContainsKey(settled.Step), "M1");
                composite.Results.Add(settled.Step, new SettledStep(settled.Step, settled.Result, _slot));
                composite.Run.Settle(settled.Step, settled.Result);
                _order.Touch(composite);
                break;
            default:
                throw new InvalidOperationException($"unknown message {message.GetType().Name}");
        }
    }

    private Composite Known(RequestId id, GroupId from)
    {
        // M1: a group that says so has this group's proposal, so the operation is here until that group's word has come.
        var known = _open.TryGetValue(id, out var open) ? open as Composite : null;
        Invariant.Require(known is not null && known.Call.IndexOf(from) >= 0, "M1");
        return known;
    }

    private Timestamp NextTimestamp() => new(++_clock, _self);

    private void Tell(IReadOnlyList<GroupId> destinations, ChannelMessage message)
    {
        foreach (var group in destinations)
        {
            if (group != _self)
            {
                Channels.Send(group, message);
            }
        }
    }

    private (MulticastCall Call, ICompositeRun Run)? Read(in Command command)
    {
        try
        {
            var call = MulticastCall.Read(command.Invocation);
            if (call.IndexOf(_self) < 0 || _language is null)
            {
                return null;
            }

            // A step of a group that is none of the destinations would be executed by nobody, and all others would wait for it.
            var run = _language.Start(call.Program);
            return Enumerable.Range(0, run.StepCount).All(step => run.GroupOf(step) < call.Destinations.Count) ? (call, run) : null;
        }
        catch (WireFormatException)
        {
            return null;
        }
    }

    private Footprint FootprintOf(ICompositeRun run, int self)
    {
        var items = new List<FootprintItem>();
        for (var step = 0; step < run.StepCount; step++)
        {
            if (run.GroupOf(step) != self)
            {
                continue;
            }

            var footprint = run.Preview(step) is { } preview ? _executor.FootprintOf(preview) : Footprint.Everything;
            if (footprint.IsEverything)
            {
                return footprint;
            }

            items.AddRange(footprint.Items);
        }

        return Footprint.Of([.. items]);
    }

    private Outcome ExecuteStep(Composite composite, in CompositeStep step)
    {
        // M2: a step touches nothing that the operation does not hold.
        return composite.Footprint.Covers(_executor.FootprintOf(step.Invocation))
            ? Execute(composite.Command, step.Invocation)
            : Outcome.Fault("footprint-disagrees", "The operation touches other state than its machine told before.");
    }

    private Outcome Execute(in Command command, ReadOnlyMemory<byte> invocation) =>
        _executor.Execute(invocation, new ApplyContext(_slot, _timeMs, command.IsCallerSession ? command.Id.Session : SessionId.None), isRead: false);
}
