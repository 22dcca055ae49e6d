using System.Buffers.Binary;
using Csmr.Replication.Ports;

namespace Csmr.Storage.Format;

/// <summary>
/// The first page of a snapshot's file: of which cluster, group and slot it is. It names no node: the file is the same at every
/// replica. Its checksum is part of the checksum of everything behind it, so that nothing of another file ever verifies.
/// </summary>
internal static class SnapshotHeader
{
    /// <summary>The newest format of a snapshot's file that this program knows.</summary>
    public const int FormatVersion = 1;

    /// <summary>The size of the header: the first frame begins here.</summary>
    public const int Bytes = 1024;

    private const int CrcOffset = Bytes - sizeof(uint);

    private static ReadOnlySpan<byte> Magic => "CSMRSNAP"u8;

    /// <summary>The header of a snapshot.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="group">The group.</param>
    /// <param name="slot">The slot.</param>
    /// <returns>The page.</returns>
    public static byte[] Encode(string cluster, GroupId group, Slot slot)
    {
        var writer = new WireWriter(Bytes);
        writer.Raw(Magic);
        writer.UInt64(FormatVersion);
        writer.UInt64((ulong)slot.Number);
        writer.String(cluster);
        writer.String(group.Name);
        Invariant.Require(writer.Length <= CrcOffset, "J1");
        var page = new byte[Bytes];
        writer.Written.CopyTo(page);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(CrcOffset), Crc32C.Of(page.AsSpan(0, CrcOffset)));
        return page;
    }

    /// <summary>The checksum of a header.</summary>
    /// <param name="page">The page.</param>
    /// <returns>The checksum.</returns>
    public static uint CrcOf(ReadOnlySpan<byte> page) => BinaryPrimitives.ReadUInt32LittleEndian(page[CrcOffset..]);

    /// <summary>Tells what is wrong with a header.</summary>
    /// <param name="page">The first page of the file; shorter where the file is.</param>
    /// <param name="expected">The header that it must have.</param>
    /// <returns>What is wrong, in words; null when nothing is.</returns>
    public static string? Check(ReadOnlySpan<byte> page, ReadOnlySpan<byte> expected)
    {
        if (page.SequenceEqual(expected))
        {
            return null;
        }

        if (page.Length < Bytes || CrcOf(page) != Crc32C.Of(page[..CrcOffset]) || !page.StartsWith(Magic))
        {
            return "the header is damaged";
        }

        return BinaryPrimitives.ReadUInt64LittleEndian(page[Magic.Length..]) > FormatVersion
            ? "a newer version wrote it"
            : "it belongs to another cluster, group or slot";
    }
}
