using System.Buffers;

namespace Csmr.Services.RecordLog;

/// <summary>The snapshot of a log: format, start, number of entries, entries in order.</summary>
internal static class RecordLogCodec
{
    /// <summary>The one state variable of a log: where it ends decides what an index means.</summary>
    public const string Key = "log";

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

    /// <summary>The items of a log: where it starts; then its entries in order, all under the one key that a log has.</summary>
    public static IEnumerable<StateItem> Items(RecordLogState state)
    {
        yield return new StateItem(null, StateItems.Counter(Format, state.Start));
        for (var index = state.Start; index <= state.End; index++)
        {
            yield return new StateItem(Key, state[index]);
        }
    }

    public static void Take(StateItem item, ref RecordLogState state)
    {
        if (item.Key is null)
        {
            SnapshotFormat.Require(state.End < state.Start, "a log that has entries starts again");
            state = new RecordLogState(StateItems.ReadCounter(Format, item.Body));
            SnapshotFormat.Require(state.Start > 0, "a log starts before its first index");
            return;
        }

        SnapshotFormat.Require(item.Key == Key && state.End < long.MaxValue, "an entry has no place in a log");
        state.Append(item.Body.ToArray());
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
