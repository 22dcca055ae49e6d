using System.Buffers;

namespace Csmr.Services.KeyValue;

/// <summary>The snapshot of a store: format, revision, number of keys, then key, version and value in the order of the keys.</summary>
internal static class KvCodec
{
    private const byte Format = 1;

    public static void Write(KvState state, IBufferWriter<byte> output)
    {
        var writer = new WireWriter();
        writer.Byte(Format);
        writer.VarUInt((ulong)state.Revision);
        writer.VarUInt((ulong)state.Entries.Count);
        foreach (var (key, entry) in state.Entries.All())
        {
            writer.String(key.Text);
            writer.VarUInt((ulong)entry.Version);
            writer.Bytes(entry.Value);
            SnapshotFormat.FlushPiece(writer, output);
        }

        writer.MoveTo(output);
    }

    /// <summary>The items of a store: the revision; then version and value of each key.</summary>
    public static IEnumerable<StateItem> Items(KvState state)
    {
        yield return new StateItem(null, StateItems.Counter(Format, state.Revision));
        var writer = new WireWriter();
        foreach (var (key, entry) in state.Entries.All())
        {
            writer.Clear();
            writer.VarUInt((ulong)entry.Version);
            writer.Raw(entry.Value);
            yield return new StateItem(key.Text, writer.ToArray());
        }
    }

    public static void Take(StateItem item, KvState state)
    {
        if (item.Key is null)
        {
            state.RaiseRevision(StateItems.ReadCounter(Format, item.Body));
            return;
        }

        var reader = new WireReader(item.Body);
        var version = SnapshotFormat.Positive(ref reader);
        SnapshotFormat.Require(version <= state.Revision, "a version is above the revision");
        SnapshotFormat.Require(!state.Entries.Contains(item.Key) && item.Body.Length > reader.Position, "a key is there twice, or has no value");
        state.Entries.Set(item.Key, new KvEntry(version, item.Body[reader.Position..].ToArray()));
    }

    public static KvState Read(ReadOnlyMemory<byte> snapshot)
    {
        var reader = new WireReader(snapshot);
        SnapshotFormat.Require(ref reader, Format);
        var state = new KvState(SnapshotFormat.NotNegative(ref reader));
        string? previous = null;
        for (var left = reader.Count(3); left > 0; left--)
        {
            var key = reader.String();
            SnapshotFormat.Require(previous is null || string.CompareOrdinal(previous, key) < 0, "the keys are not in order");
            var version = SnapshotFormat.Positive(ref reader);
            SnapshotFormat.Require(version <= state.Revision, "a version is above the revision");
            state.Entries.Set(key, new KvEntry(version, reader.Bytes().ToArray()));
            previous = key;
        }

        reader.End();
        return state;
    }
}
