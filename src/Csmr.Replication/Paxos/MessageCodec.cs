namespace Csmr.Replication.Paxos;

/// <summary>The binary form of messages between replicas: one version byte, one kind byte, then the fields in order.</summary>
public static class MessageCodec
{
    /// <summary>Ids of replicas are not higher than this.</summary>
    internal const int OrdinalMax = 1000;

    private const byte FormatVersion = 3;

    /// <summary>About 140,000 years after 1970.</summary>
    private const long TimeMsMax = 1L << 52;

    private enum Kind : byte
    {
        Hello = 1,
        FormedBy = 2,
        PreVote = 3,
        PreVoteReply = 4,
        Prepare = 5,
        Promise = 6,
        Accept = 7,
        Accepted = 8,
        Reject = 9,
        TakeOver = 10,
        AgreedTo = 11,
        Truncated = 12,
        SnapshotAsk = 13,
        SnapshotPart = 14,
        Removed = 15,
    }

    /// <summary>Packs a message.</summary>
    /// <param name="message">The message.</param>
    /// <returns>The bytes.</returns>
    public static byte[] Pack(Message message)
    {
        var writer = new WireWriter(SizeHint(message));
        writer.Byte(FormatVersion);
        switch (message)
        {
            case Hello hello:
                writer.Byte((byte)Kind.Hello);
                writer.UInt64(hello.Incarnation);
                break;
            case FormedBy formed:
                writer.Byte((byte)Kind.FormedBy);
                WriteIncarnations(writer, formed.Incarnations);
                break;
            case AgreedTo agreed:
                writer.Byte((byte)Kind.AgreedTo);
                WriteIncarnations(writer, agreed.Incarnations);
                break;
            case PreVote preVote:
                writer.Byte((byte)Kind.PreVote);
                WriteBallot(writer, preVote.Ballot);
                WriteSlot(writer, preVote.ChosenUpTo);
                break;
            case PreVoteReply reply:
                writer.Byte((byte)Kind.PreVoteReply);
                WriteBallot(writer, reply.Ballot);
                writer.Bool(reply.IsGranted);
                WriteBallot(writer, reply.Promised);
                WriteSlot(writer, reply.Base);
                break;
            case Prepare prepare:
                writer.Byte((byte)Kind.Prepare);
                WriteBallot(writer, prepare.Ballot);
                WriteSlot(writer, prepare.From);
                break;
            case Promise promise:
                WritePromise(writer, promise);
                break;
            case Accept accept:
                WriteAccept(writer, accept);
                break;
            case Accepted accepted:
                writer.Byte((byte)Kind.Accepted);
                WriteBallot(writer, accepted.Ballot);
                WriteSlot(writer, accepted.UpTo);
                writer.VarUInt((ulong)accepted.Round);
                break;
            case Reject reject:
                writer.Byte((byte)Kind.Reject);
                WriteBallot(writer, reject.Ballot);
                WriteBallot(writer, reject.Promised);
                break;
            default:
                WriteSeldom(writer, message);
                break;
        }

        return writer.ToArray();
    }

    /// <summary>Reads what <see cref="Pack"/> wrote; entries are slices of the bytes.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <returns>The message.</returns>
    /// <exception cref="WireFormatException">The bytes are no message.</exception>
    public static Message Read(ReadOnlyMemory<byte> bytes)
    {
        var reader = new WireReader(bytes);
        var version = reader.Byte();
        if (version != FormatVersion)
        {
            throw new WireFormatException($"unknown format {version} of a message");
        }

        var kind = (Kind)reader.Byte();
        Message message = kind switch
        {
            Kind.Hello => new Hello(reader.UInt64()),
            Kind.FormedBy => new FormedBy(ReadIncarnations(ref reader)),
            Kind.AgreedTo => new AgreedTo(ReadIncarnations(ref reader)),
            Kind.PreVote => new PreVote(ReadBallot(ref reader), ReadSlot(ref reader)),
            Kind.PreVoteReply => new PreVoteReply(ReadBallot(ref reader), reader.Bool(), ReadBallot(ref reader), ReadSlot(ref reader)),
            Kind.Prepare => new Prepare(ReadBallot(ref reader), ReadSlot(ref reader)),
            Kind.Promise => ReadPromise(ref reader),
            Kind.Accept => ReadAccept(ref reader),
            Kind.Accepted => new Accepted(ReadBallot(ref reader), ReadSlot(ref reader), reader.Number()),
            Kind.Reject => new Reject(ReadBallot(ref reader), ReadBallot(ref reader)),
            Kind.TakeOver => new TakeOver(ReadBallot(ref reader)),
            Kind.Truncated => new Truncated(ReadBallot(ref reader), ReadSlot(ref reader)),
            Kind.SnapshotAsk => new SnapshotAsk(ReadSlot(ref reader), ReadSlot(ref reader), reader.Number()),
            Kind.Removed => new Removed(reader.Number()),
            Kind.SnapshotPart => new SnapshotPart(ReadSlot(ref reader), reader.Number(), reader.Number(), reader.Bytes()),
            _ => throw new WireFormatException($"unknown kind of message {(byte)kind}"),
        };
        reader.End();
        return message;
    }

    /// <summary>Packs the incarnations of a group's members.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="incarnations">One for each member.</param>
    internal static void WriteIncarnations(WireWriter writer, ulong[] incarnations)
    {
        writer.VarUInt((uint)incarnations.Length);
        foreach (var incarnation in incarnations)
        {
            writer.UInt64(incarnation);
        }
    }

