using System.Buffers;

namespace Csmr.Replication.Machine;

/// <summary>The whole replicated state of a group at one slot (S2), which no longer changes: what a snapshot is written from.</summary>
public sealed class MachineView
{
    private readonly ViewHead _head;
    private readonly SessionsView _sessions;
    private readonly WireWriter _multicast;
    private readonly StagedView? _staged;
    private readonly IStateView _machine;

    internal MachineView(ViewHead head, SessionsView sessions, WireWriter multicast, StagedView? staged, IStateView machine) =>
        (_head, _sessions, _multicast, _staged, _machine) = (head, sessions, multicast, staged, machine);

    /// <summary>The last applied slot.</summary>
    public Slot Slot => _head.Slot;

    /// <summary>
    /// Writes the snapshot: format, slot, time and configuration; sessions; the order of composite operations, rounds and channels; what is
    /// staged to take the place of the machine's state; last, that state. May be called by any thread, one at a time, as often as one likes.
    /// </summary>
    /// <param name="output">Where to.</param>
    public void Write(IBufferWriter<byte> output)
    {
        var writer = new WireWriter(32);
        _head.Write(writer);
        writer.MoveTo(output);
        _sessions.Write(output);
        output.Write(_multicast.Written);
        writer.Clear();
        writer.Bool(_staged is not null);
        writer.MoveTo(output);
        _staged?.Write(output);
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
}
