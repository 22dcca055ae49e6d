using System.Buffers.Binary;

namespace Csmr.Storage.Format;

/// <summary>
/// The frames behind a snapshot's header: size (4 bytes), checksum (4), content. All but the last are full, so that equal
/// contents make equal files. A frame of size 0 closes the file: the size of all content, the number of frames, the checksum of all
/// content. A frame's checksum covers the header's checksum, its own offset in the file, its size and its content.
/// </summary>
internal static class SnapshotFrame
{
    /// <summary>The size of a frame without content.</summary>
    public const int HeaderBytes = 8;

    /// <summary>The size of the content of a full frame, at most.</summary>
    public const int ContentBytesMax = 1024 * 1024;

    /// <summary>The size of all content: it is loaded in one piece.</summary>
    public const int AllContentBytesMax = 0x7FF00000;

    /// <summary>The size of what the closing frame says.</summary>
    public const int ClosingBytes = 20;

    /// <summary>The size of the smallest file.</summary>
    public const int FileBytesMin = SnapshotHeader.Bytes + HeaderBytes + ClosingBytes;

    private const int CrcOffset = 4;

    /// <summary>The size that a frame's header tells.</summary>
    /// <param name="header">The frame's header.</param>
    /// <returns>The size of the content; 0 for the closing frame.</returns>
    public static uint SizeOf(ReadOnlySpan<byte> header) => BinaryPrimitives.ReadUInt32LittleEndian(header);

    /// <summary>Fills in the header of a frame.</summary>
    /// <param name="frame">The frame, its body filled in.</param>
    /// <param name="size">The size of its content; 0 for the closing frame.</param>
    /// <param name="snapshotCrc">The checksum of the snapshot's header.</param>
    /// <param name="offset">Where the frame will be in the file.</param>
    public static void Seal(Span<byte> frame, int size, uint snapshotCrc, long offset)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(frame, (uint)size);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[CrcOffset..], CrcOf(frame, snapshotCrc, offset));
    }

    /// <summary>Whether a frame is as it was sealed for this place of this snapshot.</summary>
    /// <param name="frame">The frame with its body.</param>
    /// <param name="snapshotCrc">The checksum of the snapshot's header.</param>
    /// <param name="offset">Where the frame is in the file.</param>
    /// <returns>Whether it is.</returns>
    public static bool IsWhole(ReadOnlySpan<byte> frame, uint snapshotCrc, long offset) =>
        BinaryPrimitives.ReadUInt32LittleEndian(frame[CrcOffset..]) == CrcOf(frame, snapshotCrc, offset);

    /// <summary>The body of a closing frame.</summary>
    /// <param name="body">Where to.</param>
    /// <param name="contentBytes">The size of all content.</param>
    /// <param name="frameCount">The number of frames with content.</param>
    /// <param name="contentCrc">The checksum of all content.</param>
    public static void WriteClosing(Span<byte> body, long contentBytes, long frameCount, uint contentCrc)
    {
        BinaryPrimitives.WriteInt64LittleEndian(body, contentBytes);
        BinaryPrimitives.WriteInt64LittleEndian(body[8..], frameCount);
        BinaryPrimitives.WriteUInt32LittleEndian(body[16..], contentCrc);
    }

    private static uint CrcOf(ReadOnlySpan<byte> frame, uint snapshotCrc, long offset)
    {
        var state = Crc32C.Append(Crc32C.Start, snapshotCrc);
        state = Crc32C.Append(state, (ulong)offset);
        state = Crc32C.Append(state, SizeOf(frame));
        return Crc32C.Finish(Crc32C.Append(state, frame[HeaderBytes..]));
    }
}
