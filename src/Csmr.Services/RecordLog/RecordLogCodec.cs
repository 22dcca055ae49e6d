using System.Buffers;

namespace Csmr.Services.RecordLog;

/// <summary>The snapshot of a log: format, start, number of entries, entries in order.</summary>
internal static class RecordLogCodec
{
    private const byte Format = 1;

    public static void Write(RecordLogState state, IBufferWriter<byte> output)
    {
        var writer = new WireWriter();
        writer.Byte(Format);
        writer.VarUInt((ulong)state.Start);
        writer.VarUInt((ulong)(state.End - state.Start + 1));
        for (var index = state.Start; index <= state.End; index++)
        {
            writer.Bytes(state[index]);
            SnapshotFormat.FlushPiece(writer, output);
        }

        writer.MoveTo(output);
    }

    public static RecordLogState Read(ReadOnlyMemory<byte> snapshot)
    {
        var reader = new WireReader(snapshot);
        SnapshotFormat.Require(ref reader, Format);
        var state = new RecordLogState(SnapshotFormat.Positive(ref reader));
        var count = reader.Count(1);
        SnapshotFormat.Require(state.Start <= long.MaxValue - count, "the log starts beyond every index");
        for (var i = 0; i < count; i++)
        {
            state.Append(reader.Bytes().ToArray());
        }

        reader.End();
        return state;
    }
}
