using System.Security.Cryptography;
using Csmr.Replication.Ports;
using Csmr.Storage.Files;
using Csmr.Storage.Format;

namespace Csmr.Storage.Checkpoints;

/// <summary>Reads a checkpoint's file, and believes nothing that no checksum covers. Used by one thread at a time.</summary>
/// <param name="file">The file.</param>
/// <param name="name">Its name, for messages.</param>
internal sealed class CheckpointReader(IJournalFile file, string name)
{
    /// <summary>Reads what the checkpoint says of itself, at its beginning and at its end. The content between is not looked at.</summary>
    /// <param name="id">Its name by the name of its file; null where that is not known yet.</param>
    /// <returns>The checkpoint.</returns>
    /// <exception cref="CheckpointException">It cannot be read.</exception>
    public StoredCheckpoint Summary(string? id)
    {
        var (head, _) = ReadHead();
        if (id is not null && head.Id != id)
        {
            throw Damaged(0, $"it calls itself '{head.Id}': give the file its name back");
        }

        var footer = ReadExactly(file.LengthBytes - CheckpointFrame.FooterBytes, CheckpointFrame.FooterBytes);
        var closingBytes = CheckpointFrame.SizeOf(footer);
        var closingOffset = file.LengthBytes - CheckpointFrame.FooterBytes - closingBytes;
        if (!footer.AsSpan().SequenceEqual(CheckpointFrame.Footer((int)closingBytes)) || closingOffset < CheckpointFrame.OpeningBytes)
        {
            throw Damaged(file.LengthBytes - CheckpointFrame.FooterBytes, "the end is missing or damaged");
        }

        var (kind, content, _) = ReadFrame(closingOffset);
        return Closed(head, kind, content, closingOffset);
    }

    /// <summary>Reads everything.</summary>
    /// <returns>The parts. At the end of the enumeration all is verified.</returns>
    /// <exception cref="CheckpointException">It cannot be read, or is damaged.</exception>
    public IEnumerable<CheckpointPart> Parts()
    {
        var (head, offset) = ReadHead();
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        sha256.AppendData(ReadExactly(0, (int)offset));
        var totals = new CheckpointTotal[head.Groups.Count];
        while (true)
        {
            var at = offset;
            var (kind, content, frame) = ReadFrame(at);
            if (kind != CheckpointFrame.Part)
            {
                RequireClosing(head, kind, content, at, totals, sha256.GetCurrentHash(), frame.Length);
                yield break;
            }

            sha256.AppendData(frame);
            offset += frame.Length;
            var part = ReadPart(content, at, totals.Length);
            totals[part.Group] = new CheckpointTotal(totals[part.Group].Parts + 1, totals[part.Group].Bytes + part.Bytes.Length);
            yield return part;
        }
    }

    private (CheckpointHead Head, long Offset) ReadHead()
    {
        var opening = new byte[CheckpointFrame.OpeningBytes];
        if (CheckpointFrame.CheckOpening(opening.AsSpan(0, Read(opening, 0))) is { } flaw)
        {
            throw Damaged(0, flaw);
        }

        var (kind, content, frame) = ReadFrame(CheckpointFrame.OpeningBytes);
        return kind == CheckpointFrame.Head
            ? (Decode(content, CheckpointFrame.OpeningBytes, CheckpointCodec.ReadHead), CheckpointFrame.OpeningBytes + frame.Length)
            : throw Damaged(CheckpointFrame.OpeningBytes, "the head is missing");
    }

    private void RequireClosing(CheckpointHead head, byte kind, ReadOnlyMemory<byte> content, long offset, CheckpointTotal[] totals, byte[] sha256, int frameBytes)
    {
        var closed = Closed(head, kind, content, offset);
        if (!closed.Totals.SequenceEqual(totals) || closed.Sha256 != Convert.ToHexStringLower(sha256))
        {
            throw Damaged(offset, "what was read is not what the end tells of");
        }

        var end = offset + frameBytes;
        if (file.LengthBytes != end + CheckpointFrame.FooterBytes
            || !ReadExactly(end, CheckpointFrame.FooterBytes).AsSpan().SequenceEqual(CheckpointFrame.Footer(frameBytes)))
        {
            throw Damaged(end, "it does not end where it should");
        }
    }

    private StoredCheckpoint Closed(CheckpointHead head, byte kind, ReadOnlyMemory<byte> content, long offset)
    {
        if (kind != CheckpointFrame.Closing)
        {
            throw Damaged(offset, "the end is missing");
        }

        var (totals, sha256) = Decode(content, offset, CheckpointCodec.ReadClosing);
        return totals.Length == head.Groups.Count
            ? new StoredCheckpoint { Id = head.Id, FileBytes = file.LengthBytes, Head = head, Totals = totals, Sha256 = Convert.ToHexStringLower(sha256) }
            : throw Damaged(offset, "the end tells of other groups");
    }

    private CheckpointPart ReadPart(ReadOnlyMemory<byte> content, long offset, int groups) => Decode(content, offset, bytes =>
    {
        var reader = new WireReader(bytes);
        var group = reader.Number();
        return group < groups ? new CheckpointPart((int)group, bytes[reader.Position..]) : throw new WireFormatException($"there is no group {group}");
    });

    private (byte Kind, ReadOnlyMemory<byte> Content, byte[] Frame) ReadFrame(long offset)
    {
        var header = ReadExactly(offset, CheckpointFrame.HeaderBytes);
        var size = CheckpointFrame.SizeOf(header);
        if (size > CheckpointFrame.ContentBytesMax || offset + CheckpointFrame.HeaderBytes + size > file.LengthBytes)
        {
            throw Damaged(offset, "a frame is damaged, or the file is not whole");
        }

        var frame = ReadExactly(offset, CheckpointFrame.HeaderBytes + (int)size);
        return CheckpointFrame.IsWhole(frame, offset)
            ? (frame[CheckpointFrame.HeaderBytes - 1], frame.AsMemory(CheckpointFrame.HeaderBytes), frame)
            : throw Damaged(offset, "a frame is damaged");
    }

    private T Decode<T>(ReadOnlyMemory<byte> content, long offset, Func<ReadOnlyMemory<byte>, T> decode)
    {
        try
        {
            return decode(content);
        }
        catch (WireFormatException cause)
        {
            throw Damaged(offset, cause.Message);
        }
    }

    private byte[] ReadExactly(long offset, int count)
    {
        var bytes = new byte[count];
        return offset >= 0 && Read(bytes, offset) == count ? bytes : throw Damaged(Math.Max(0, offset), "the file is not whole");
    }

    private int Read(Span<byte> bytes, long offset)
    {
        try
        {
            return file.Read(bytes, offset);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"checkpoint {name} cannot be read at byte {offset}: {cause.Message}", cause);
        }
    }

    private CheckpointException Damaged(long offset, string what) =>
        new($"checkpoint {name} is damaged at byte {offset}: {what}. It is not used; take another one, or fetch this one again from where it was copied to");
}
