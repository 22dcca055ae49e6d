using System.Buffers.Binary;

namespace Csmr.Storage.Format;

/// <summary>
/// The first page of a segment: to which journal it belongs, which one it is, and its size. Written before the segment
/// gets its name, never changed: a segment with a damaged header is corruption, never the work of a crash.
/// </summary>
internal static class SegmentHeader
{
    /// <summary>The size of the header: the first batch begins here.</summary>
    public const int Bytes = 4096;

    private const int CrcOffset = Bytes - sizeof(uint);

    private static ReadOnlySpan<byte> Magic => "CSMRJRNL"u8;

    /// <summary>The header of a segment.</summary>
    /// <param name="identity">The journal.</param>
    /// <param name="number">The segment's number.</param>
    /// <param name="segmentBytes">Its size.</param>
    /// <returns>The page.</returns>
    public static byte[] Encode(JournalIdentity identity, long number, int segmentBytes)
    {
        var writer = new WireWriter(Bytes);
        writer.Raw(Magic);
        writer.UInt64(JournalIdentity.FormatVersion);
        writer.UInt64((ulong)(identity.Journal >> 64));
        writer.UInt64((ulong)identity.Journal);
        writer.UInt64((ulong)number);
        writer.UInt64((ulong)segmentBytes);
        writer.String(identity.Cluster);
        writer.String(identity.Node);
        Invariant.Require(writer.Length <= CrcOffset, "J1");
        var page = new byte[Bytes];
        writer.Written.CopyTo(page);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(CrcOffset), Crc32C.Of(page.AsSpan(0, CrcOffset)));
        return page;
    }

    /// <summary>Tells what is wrong with a header.</summary>
    /// <param name="page">The first page of the file.</param>
    /// <param name="identity">The journal that it must belong to.</param>
    /// <param name="number">The number that it must have.</param>
    /// <param name="segmentBytes">The size that it must have.</param>
    /// <returns>What is wrong, in words; null when nothing is.</returns>
    public static string? Check(ReadOnlySpan<byte> page, JournalIdentity identity, long number, int segmentBytes)
    {
        if (page.Length < Bytes || !page.StartsWith(Magic))
        {
            return "this is no segment of a journal";
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(page[CrcOffset..]) != Crc32C.Of(page[..CrcOffset]))
        {
            return "the segment's header is damaged";
        }

        return page[..Bytes].SequenceEqual(Encode(identity, number, segmentBytes))
            ? null
            : "the segment belongs to another journal, has another place in it, or was cut";
    }

    /// <summary>The format version that a header claims.</summary>
    /// <param name="page">The first page of the file.</param>
    /// <returns>The version; 0 where the header is damaged.</returns>
    public static ulong VersionOf(ReadOnlySpan<byte> page) =>
        page.Length >= Bytes && page.StartsWith(Magic) && BinaryPrimitives.ReadUInt32LittleEndian(page[CrcOffset..]) == Crc32C.Of(page[..CrcOffset])
            ? BinaryPrimitives.ReadUInt64LittleEndian(page[Magic.Length..])
            : 0;
}
