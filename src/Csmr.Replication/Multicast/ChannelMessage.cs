using Csmr.Replication.Machine;
using Csmr.Replication.Ports;

namespace Csmr.Replication.Multicast;

/// <summary>What groups tell each other about a composite operation. Travels on <see cref="Channels"/>: in order, exactly once.</summary>
/// <param name="Id">The operation.</param>
internal abstract record ChannelMessage(RequestId Id)
{
    private const long RemainingMsMax = 1L << 52;

    private enum Kind : byte
    {
        Proposed = 1,
        Voided = 2,
        Cleared = 3,
        StepSettled = 4,
    }

    /// <summary>Packs a message.</summary>
    public byte[] Pack()
    {
        var writer = new WireWriter(64);
        switch (this)
        {
            case Proposed proposed:
                writer.Byte((byte)Kind.Proposed);
                proposed.Command.Write(writer);
                writer.VarUInt((ulong)proposed.Clock);
                writer.VarUInt((ulong)proposed.RemainingMs);
                break;
            case Voided voided:
                writer.Byte((byte)Kind.Voided);
                Id.Write(writer);
                writer.VarUInt((uint)voided.Destinations.Count);
                foreach (var group in voided.Destinations)
                {
                    writer.String(group.Name);
                }

                writer.UInt64(voided.Content);
                writer.Byte((byte)voided.Reason);
                writer.VarUInt((ulong)voided.RemainingMs);
                break;
            case Cleared:
                writer.Byte((byte)Kind.Cleared);
                Id.Write(writer);
                break;
            case StepSettled settled:
                writer.Byte((byte)Kind.StepSettled);
                Id.Write(writer);
                writer.VarUInt((uint)settled.Step);
                settled.Result.Write(writer);
                break;
            default:
                throw new InvalidOperationException($"unknown message {GetType().Name}");
        }

        return writer.ToArray();
    }

    /// <summary>Reads what <see cref="Pack"/> wrote.</summary>
    /// <exception cref="WireFormatException">The bytes are no message.</exception>
    public static ChannelMessage Read(ReadOnlyMemory<byte> bytes)
    {
        var reader = new WireReader(bytes);
        var kind = (Kind)reader.Byte();
        ChannelMessage message = kind switch
        {
            Kind.Proposed => new Proposed(Command.Read(ref reader), reader.Number(), ReadMs(ref reader)),
            Kind.Voided => new Voided(RequestId.Read(ref reader), ReadGroups(ref reader), reader.UInt64(), ReadReason(ref reader), ReadMs(ref reader)),
            Kind.Cleared => new Cleared(RequestId.Read(ref reader)),
            Kind.StepSettled => new StepSettled(RequestId.Read(ref reader), ReadStep(ref reader), StepResult.Read(ref reader)),
            _ => throw new WireFormatException($"unknown kind of channel message {(byte)kind}"),
        };
        reader.End();
        return message;
    }

    // A reason of another kind would be an answer without an outcome.
    private static CommandReplyKind ReadReason(ref WireReader reader)
    {
        var reason = CommandBatch.ReadKind(ref reader);
        return reason is CommandReplyKind.Expired or CommandReplyKind.Superseded or CommandReplyKind.IdReused
            ? reason
            : throw new WireFormatException($"{reason} is no reason to void an operation");
    }

    private static int ReadStep(ref WireReader reader)
    {
        var step = reader.Number();
        return step <= int.MaxValue ? (int)step : throw new WireFormatException($"there is no step {step}");
    }

    private static long ReadMs(ref WireReader reader)
    {
        var remainingMs = reader.Number();
        return remainingMs <= RemainingMsMax ? remainingMs : throw new WireFormatException($"a time of {remainingMs} ms is out of range");
    }

    private static GroupId[] ReadGroups(ref WireReader reader)
    {
        var groups = new GroupId[reader.Count(1)];
        for (var i = 0; i < groups.Length; i++)
        {
            groups[i] = new GroupId(reader.String());
        }

        return groups;
    }
}

/// <summary>The sender proposes a timestamp for an operation, and passes the whole operation on: TS(m, ts).</summary>
/// <param name="Command">The operation, as the sender got it.</param>
/// <param name="Clock">The sender's logical clock for it.</param>
/// <param name="RemainingMs">How long it may still be executed; groups' times differ, so this goes with the absolute expiry.</param>
internal sealed record Proposed(Command Command, long Clock, long RemainingMs) : ChannelMessage(Command.Id)
{
    /// <summary>What the operation is.</summary>
    public MulticastCall Call { get; } = MulticastCall.Read(Command.Invocation);
}

/// <summary>The sender cannot take part, so the operation is executed nowhere (DESIGN §6, rule 8).</summary>
/// <param name="Id">The operation.</param>
/// <param name="Destinations">Its destinations.</param>
/// <param name="Content">The fingerprint of its content.</param>
/// <param name="Reason">Why.</param>
/// <param name="RemainingMs">How long the receiver must remember.</param>
internal sealed record Voided(RequestId Id, IReadOnlyList<GroupId> Destinations, ulong Content, CommandReplyKind Reason, long RemainingMs)
    : ChannelMessage(Id);

/// <summary>
/// The sender's clock has reached the final timestamp, the operation has its place there, and everything that it follows
/// there is exposed: FIN(m). When all groups have said so, others may observe the operation.
/// </summary>
/// <param name="Id">The operation.</param>
internal sealed record Cleared(RequestId Id) : ChannelMessage(Id);

/// <summary>A step of the sender has its result, on which a step of the receiver hangs: RES(m, i, value).</summary>
/// <param name="Id">The operation.</param>
/// <param name="Step">The step.</param>
/// <param name="Result">Its result.</param>
internal sealed record StepSettled(RequestId Id, int Step, StepResult Result) : ChannelMessage(Id);
