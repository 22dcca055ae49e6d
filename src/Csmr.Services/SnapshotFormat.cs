using System.Buffers;

namespace Csmr.Services;

/// <summary>What the snapshots of the shipped machines have in common: they start with a format number and go out in pieces.</summary>
internal static class SnapshotFormat
{
    private const int PieceBytes = 32 * 1024;

    /// <summary>Passes on what was written when it has grown to a piece, so that a large state needs no buffer of its own size.</summary>
    public static void FlushPiece(WireWriter writer, IBufferWriter<byte> output) => writer.MoveTo(output, PieceBytes);

    /// <summary>Reads the format number and requires it.</summary>
    public static void Require(ref WireReader reader, byte format)
    {
        var found = reader.Byte();
        Require(found == format, $"format {found} of a snapshot is unknown; this program reads format {format}");
    }

    /// <summary>Requires what every snapshot of a machine has.</summary>
    public static void Require(bool condition, string otherwise)
    {
        if (!condition)
        {
            throw new WireFormatException(otherwise);
        }
    }

    /// <summary>Reads a positive number that was written as unsigned.</summary>
    public static long Positive(ref WireReader reader)
    {
        var number = NotNegative(ref reader);
        Require(number > 0, "a number that counts from 1 is 0");
        return number;
    }

    /// <summary>Reads a number from 0 that was written as unsigned.</summary>
    public static long NotNegative(ref WireReader reader)
    {
        var number = reader.VarUInt();
        Require(number <= long.MaxValue, "a number is too large");
        return (long)number;
    }
}
