namespace Csmr.Replication.Machine;

/// <summary>
/// One command as it travels from a gateway through the log: who asks, until when it may be executed, and what. Several
/// are packed into one proposal by <see cref="CommandBatch"/>.
/// </summary>
/// <param name="Id">The request's identity at this group, the same in every try.</param>
/// <param name="ExpiresAtMs">The entry time from which on it must not be executed any more; results are kept at least until then.</param>
/// <param name="AcknowledgedBelow">The caller has the results of all its session's requests below this sequence.</param>
/// <param name="IsCallerSession">Whether the session is one of a client's own (known to the state machine), not a gateway's or a key's.</param>
/// <param name="Invocation">The packed invocation (see <see cref="Csmr.Invocation.Write"/>), or <see cref="Multicast.MulticastCall"/>.</param>
/// <param name="IsComposite">Whether it is a composite operation, executed at several groups or in several steps, atomically.</param>
public readonly record struct Command(
    RequestId Id,
    long ExpiresAtMs,
    long AcknowledgedBelow,
    bool IsCallerSession,
    ReadOnlyMemory<byte> Invocation,
    bool IsComposite = false)
{
    private const byte CallerSessionFlag = 1;
    private const byte CompositeFlag = 2;

    /// <summary>Writes the command.</summary>
    /// <param name="writer">Where to.</param>
    public void Write(WireWriter writer)
    {
        Id.Write(writer);
        writer.VarInt(ExpiresAtMs);
        writer.VarUInt((ulong)AcknowledgedBelow);
        writer.Byte((byte)((IsCallerSession ? CallerSessionFlag : 0) | (IsComposite ? CompositeFlag : 0)));
        writer.Bytes(Invocation.Span);
    }

    /// <summary>Reads what <see cref="Write"/> wrote; the invocation is a slice of the bytes.</summary>
    /// <param name="reader">Where from.</param>
    /// <returns>The command.</returns>
    /// <exception cref="WireFormatException">The bytes are no command.</exception>
    public static Command Read(ref WireReader reader)
    {
        var id = RequestId.Read(ref reader);
        var (expiresAtMs, acknowledgedBelow, flags) = (reader.VarInt(), reader.Number(), reader.Byte());
        return flags <= (CallerSessionFlag | CompositeFlag)
            ? new Command(id, expiresAtMs, acknowledgedBelow, (flags & CallerSessionFlag) != 0, reader.Bytes(), (flags & CompositeFlag) != 0)
            : throw new WireFormatException($"unknown flags {flags} of a command");
    }
}

/// <summary>How a group answers a command or read.</summary>
public enum CommandReplyKind : byte
{
    /// <summary>Executed now; the outcome is at hand.</summary>
    Executed = 0,

    /// <summary>Executed by an earlier try; the outcome is the one of then.</summary>
    Replayed = 1,

    /// <summary>Its time is over, or lies too far ahead: not executed now. An earlier try may have been.</summary>
    Expired = 2,

    /// <summary>The session says that it has the answer already. Not executed now.</summary>
    Superseded = 3,

    /// <summary>The same id was used for something else. Not executed.</summary>
    IdReused = 4,

    /// <summary>The session table is full, or too many composite operations are pending. Not executed.</summary>
    SessionsFull = 5,

    /// <summary>Taken into the order and not answered yet: it waits for others, or its answer is withheld until they are exposed.</summary>
    Waiting = 6,

    /// <summary>A read that meets pending composite operations: it has to be sent as a command.</summary>
    MustBeOrdered = 7,

    /// <summary>To a question how a request stands: nothing is known of it here (any more, or yet). It has to be sent again.</summary>
    Unheard = 8,
}

/// <summary>What a group answers to one command or read.</summary>
/// <param name="Kind">How.</param>
/// <param name="Slot">The slot of the execution (the first one, where replayed); for a read, the last applied slot.</param>
/// <param name="Outcome">The outcome, for <see cref="CommandReplyKind.Executed"/> and <see cref="CommandReplyKind.Replayed"/>.</param>
public readonly record struct CommandReply(CommandReplyKind Kind, Slot Slot, Outcome? Outcome);