    /// <summary>Reads what <see cref="WriteIncarnations"/> wrote.</summary>
    /// <param name="reader">Where from.</param>
    /// <returns>One for each member.</returns>
    internal static ulong[] ReadIncarnations(ref WireReader reader)
    {
        var incarnations = new ulong[reader.Count(8)];
        for (var i = 0; i < incarnations.Length; i++)
        {
            incarnations[i] = reader.UInt64();
        }

        return incarnations;
    }

    private static int SizeHint(Message message)
    {
        var size = 64 + (message is SnapshotPart part ? part.Bytes.Length : 0);
        if (message is Accept accept)
        {
            foreach (var entry in accept.Entries)
            {
                size += entry.Length + 5;
            }
        }

        return size;
    }

    private static void WriteSeldom(WireWriter writer, Message message)
    {
        switch (message)
        {
            case TakeOver takeOver:
                writer.Byte((byte)Kind.TakeOver);
                WriteBallot(writer, takeOver.Ballot);
                break;
            case Truncated truncated:
                writer.Byte((byte)Kind.Truncated);
                WriteBallot(writer, truncated.Ballot);
                WriteSlot(writer, truncated.Base);
                break;
            case Removed removed:
                writer.Byte((byte)Kind.Removed);
                writer.VarUInt((ulong)removed.Number);
                break;
            case SnapshotAsk ask:
                writer.Byte((byte)Kind.SnapshotAsk);
                WriteSlot(writer, ask.Slot);
                WriteSlot(writer, ask.AtLeast);
                writer.VarUInt((ulong)ask.Offset);
                break;
            case SnapshotPart part:
                writer.Byte((byte)Kind.SnapshotPart);
                WriteSlot(writer, part.Slot);
                writer.VarUInt((ulong)part.TotalBytes);
                writer.VarUInt((ulong)part.Offset);
                writer.Bytes(part.Bytes.Span);
                break;
            default:
                throw new ArgumentException($"unknown message {message.GetType().Name}", nameof(message));
        }
    }

    private static void WritePromise(WireWriter writer, Promise promise)
    {
        writer.Byte((byte)Kind.Promise);
        WriteBallot(writer, promise.Ballot);
        WriteSlot(writer, promise.From);
        WriteSlot(writer, promise.CoveredUpTo);
        WriteSlot(writer, promise.Last);
        WriteSlot(writer, promise.Base);
        WriteSlot(writer, promise.ChosenUpTo);
        writer.VarInt(promise.TimeMs);
        writer.VarUInt((uint)promise.Entries.Length);
        foreach (var entry in promise.Entries)
        {
            WriteSlot(writer, entry.Slot);
            WriteBallot(writer, entry.Ballot);
            writer.Bytes(entry.Entry.Span);
        }
    }

    private static Promise ReadPromise(ref WireReader reader)
    {
        var ballot = ReadBallot(ref reader);
        var from = ReadSlot(ref reader);
        var covered = ReadSlot(ref reader);
        var last = ReadSlot(ref reader);
        var start = ReadSlot(ref reader);
        var chosen = ReadSlot(ref reader);
        var timeMs = ReadTime(ref reader);
        var entries = new AcceptedEntry[reader.Count(4)];
        for (var i = 0; i < entries.Length; i++)
        {
            entries[i] = new AcceptedEntry(ReadSlot(ref reader), ReadBallot(ref reader), reader.Bytes());
        }

        return new Promise(ballot, from, covered, last, start, chosen, timeMs, entries);
    }

    private static void WriteAccept(WireWriter writer, Accept accept)
    {
        writer.Byte((byte)Kind.Accept);
        WriteBallot(writer, accept.Ballot);
        WriteSlot(writer, accept.First);
        WriteSlot(writer, accept.ChosenUpTo);
        writer.VarUInt((ulong)accept.Round);
        writer.VarInt(accept.TimeMs);
        writer.VarUInt((uint)accept.Entries.Length);
        foreach (var entry in accept.Entries)
        {
            writer.Bytes(entry.Span);
        }
    }

    private static Accept ReadAccept(ref WireReader reader)
    {
        var ballot = ReadBallot(ref reader);
        var first = ReadSlot(ref reader);
        var chosen = ReadSlot(ref reader);
        var round = reader.Number();
        var timeMs = ReadTime(ref reader);
        var entries = new ReadOnlyMemory<byte>[reader.Count(1)];
        for (var i = 0; i < entries.Length; i++)
        {
            entries[i] = reader.Bytes();
        }

        return new Accept(ballot, first, entries, chosen, round, timeMs);
    }

    private static void WriteBallot(WireWriter writer, Ballot ballot)
    {
        writer.VarUInt((ulong)ballot.Round);
        writer.VarUInt((uint)ballot.Leader.Ordinal);
    }

    private static Ballot ReadBallot(ref WireReader reader)
    {
        var round = reader.Number();
        var leader = reader.VarUInt();
        return leader <= OrdinalMax ? new Ballot(round, new ReplicaId((int)leader)) : throw new WireFormatException($"replica {leader} is out of range");
    }

    private static long ReadTime(ref WireReader reader)
    {
        var timeMs = reader.VarInt();
        return timeMs is >= 0 and <= TimeMsMax ? timeMs : throw new WireFormatException($"time {timeMs} is out of range");
    }

    private static void WriteSlot(WireWriter writer, Slot slot) => writer.VarUInt((ulong)slot.Number);

    private static Slot ReadSlot(ref WireReader reader) => new(reader.Number());
}
