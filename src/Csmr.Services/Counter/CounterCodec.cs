using System.Buffers;

namespace Csmr.Services.Counter;

/// <summary>The snapshot of a counter: format, number.</summary>
internal static class CounterCodec
{
    private const byte Format = 1;

    public static void Write(CounterState state, IBufferWriter<byte> output)
    {
        var writer = new WireWriter(16);
        writer.Byte(Format);
        writer.VarInt(state.Value);
        writer.MoveTo(output);
    }

    public static CounterState Read(ReadOnlyMemory<byte> snapshot)
    {
        var reader = new WireReader(snapshot);
        SnapshotFormat.Require(ref reader, Format);
        var state = new CounterState { Value = reader.VarInt() };
        reader.End();
        return state;
    }
}
