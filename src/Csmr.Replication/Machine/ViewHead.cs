using Csmr.Replication.Paxos;

namespace Csmr.Replication.Machine;

/// <summary>What a snapshot begins with.</summary>
/// <param name="Slot">The last applied slot.</param>
/// <param name="TimeMs">The entry time.</param>
/// <param name="Configuration">The configuration that holds behind the slot, packed; empty for the one that the group was formed with.</param>
public readonly record struct ViewHead(Slot Slot, long TimeMs, ReadOnlyMemory<byte> Configuration)
{
    /// <summary>The size of a head, at most.</summary>
    public const int BytesMax = 64 << 10;

    /// <summary>Reads the head of a snapshot.</summary>
    /// <param name="snapshot">Its first bytes, <see cref="BytesMax"/> of them where it has as many.</param>
    /// <returns>The head.</returns>
    /// <exception cref="WireFormatException">The bytes are no snapshot that this program reads.</exception>
    public static ViewHead Read(ReadOnlyMemory<byte> snapshot)
    {
        var reader = new WireReader(snapshot);
        return Read(ref reader);
    }

    internal static ViewHead Read(ref WireReader reader)
    {
        var format = reader.Byte();
        SnapshotRules.Require(
            format == ReplicatedMachine.SnapshotFormat, $"format {format} of a snapshot is unknown; this program reads format {ReplicatedMachine.SnapshotFormat}");
        var head = new ViewHead(new Slot(reader.Number()), reader.VarInt(), reader.Bytes());
        SnapshotRules.Require(head.TimeMs >= 0, "the time of a snapshot is before all time");
        return head;
    }

    internal void Write(WireWriter writer)
    {
        writer.Byte(ReplicatedMachine.SnapshotFormat);
        writer.VarUInt((ulong)Slot.Number);
        writer.VarInt(TimeMs);
        writer.Bytes(Configuration.Span);
    }
}
