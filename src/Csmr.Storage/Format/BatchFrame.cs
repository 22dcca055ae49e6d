using System.Buffers.Binary;

namespace Csmr.Storage.Format;

/// <summary>What a batch holds. The numbers are on disk.</summary>
internal enum BatchKind : uint
{
    /// <summary>Records.</summary>
    Records = 1,

    /// <summary>
    /// Nothing: it says that everything before it was flushed successfully. Written without a flush of its own, while there
    /// is nothing else to do, where the next batch will overwrite it.
    /// </summary>
    Mark = 2,
}

/// <summary>The header of a batch.</summary>
/// <param name="Number">The batches of a journal are numbered from 1 without gaps; a mark has the number of the batch that will overwrite it.</param>
/// <param name="BodyBytes">The size of the body.</param>
/// <param name="PreviousCrc">The checksum of the batch before; 0 for the first.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="Crc">Its own checksum.</param>
internal readonly record struct BatchHeader(ulong Number, int BodyBytes, uint PreviousCrc, BatchKind Kind, uint Crc)
{
    /// <summary>The size of the batch with header and padding.</summary>
    public int FrameBytes => BatchFrame.FrameBytes(BodyBytes);
}

/// <summary>Where a batch is: part of its checksum, so that bytes of another place never verify here.</summary>
/// <param name="Journal">The journal's identity.</param>
/// <param name="Segment">The segment's number.</param>
/// <param name="Offset">The offset in the segment.</param>
internal readonly record struct BatchPlace(UInt128 Journal, long Segment, int Offset);

/// <summary>
/// The bytes of a batch: header (magic, checksum, number, size of the body, checksum of the batch before, kind), body,
/// zeros up to a full sector. A batch begins in a sector of its own: what is durable is never in a sector that is written
/// again. The checksum covers the place, the header behind it, the body and the zeros.
/// </summary>
internal static class BatchFrame
{
    /// <summary>The unit that a disk writes as a whole or not at all.</summary>
    public const int SectorBytes = 512;

    /// <summary>The size of the header.</summary>
    public const int HeaderBytes = 32;

    /// <summary>The size of a mark.</summary>
    public const int MarkBytes = SectorBytes;

    private const uint Magic = 0x31424A43; // "CJB1"
    private const int CrcOffset = 4;
    private const int NumberOffset = 8;
    private const int BodyBytesOffset = 16;
    private const int PreviousCrcOffset = 20;
    private const int KindOffset = 24;

    /// <summary>The size of a batch with header and padding.</summary>
    /// <param name="bodyBytes">The size of its body.</param>
    /// <returns>The size.</returns>
    public static int FrameBytes(int bodyBytes) => (HeaderBytes + bodyBytes + SectorBytes - 1) / SectorBytes * SectorBytes;

    /// <summary>Fills in the header of a frame whose body and padding are there.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="place">Where it will be.</param>
    /// <param name="header">What to fill in; its checksum is not read.</param>
    /// <returns>The checksum.</returns>
    public static uint Seal(Span<byte> frame, in BatchPlace place, in BatchHeader header)
    {
        Invariant.Require(frame.Length == header.FrameBytes, "J1");
        BinaryPrimitives.WriteUInt32LittleEndian(frame, Magic);
        BinaryPrimitives.WriteUInt64LittleEndian(frame[NumberOffset..], header.Number);
        BinaryPrimitives.WriteInt32LittleEndian(frame[BodyBytesOffset..], header.BodyBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[PreviousCrcOffset..], header.PreviousCrc);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[KindOffset..], (uint)header.Kind);
        var crc = CrcOf(frame, place);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[CrcOffset..], crc);
        return crc;
    }

    /// <summary>Reads the frame at a place of a segment.</summary>
    /// <param name="segment">The bytes of the segment.</param>
    /// <param name="place">The place.</param>
    /// <param name="header">The header, where there is one.</param>
    /// <returns>Whether a whole undamaged frame that was written for this place begins here.</returns>
    public static bool TryRead(ReadOnlySpan<byte> segment, in BatchPlace place, out BatchHeader header)
    {
        header = default;
        var rest = segment[place.Offset..];
        if (rest.Length < SectorBytes || BinaryPrimitives.ReadUInt32LittleEndian(rest) != Magic)
        {
            return false;
        }

        var bodyBytes = BinaryPrimitives.ReadInt32LittleEndian(rest[BodyBytesOffset..]);
        if (bodyBytes < 0 || bodyBytes > rest.Length - HeaderBytes)
        {
            return false;
        }

        var frameBytes = FrameBytes(bodyBytes);
        var crc = BinaryPrimitives.ReadUInt32LittleEndian(rest[CrcOffset..]);
        if (frameBytes > rest.Length || crc != CrcOf(rest[..frameBytes], place))
        {
            return false;
        }

        header = new BatchHeader(
            BinaryPrimitives.ReadUInt64LittleEndian(rest[NumberOffset..]),
            bodyBytes,
            BinaryPrimitives.ReadUInt32LittleEndian(rest[PreviousCrcOffset..]),
            (BatchKind)BinaryPrimitives.ReadUInt32LittleEndian(rest[KindOffset..]),
            crc);
        return true;
    }

    private static uint CrcOf(ReadOnlySpan<byte> frame, in BatchPlace place)
    {
        var state = Crc32C.Append(Crc32C.Start, (ulong)(place.Journal >> 64));
        state = Crc32C.Append(state, (ulong)place.Journal);
        state = Crc32C.Append(state, (ulong)place.Segment);
        state = Crc32C.Append(state, (ulong)place.Offset);
        state = Crc32C.Append(state, frame[NumberOffset..]);
        return Crc32C.Finish(state);
    }
}
