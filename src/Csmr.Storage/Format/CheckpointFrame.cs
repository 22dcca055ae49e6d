using System.Buffers.Binary;

namespace Csmr.Storage.Format;

/// <summary>
/// The frames of a checkpoint's file, which begins with <see cref="Opening"/>: size (4 bytes), checksum (4), kind (1), content. First the
/// head, then parts, last the closing frame; behind that its own size and a mark, so that it is found from the end. A checksum covers
/// the frame's offset, size, kind and content.
/// </summary>
internal static class CheckpointFrame
{
    /// <summary>The newest format that this program knows.</summary>
    public const uint FormatVersion = 1;

    /// <summary>The kind of the first frame: <see cref="Replication.Ports.CheckpointHead"/>.</summary>
    public const byte Head = 1;

    /// <summary>The kind of a frame with a part: the group's position, then the part.</summary>
    public const byte Part = 2;

    /// <summary>The kind of the last frame: totals of each group, and the SHA-256 of everything before it.</summary>
    public const byte Closing = 3;

    /// <summary>The size of the opening.</summary>
    public const int OpeningBytes = 16;

    /// <summary>The size of a frame without content.</summary>
    public const int HeaderBytes = 9;

    /// <summary>The size of what stands behind the closing frame.</summary>
    public const int FooterBytes = 8;

    /// <summary>The size of a frame's content, at most: nobody is made to take more memory by a damaged size.</summary>
    public const int ContentBytesMax = 64 << 20;

    private static ReadOnlySpan<byte> Magic => "CSMRCKPT"u8;

    private static ReadOnlySpan<byte> FooterMark => "CKPT"u8;

    /// <summary>What a file begins with.</summary>
    /// <returns>The bytes.</returns>
    public static byte[] Opening()
    {
        var opening = new byte[OpeningBytes];
        Magic.CopyTo(opening);
        BinaryPrimitives.WriteUInt32LittleEndian(opening.AsSpan(8), FormatVersion);
        BinaryPrimitives.WriteUInt32LittleEndian(opening.AsSpan(12), Crc32C.Of(opening.AsSpan(0, 12)));
        return opening;
    }

    /// <summary>Tells what is wrong with an opening.</summary>
    /// <param name="opening">The bytes.</param>
    /// <returns>What is wrong; null when nothing is.</returns>
    public static string? CheckOpening(ReadOnlySpan<byte> opening)
    {
        if (opening.SequenceEqual(Opening()))
        {
            return null;
        }

        var isOurs = opening.Length == OpeningBytes && opening.StartsWith(Magic)
            && BinaryPrimitives.ReadUInt32LittleEndian(opening[12..]) == Crc32C.Of(opening[..12]);
        return isOurs ? "a newer version wrote it; read it with that version" : "it is no checkpoint, or its beginning is damaged";
    }

    /// <summary>Makes a frame.</summary>
    /// <param name="into">Where to; cleared first.</param>
    /// <param name="kind">Its kind.</param>
    /// <param name="offset">Where it will be in the file.</param>
    /// <param name="content">Its content.</param>
    public static void Seal(WireWriter into, byte kind, long offset, ReadOnlySpan<byte> content)
    {
        into.Clear();
        into.Raw([0, 0, 0, 0, 0, 0, 0, 0, kind]);
        into.Raw(content);
        BinaryPrimitives.WriteUInt32LittleEndian(into.Patch(0, 4), (uint)content.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(into.Patch(4, 4), CrcOf(into.Written, offset));
    }

    /// <summary>The size of the content that a frame's header tells.</summary>
    /// <param name="header">The header.</param>
    /// <returns>The size.</returns>
    public static uint SizeOf(ReadOnlySpan<byte> header) => BinaryPrimitives.ReadUInt32LittleEndian(header);

    /// <summary>Whether a frame is as it was sealed for this place.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="offset">Where it is.</param>
    /// <returns>Whether it is.</returns>
    public static bool IsWhole(ReadOnlySpan<byte> frame, long offset) => BinaryPrimitives.ReadUInt32LittleEndian(frame[4..]) == CrcOf(frame, offset);

    /// <summary>What stands behind the closing frame.</summary>
    /// <param name="closingBytes">The size of that frame.</param>
    /// <returns>The bytes.</returns>
    public static byte[] Footer(int closingBytes)
    {
        var footer = new byte[FooterBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(footer, (uint)closingBytes);
        FooterMark.CopyTo(footer.AsSpan(4));
        return footer;
    }

    private static uint CrcOf(ReadOnlySpan<byte> frame, long offset)
    {
        var state = Crc32C.Append(Crc32C.Start, (ulong)offset);
        state = Crc32C.Append(state, SizeOf(frame));
        return Crc32C.Finish(Crc32C.Append(state, frame[8..]));
    }
}
