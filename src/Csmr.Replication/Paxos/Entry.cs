namespace Csmr.Replication.Paxos;

/// <summary>
/// The content of one slot: the time at which the leader made it, and the proposals gathered in it, each an opaque
/// packed batch of commands. Without proposals it is a no-op.
/// </summary>
/// <param name="TimeMs">The group's time (<see cref="GroupClock"/>) in milliseconds. It may go back a little when the leader changes: who executes entries takes the largest so far.</param>
/// <param name="Proposals">The proposals, in order.</param>
public sealed record Entry(long TimeMs, ReadOnlyMemory<byte>[] Proposals)
{
    private const byte FormatVersion = 1;

    /// <summary>Whether it changes nothing but the time.</summary>
    public bool IsNoOp => Proposals.Length == 0;

    /// <summary>Packs an entry.</summary>
    /// <param name="timeMs">Its time.</param>
    /// <param name="proposals">Its proposals.</param>
    /// <returns>The bytes.</returns>
    public static byte[] Pack(long timeMs, ReadOnlySpan<ReadOnlyMemory<byte>> proposals)
    {
        var size = 24;
        foreach (var proposal in proposals)
        {
            size += proposal.Length + 5;
        }

        var writer = new WireWriter(size);
        writer.Byte(FormatVersion);
        writer.VarInt(timeMs);
        writer.VarUInt((uint)proposals.Length);
        foreach (var proposal in proposals)
        {
            writer.Bytes(proposal.Span);
        }

        return writer.ToArray();
    }

    /// <summary>Reads what <see cref="Pack"/> wrote; the proposals are slices of the bytes.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <returns>The entry.</returns>
    /// <exception cref="WireFormatException">The bytes are no entry.</exception>
    public static Entry Read(ReadOnlyMemory<byte> bytes)
    {
        var reader = new WireReader(bytes);
        var timeMs = ReadTime(ref reader);
        var proposals = new ReadOnlyMemory<byte>[reader.Count(1)];
        for (var i = 0; i < proposals.Length; i++)
        {
            proposals[i] = reader.Bytes();
        }

        reader.End();
        return new Entry(timeMs, proposals);
    }

    private static long ReadTime(ref WireReader reader)
    {
        var version = reader.Byte();
        return version == FormatVersion ? reader.VarInt() : throw new WireFormatException($"unknown format {version} of an entry");
    }
}
