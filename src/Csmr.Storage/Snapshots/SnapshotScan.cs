using Csmr.Storage.Files;
using Csmr.Storage.Format;

namespace Csmr.Storage.Snapshots;

/// <summary>What a reading of a snapshot's file has found.</summary>
/// <param name="GoodBytes">Every byte before is as it was written: the header and whole frames.</param>
/// <param name="Damage">What is wrong there, in words; null where the file is whole.</param>
internal readonly record struct SnapshotScan(long GoodBytes, string? Damage)
{
    /// <summary>Reads a file from its begin and verifies everything.</summary>
    /// <param name="file">The file.</param>
    /// <param name="header">The header that it must have.</param>
    /// <param name="take">Called for the header and every frame, in order, each verified: its offset, its bytes (valid during the call). Says whether to go on.</param>
    /// <returns>What was found.</returns>
    public static SnapshotScan Run(IJournalFile file, byte[] header, Func<long, ReadOnlyMemory<byte>, bool> take)
    {
        var fileBytes = file.LengthBytes;
        var buffer = new byte[Math.Clamp(fileBytes, SnapshotHeader.Bytes, SnapshotFrame.HeaderBytes + SnapshotFrame.ContentBytesMax)];
        var headerBytes = file.Read(buffer.AsSpan(0, SnapshotHeader.Bytes), 0);
        if (SnapshotHeader.Check(buffer.AsSpan(0, headerBytes), header) is { } reason)
        {
            return new SnapshotScan(0, reason);
        }

        _ = take(0, buffer.AsMemory(0, headerBytes));
        var snapshotCrc = SnapshotHeader.CrcOf(header);
        var (offset, contentBytes, frameCount, contentState) = ((long)SnapshotHeader.Bytes, 0L, 0L, Crc32C.Start);
        while (true)
        {
            var frame = ReadFrame(file, offset, buffer, out var size);
            if (frame.Length == 0 || !SnapshotFrame.IsWhole(frame.Span, snapshotCrc, offset))
            {
                return new SnapshotScan(offset, offset + SnapshotFrame.HeaderBytes > fileBytes ? "it ends too early" : "the frame is damaged or not whole");
            }

            var body = frame.Span[SnapshotFrame.HeaderBytes..];
            if (size == 0)
            {
                return IsClosedBy(body, contentBytes, frameCount, Crc32C.Finish(contentState))
                    ? End(fileBytes, offset, frame, take)
                    : new SnapshotScan(offset, "its frames are not those that were written together");
            }

            if (!take(offset, frame))
            {
                return new SnapshotScan(offset + frame.Length, null);
            }

            contentState = Crc32C.Append(contentState, body);
            (offset, contentBytes, frameCount) = (offset + frame.Length, contentBytes + size, frameCount + 1);
        }
    }

    private static SnapshotScan End(long fileBytes, long offset, ReadOnlyMemory<byte> closing, Func<long, ReadOnlyMemory<byte>, bool> take)
    {
        _ = take(offset, closing);
        var end = offset + closing.Length;
        return new SnapshotScan(end, end == fileBytes ? null : $"{fileBytes - end} bytes follow that do not belong to it");
    }

    // Empty where there is no whole frame of a possible size.
    private static ReadOnlyMemory<byte> ReadFrame(IJournalFile file, long offset, byte[] buffer, out int size)
    {
        size = 0;
        var header = buffer.AsSpan(0, SnapshotFrame.HeaderBytes);
        if (file.Read(header, offset) < header.Length || SnapshotFrame.SizeOf(header) > SnapshotFrame.ContentBytesMax)
        {
            return default;
        }

        size = (int)SnapshotFrame.SizeOf(header);
        var bodyBytes = size == 0 ? SnapshotFrame.ClosingBytes : size;
        return buffer.Length >= header.Length + bodyBytes && file.Read(buffer.AsSpan(header.Length, bodyBytes), offset + header.Length) == bodyBytes
            ? buffer.AsMemory(0, header.Length + bodyBytes)
            : default;
    }

    private static bool IsClosedBy(ReadOnlySpan<byte> body, long contentBytes, long frameCount, uint contentCrc)
    {
        Span<byte> expected = stackalloc byte[SnapshotFrame.ClosingBytes];
        SnapshotFrame.WriteClosing(expected, contentBytes, frameCount, contentCrc);
        return body.SequenceEqual(expected);
    }
}
