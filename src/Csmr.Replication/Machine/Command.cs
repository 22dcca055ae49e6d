namespace Csmr.Replication.Machine;

/// <summary>
/// One command as it travels from a gateway through the log: who asks, until when it may be executed, and what. Several
/// are packed into one proposal by <see cref="CommandBatch"/>.
/// </summary>
/// <param name="Id">The request's identity at this group, the same in every try.</param>
/// <param name="ExpiresAtMs">The entry time from which on it must not be executed any more; results are kept at least until then.</param>
/// <param name="AcknowledgedBelow">The caller has the results of all its session's requests below this sequence.</param>
/// <param name="IsCallerSession">Whether the session is one of a client's own (known to the state machine), not a gateway's or a key's.</param>
/// <param name="Invocation">The packed invocation; see <see cref="Csmr.Invocation.Write"/>.</param>
public readonly record struct Command(
    RequestId Id,
    long ExpiresAtMs,
    long AcknowledgedBelow,
    bool IsCallerSession,
    ReadOnlyMemory<byte> Invocation);

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

    /// <summary>The session table is full. Not executed.</summary>
    SessionsFull = 5,
}

/// <summary>What a group answers to one command or read.</summary>
/// <param name="Kind">How.</param>
/// <param name="Slot">The slot of the execution (the first one, where replayed); for a read, the last applied slot.</param>
/// <param name="Outcome">The outcome, for <see cref="CommandReplyKind.Executed"/> and <see cref="CommandReplyKind.Replayed"/>.</param>
public readonly record struct CommandReply(CommandReplyKind Kind, Slot Slot, Outcome? Outcome);
