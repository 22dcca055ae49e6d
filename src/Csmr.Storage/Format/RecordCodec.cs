using Csmr.Replication.Paxos;
using Csmr.Replication.Ports;

namespace Csmr.Storage.Format;

/// <summary>
/// The body of a batch: entries one behind the other, each beginning with its kind. Kind 0 introduces a group: its name
/// follows, its number is how many were introduced before it in the same batch. So every batch can be read on its own, and
/// whole segments can go without anything being said again. The last kind is of no group: where the journal begins.
/// </summary>
internal static class RecordCodec
{
    /// <summary>The most bytes that an entry takes beside its payload or its group's name.</summary>
    public const int OverheadBytesMax = 64;

    private const byte GroupKind = 0;
    private const byte StartKind = 255;
    private const int EntryBytesMin = 2;

    /// <summary>Introduces a group.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="group">The group.</param>
    public static void WriteGroup(WireWriter writer, GroupId group)
    {
        writer.Byte(GroupKind);
        writer.String(group.Name);
    }

    /// <summary>Writes a record.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="groupNumber">The number of its group in the batch.</param>
    /// <param name="record">The record.</param>
    public static void WriteRecord(WireWriter writer, int groupNumber, in JournalRecord record)
    {
        writer.Byte((byte)record.Kind);
        writer.VarUInt((uint)groupNumber);
        writer.VarInt(record.Slot.Number);
        writer.VarInt(record.Ballot.Round);
        writer.VarInt(record.Ballot.Leader.Ordinal);
        writer.Bytes(record.Payload.Span);
    }

    /// <summary>Writes where the journal begins: nobody needs a segment before that one.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="segment">The number of the first segment that is needed.</param>
    public static void WriteStart(WireWriter writer, long segment)
    {
        writer.Byte(StartKind);
        writer.VarUInt((ulong)segment);
    }

    /// <summary>Reads a body.</summary>
    /// <param name="body">The bytes, kept by nobody.</param>
    /// <param name="take">Called for every record, in order. The payload is a copy.</param>
    /// <returns>Where the journal begins, as the body says last; 0 where it does not say.</returns>
    /// <exception cref="WireFormatException">It is not what was written: a defect, since the checksum was right.</exception>
    public static long Read(ReadOnlyMemory<byte> body, Action<GroupId, JournalRecord> take)
    {
        var reader = new WireReader(body);
        var groups = new List<GroupId>();
        var start = 0L;
        while (reader.Remaining >= EntryBytesMin)
        {
            var kind = reader.Byte();
            if (kind == GroupKind)
            {
                groups.Add(new GroupId(reader.String()));
                continue;
            }

            if (kind == StartKind)
            {
                start = reader.VarUInt() is var segment and <= long.MaxValue
                    ? (long)segment
                    : throw new WireFormatException("the number of a segment is out of range");
                continue;
            }

            var group = reader.VarUInt();
            if (kind > (byte)JournalRecordKind.Base || group >= (ulong)groups.Count)
            {
                throw new WireFormatException($"an entry of kind {kind} for group {group} of {groups.Count}");
            }

            var slot = new Slot(reader.VarInt());
            var ballot = new Ballot(reader.VarInt(), ReadReplica(ref reader));
            take(groups[(int)group], new JournalRecord((JournalRecordKind)kind, ballot, slot, reader.Bytes().ToArray()));
        }

        reader.End();
        return start;
    }

    private static ReplicaId ReadReplica(ref WireReader reader) =>
        reader.VarInt() is var replica and >= int.MinValue and <= int.MaxValue
            ? new ReplicaId((int)replica)
            : throw new WireFormatException("the number of a replica is out of range");
}
