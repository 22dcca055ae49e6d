namespace Csmr.Replication.Machine;

/// <summary>Packs commands, invocations to read, and replies: what travels between gateways and groups, and through the log.</summary>
public static class CommandBatch
{
    private const byte FormatVersion = 1;

    /// <summary>Packs commands into one proposal.</summary>
    /// <param name="commands">The commands.</param>
    /// <param name="writer">Where to; cleared first.</param>
    public static void Write(IReadOnlyList<Command> commands, WireWriter writer)
    {
        writer.Clear();
        writer.Byte(FormatVersion);
        writer.VarUInt((uint)commands.Count);
        foreach (var command in commands)
        {
            command.Write(writer);
        }
    }

    /// <summary>Reads what <see cref="Write"/> wrote; the invocations are slices of the bytes.</summary>
    /// <param name="bytes">The proposal.</param>
    /// <returns>The commands.</returns>
    /// <exception cref="WireFormatException">The bytes are no batch of commands.</exception>
    public static Command[] Read(ReadOnlyMemory<byte> bytes)
    {
        var reader = Open(bytes);
        var commands = new Command[reader.Count(22)];
        for (var i = 0; i < commands.Length; i++)
        {
            commands[i] = Command.Read(ref reader);
        }

        reader.End();
        return commands;
    }

    /// <summary>Packs invocations to be read without a log entry.</summary>
    /// <param name="invocations">The packed invocations.</param>
    /// <param name="writer">Where to; cleared first.</param>
    public static void WriteReads(IReadOnlyList<ReadOnlyMemory<byte>> invocations, WireWriter writer)
    {
        writer.Clear();
        writer.Byte(FormatVersion);
        writer.VarUInt((uint)invocations.Count);
        foreach (var invocation in invocations)
        {
            writer.Bytes(invocation.Span);
        }
    }

    /// <summary>Reads what <see cref="WriteReads"/> wrote.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <returns>The packed invocations: slices of the bytes.</returns>
    /// <exception cref="WireFormatException">The bytes are no such batch.</exception>
    public static ReadOnlyMemory<byte>[] ReadReads(ReadOnlyMemory<byte> bytes)
    {
        var reader = Open(bytes);
        var invocations = new ReadOnlyMemory<byte>[reader.Count(1)];
        for (var i = 0; i < invocations.Length; i++)
        {
            invocations[i] = reader.Bytes();
        }

        reader.End();
        return invocations;
    }

    /// <summary>Packs the ids of requests that someone asks for.</summary>
    /// <param name="ids">The ids.</param>
    /// <returns>The bytes.</returns>
    public static byte[] PackIds(IEnumerable<RequestId> ids)
    {
        var packed = ids.ToArray();
        var writer = new WireWriter(4 + (20 * packed.Length));
        writer.Byte(FormatVersion);
        writer.VarUInt((uint)packed.Length);
        foreach (var id in packed)
        {
            id.Write(writer);
        }

        return writer.ToArray();
    }

    /// <summary>Reads what <see cref="PackIds"/> wrote.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <returns>The ids.</returns>
    /// <exception cref="WireFormatException">The bytes are no ids.</exception>
    public static RequestId[] ReadIds(ReadOnlyMemory<byte> bytes)
    {
        var reader = Open(bytes);
        var ids = new RequestId[reader.Count(18)];
        for (var i = 0; i < ids.Length; i++)
        {
            ids[i] = RequestId.Read(ref reader);
        }

        reader.End();
        return ids;
    }

    /// <summary>Appends one reply to a batch of replies.</summary>
    /// <param name="reply">The reply.</param>
    /// <param name="writer">Where to; nothing is cleared.</param>
    public static void WriteReply(in CommandReply reply, WireWriter writer)
    {
        writer.Byte((byte)reply.Kind);
        writer.VarUInt((ulong)reply.Slot.Number);
        if (reply.Kind is CommandReplyKind.Executed or CommandReplyKind.Replayed)
        {
            reply.Outcome!.Write(writer);
        }
    }

    /// <summary>Reads the replies to a batch, in the order of the commands.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="count">How many there are.</param>
    /// <returns>The replies.</returns>
    /// <exception cref="WireFormatException">The bytes are no such replies.</exception>
    public static CommandReply[] ReadReplies(ReadOnlyMemory<byte> bytes, int count)
    {
        var reader = new WireReader(bytes);
        var replies = new CommandReply[count];
        for (var i = 0; i < count; i++)
        {
            replies[i] = ReadReply(ref reader);
        }

        reader.End();
        return replies;
    }

    /// <summary>Reads what <see cref="WriteReply"/> wrote.</summary>
    /// <exception cref="WireFormatException">The bytes are no reply.</exception>
    internal static CommandReply ReadReply(ref WireReader reader)
    {
        var kind = ReadKind(ref reader);
        var slot = new Slot(reader.Number());
        var outcome = kind is CommandReplyKind.Executed or CommandReplyKind.Replayed ? Outcome.Read(ref reader) : null;
        return new CommandReply(kind, slot, outcome);
    }

    /// <summary>Reads a kind of reply.</summary>
    /// <exception cref="WireFormatException">There is no such kind.</exception>
    internal static CommandReplyKind ReadKind(ref WireReader reader)
    {
        var kind = (CommandReplyKind)reader.Byte();
        return kind <= CommandReplyKind.Unheard ? kind : throw new WireFormatException($"unknown kind of reply {(byte)kind}");
    }

    private static WireReader Open(ReadOnlyMemory<byte> bytes)
    {
        var reader = new WireReader(bytes);
        var version = reader.Byte();
        return version == FormatVersion ? reader : throw new WireFormatException($"unknown format {version} of a batch");
    }
}
