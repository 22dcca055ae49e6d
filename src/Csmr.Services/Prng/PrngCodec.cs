using System.Buffers;

namespace Csmr.Services.Prng;

/// <summary>The snapshot of a generator: format, counter.</summary>
internal static class PrngCodec
{
    private const byte Format = 1;

    public static void Write(PrngState state, IBufferWriter<byte> output)
    {
        var writer = new WireWriter(16);
        writer.Byte(Format);
        writer.UInt64(state.Counter);
        writer.MoveTo(output);
    }

    public static PrngState Read(ReadOnlyMemory<byte> snapshot)
    {
        var reader = new WireReader(snapshot);
        SnapshotFormat.Require(ref reader, Format);
        var state = new PrngState(reader.UInt64());
        reader.End();
        return state;
    }
}
