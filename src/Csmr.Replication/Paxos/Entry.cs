namespace Csmr.Replication.Paxos;

/// <summary>
/// The content of one slot: the time at which the leader made it, and the proposals gathered in it, each an opaque
/// packed batch of commands. Without proposals it is a no-op; one that changes the configuration has none.
/// </summary>
/// <param name="TimeMs">The group's time (<see cref="GroupClock"/>) in milliseconds. It may go back a little when the leader changes: who executes entries takes the largest so far.</param>
/// <param name="Proposals">The proposals, in order.</param>
public sealed record Entry(long TimeMs, ReadOnlyMemory<byte>[] Proposals)
{
    private const byte OfProposals = 1;
    private const byte OfConfiguration = 2;

    /// <summary>The configuration that holds behind the slot, where it changes there.</summary>
    public GroupConfiguration? Configuration { get; private init; }

    /// <summary>Whether it changes nothing but the time.</summary>
    public bool IsNoOp => Proposals.Length == 0 && Configuration is null;

    /// <summary>Whether packed bytes are those of an entry that changes the configuration.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <returns>Whether they are.</returns>
    public static bool IsConfiguration(ReadOnlyMemory<byte> bytes) => bytes.Length > 0 && bytes.Span[0] == OfConfiguration;

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
        writer.Byte(OfProposals);
        writer.VarInt(timeMs);
        writer.VarUInt((uint)proposals.Length);
        foreach (var proposal in proposals)
        {
            writer.Bytes(proposal.Span);
        }

        return writer.ToArray();
    }

    /// <summary>Packs an entry that changes the configuration.</summary>
    /// <param name="timeMs">Its time.</param>
    /// <param name="configuration">The configuration behind it.</param>
    /// <returns>The bytes.</returns>
    public static byte[] Pack(long timeMs, GroupConfiguration configuration)
    {
        var writer = new WireWriter(64);
        writer.Byte(OfConfiguration);
        writer.VarInt(timeMs);
        configuration.Write(writer);
        return writer.ToArray();
    }

    /// <summary>Reads what <see cref="Pack(long, ReadOnlySpan{ReadOnlyMemory{byte}})"/> or <see cref="Pack(long, GroupConfiguration)"/> wrote; the proposals are slices of the bytes.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <returns>The entry.</returns>
    /// <exception cref="WireFormatException">The bytes are no entry.</exception>
    public static Entry Read(ReadOnlyMemory<byte> bytes)
    {
        var reader = new WireReader(bytes);
        var kind = reader.Byte();
        var timeMs = reader.VarInt();
        if (kind == OfConfiguration)
        {
            var configuration = GroupConfiguration.Read(ref reader);
            reader.End();
            return new Entry(timeMs, []) { Configuration = configuration };
        }

        if (kind != OfProposals)
        {
            throw new WireFormatException($"unknown format {kind} of an entry");
        }

        var proposals = new ReadOnlyMemory<byte>[reader.Count(1)];
        for (var i = 0; i < proposals.Length; i++)
        {
            proposals[i] = reader.Bytes();
        }

        reader.End();
        return new Entry(timeMs, proposals);
    }
}
