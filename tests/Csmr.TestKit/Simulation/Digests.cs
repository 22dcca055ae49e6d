using System.Runtime.InteropServices;
using Csmr.Replication.Paxos;

namespace Csmr.TestKit.Simulation;

/// <summary>64-bit digests of entries: the same for packed bytes and for what is read from them.</summary>
public static class Digests
{
    private const ulong Start = 0x9e3779b97f4a7c15;

    /// <summary>Adds a number to a digest.</summary>
    /// <param name="digest">The digest so far.</param>
    /// <param name="value">The number.</param>
    /// <returns>The digest.</returns>
    public static ulong Add(ulong digest, ulong value) => SimulationRandom.Mix((digest * 31) ^ value);

    /// <summary>The digest of an entry.</summary>
    /// <param name="entry">The entry.</param>
    /// <returns>The digest.</returns>
    public static ulong Of(Entry entry)
    {
        var digest = Add(Start, (ulong)entry.TimeMs);
        foreach (var proposal in entry.Proposals)
        {
            digest = Add(digest, Of(proposal.Span));
        }

        return entry.Configuration is { } configuration ? Add(digest, Of(configuration.Pack())) : digest;
    }

    /// <summary>The digest of a packed entry.</summary>
    /// <param name="packed">Its bytes.</param>
    /// <returns>The digest.</returns>
    public static ulong OfPacked(ReadOnlyMemory<byte> packed)
    {
        if (Entry.IsConfiguration(packed))
        {
            return Of(Entry.Read(packed));
        }

        var reader = new WireReader(packed);
        reader.Byte();
        var digest = Add(Start, (ulong)reader.VarInt());
        var count = reader.Count(1);
        for (var i = 0; i < count; i++)
        {
            digest = Add(digest, Of(reader.Bytes().Span));
        }

        return digest;
    }

    /// <summary>The digest of bytes.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <returns>The digest.</returns>
    public static ulong Of(ReadOnlySpan<byte> bytes)
    {
        var digest = Start + (ulong)bytes.Length;
        while (bytes.Length >= 8)
        {
            digest = Add(digest, MemoryMarshal.Read<ulong>(bytes));
            bytes = bytes[8..];
        }

        foreach (var one in bytes)
        {
            digest = (digest * 257) + one;
        }

        return SimulationRandom.Mix(digest);
    }
}
