using System.Buffers;

namespace Csmr.Replication.Machine;

/// <summary>What reading and writing the parts of a snapshot have in common.</summary>
internal static class SnapshotRules
{
    private const int PieceBytes = 32 * 1024;

    /// <summary>Passes on what was written when it has grown to a piece.</summary>
    public static void FlushPiece(WireWriter writer, IBufferWriter<byte> output) => writer.MoveTo(output, PieceBytes);

    /// <summary>Requires what every snapshot has.</summary>
    /// <exception cref="WireFormatException">It does not.</exception>
    public static void Require([System.Diagnostics.CodeAnalysis.DoesNotReturnIf(false)] bool condition, string otherwise)
    {
        if (!condition)
        {
            throw new WireFormatException(otherwise);
        }
    }
}
