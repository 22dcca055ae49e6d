using Csmr.Replication.Paxos;

namespace Csmr.Replication.Machine;

/// <summary>
/// The deterministic layer between a group's log and its state machine: time, sessions, then the machine. One instance
/// is one executing replica's state; not thread-safe. (Holds of composite operations and the ownership of partitions take
/// their places between sessions and machine.)
/// </summary>
public sealed class ReplicatedMachine
{
    private readonly MachineDefinition _definition;
    private readonly IStateMachine _machine;
    private readonly SessionTable _sessions;
    private readonly WireWriter _writer = new(1024);

    /// <summary>Makes one in its first state.</summary>
    /// <param name="type">The type of the state machine.</param>
    /// <param name="settings">Its settings.</param>
    /// <param name="limits">The bounds of the session table, the same at every replica.</param>
    public ReplicatedMachine(IStateMachineType type, MachineSettings settings, SessionLimits? limits = null)
    {
        _definition = type.Definition;
        _machine = type.Create(settings);
        _sessions = new SessionTable(limits ?? new SessionLimits());
    }

    /// <summary>The last applied slot.</summary>
    public Slot AppliedUpTo { get; private set; }

    /// <summary>The entry time: the largest stamp of all applied entries.</summary>
    public long TimeMs { get; private set; }

    /// <summary>The number of commands that met a defect of the state machine.</summary>
    public long Faults { get; private set; }

    /// <summary>Applies the next chosen entry.</summary>
    /// <param name="slot">Its slot: the one after <see cref="AppliedUpTo"/>.</param>
    /// <param name="entry">The entry.</param>
    /// <param name="replies">Where the replies of each proposal go, one packed batch for each (see <see cref="CommandBatch.ReadReplies"/>); null where nobody waits.</param>
    public void Apply(Slot slot, Entry entry, List<byte[]>? replies)
    {
        Invariant.Require(slot == AppliedUpTo.Next, "A4");
        AppliedUpTo = slot;
        TimeMs = Math.Max(TimeMs, entry.TimeMs);
        _sessions.Expire(TimeMs);
        foreach (var proposal in entry.Proposals)
        {
            _writer.Clear();
            foreach (var command in CommandsOf(proposal))
            {
                var reply = Apply(command);
                if (replies is not null)
                {
                    CommandBatch.WriteReply(reply, _writer);
                }
            }

            replies?.Add(_writer.ToArray());
        }
    }

    /// <summary>Answers reads on the present state.</summary>
    /// <param name="batch">A batch of <see cref="CommandBatch.WriteReads"/>.</param>
    /// <returns>The packed replies, in order.</returns>
    /// <exception cref="WireFormatException">The bytes are no such batch.</exception>
    public byte[] Read(ReadOnlyMemory<byte> batch)
    {
        _writer.Clear();
        foreach (var packed in CommandBatch.ReadReads(batch))
        {
            var outcome = Execute(packed, SessionId.None, isRead: true);
            CommandBatch.WriteReply(new CommandReply(CommandReplyKind.Executed, AppliedUpTo, outcome), _writer);
        }

        return _writer.ToArray();
    }

    /// <summary>A digest of the whole replicated state: equal at equal applied slots on all replicas (A4).</summary>
    /// <returns>64 bits (FNV-1a over the snapshot).</returns>
    public ulong Digest()
    {
        var writer = new WireWriter(4096);
        Snapshot(writer);
        var hash = 0xCBF29CE484222325UL;
        foreach (var part in writer.Written)
        {
            hash = (hash ^ part) * 0x100000001B3UL;
        }

        return hash;
    }

    private void Snapshot(WireWriter writer)
    {
        writer.VarUInt((ulong)AppliedUpTo.Number);
        writer.VarInt(TimeMs);
        _sessions.Snapshot(writer);
        _machine.Snapshot(writer);
    }

    private CommandReply Apply(in Command command)
    {
        if (!_sessions.IsNew(command, TimeMs, out var reply))
        {
            return reply;
        }

        var outcome = Execute(command.Invocation, command.IsCallerSession ? command.Id.Session : SessionId.None, isRead: false);
        _sessions.Keep(command, AppliedUpTo, outcome);
        return new CommandReply(CommandReplyKind.Executed, AppliedUpTo, outcome);
    }

    /// <summary>
    /// Executes one invocation. An exception of a user's machine is met by every replica alike, so it is answered alike;
    /// by the contract of <see cref="IStateMachine.Apply"/> it changed nothing.
    /// </summary>
    private Outcome Execute(ReadOnlyMemory<byte> packed, SessionId session, bool isRead)
    {
        var reader = new WireReader(packed);
        Invocation? invocation;
        try
        {
            invocation = Invocation.Read(ref reader, _definition);
        }
        catch (WireFormatException)
        {
            invocation = null;
        }

        if (invocation is null || (isRead && invocation.Operation.Access != OperationAccess.Read))
        {
            return Outcome.Fault("bad-invocation", $"Machine '{_definition.Name}' cannot execute this: the operation or its arguments are unknown to it.");
        }

        try
        {
            return _machine.Apply(invocation, new ApplyContext(AppliedUpTo, TimeMs, session));
        }
#pragma warning disable CA1031 // Whatever a user's machine throws must not stop the group.
        catch (Exception exception) when (exception is not InvariantBrokenException)
#pragma warning restore CA1031
        {
            Faults++;
            return Outcome.Fault("machine-failed", $"Operation '{invocation.Operation.Name}' of machine '{_definition.Name}' failed: {exception.GetType().Name}.");
        }
    }

    /// <summary>The commands of a proposal. Bytes that are none can only come from a defect of a gateway: nothing is executed.</summary>
    private static Command[] CommandsOf(ReadOnlyMemory<byte> proposal)
    {
        try
        {
            return CommandBatch.Read(proposal);
        }
        catch (WireFormatException)
        {
            return [];
        }
    }
}
