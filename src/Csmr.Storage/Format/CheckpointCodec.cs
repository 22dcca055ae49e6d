using Csmr.Replication.Ports;

namespace Csmr.Storage.Format;

/// <summary>The contents of the first and of the last frame of a checkpoint.</summary>
internal static class CheckpointCodec
{
    private const int Sha256Bytes = 32;

    public static byte[] Write(CheckpointHead head)
    {
        var writer = new WireWriter(1024);
        writer.String(head.Id);
        writer.String(head.Composition);
        writer.VarUInt((ulong)head.ManifestVersion);
        writer.VarUInt((ulong)head.CreatedAtMs);
        writer.VarUInt((uint)head.Groups.Count);
        foreach (var group in head.Groups)
        {
            writer.String(group.Group);
            writer.String(group.Service);
            writer.String(group.Machine);
            writer.Bool(group.IsItemized);
            writer.VarUInt((ulong)group.Slot.Number);
        }

        return writer.ToArray();
    }

    public static CheckpointHead ReadHead(ReadOnlyMemory<byte> content)
    {
        var reader = new WireReader(content);
        var head = new CheckpointHead
        {
            Id = reader.String(),
            Composition = reader.String(),
            ManifestVersion = reader.Number(),
            CreatedAtMs = reader.Number(),
            Groups = ReadGroups(ref reader),
        };
        reader.End();
        return CheckpointHead.IsId(head.Id) ? head : throw new WireFormatException("its name is none");
    }

    public static byte[] WriteClosing(IReadOnlyList<CheckpointTotal> totals, ReadOnlySpan<byte> sha256)
    {
        var writer = new WireWriter(256);
        writer.VarUInt((uint)totals.Count);
        foreach (var total in totals)
        {
            writer.VarUInt((ulong)total.Parts);
            writer.VarUInt((ulong)total.Bytes);
        }

        writer.Raw(sha256);
        return writer.ToArray();
    }

    public static (CheckpointTotal[] Totals, byte[] Sha256) ReadClosing(ReadOnlyMemory<byte> content)
    {
        var reader = new WireReader(content);
        var totals = new CheckpointTotal[reader.Count(2)];
        for (var i = 0; i < totals.Length; i++)
        {
            totals[i] = new CheckpointTotal(reader.Number(), reader.Number());
        }

        var sha256 = content[reader.Position..];
        return sha256.Length == Sha256Bytes ? (totals, sha256.ToArray()) : throw new WireFormatException("its digest has another size");
    }

    private static CheckpointGroup[] ReadGroups(ref WireReader reader)
    {
        var groups = new CheckpointGroup[reader.Count(5)];
        for (var i = 0; i < groups.Length; i++)
        {
            groups[i] = new CheckpointGroup(reader.String(), reader.String(), reader.String(), reader.Bool(), new Slot(reader.Number()));
        }

        return groups;
    }
}
