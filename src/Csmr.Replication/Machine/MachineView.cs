using System.Buffers;

namespace Csmr.Replication.Machine;

/// <summary>The whole replicated state of a group at one slot (S2), which no longer changes: what a snapshot is written from.</summary>
public sealed class MachineView
{
    private readonly long _timeMs;
    private readonly SessionsView _sessions;
    private readonly WireWriter _multicast;
    private readonly IStateView _machine;

    internal MachineView(Slot slot, long timeMs, SessionsView sessions, WireWriter multicast, IStateView machine) =>
        (Slot, _timeMs, _sessions, _multicast, _machine) = (slot, timeMs, sessions, multicast, machine);

    /// <summary>The last applied slot.</summary>
    public Slot Slot { get; }

    /// <summary>
    /// Writes the snapshot: format, slot and time; sessions; the order of composite operations, rounds and channels; last, the
    /// machine's own state. May be called by any thread, one at a time, as often as one likes.
    /// </summary>
    /// <param name="output">Where to.</param>
    public void Write(IBufferWriter<byte> output)
    {
        var writer = new WireWriter(32);
        WriteHead(writer, Slot, _timeMs);
        writer.MoveTo(output);
        _sessions.Write(output);
        output.Write(_multicast.Written);
        _machine.Write(output);
    }

    /// <summary>A digest of the snapshot: equal at all replicas that have applied the same slots (A4). To be had where <see cref="Write"/> may be called.</summary>
    /// <returns>64 bits (FNV-1a over the bytes that <see cref="Write"/> writes).</returns>
    public ulong Digest()
    {
        var writer = new DigestWriter();
        Write(writer);
        return writer.Digest;
    }

    internal static void WriteHead(WireWriter writer, Slot slot, long timeMs)
    {
        writer.Byte(ReplicatedMachine.SnapshotFormat);
        writer.VarUInt((ulong)slot.Number);
        writer.VarInt(timeMs);
    }

    internal static (Slot Slot, long TimeMs) ReadHead(ref WireReader reader)
    {
        var format = reader.Byte();
        SnapshotRules.Require(
            format == ReplicatedMachine.SnapshotFormat, $"format {format} of a snapshot is unknown; this program reads format {ReplicatedMachine.SnapshotFormat}");
        var (slot, timeMs) = (new Slot(reader.Number()), reader.VarInt());
        SnapshotRules.Require(timeMs >= 0, "the time of a snapshot is before all time");
        return (slot, timeMs);
    }
}
