using System.Buffers;

namespace Csmr.Services.Locks;

/// <summary>
/// The snapshot of the locks: format, last token, number of locks, then key, owner, token and end of lease in the order of
/// the keys. Locks whose lease is over are left out, so that it does not matter which of them were forgotten already.
/// </summary>
internal static class LockCodec
{
    private const byte Format = 1;

    public static void Write(LockState state, IBufferWriter<byte> output)
    {
        var writer = new WireWriter();
        writer.Byte(Format);
        writer.VarUInt((ulong)state.LastToken);
        writer.VarUInt((ulong)state.Held.Count());
        foreach (var (key, held) in state.Held)
        {
            writer.String(key.Text);
            WriteHeld(writer, held);
            SnapshotFormat.FlushPiece(writer, output);
        }

        writer.MoveTo(output);
    }

    /// <summary>The items of the locks: the last token; then owner, token and end of lease of each lock that is held.</summary>
    public static IEnumerable<StateItem> Items(LockState state)
    {
        yield return new StateItem(null, StateItems.Counter(Format, state.LastToken));
        var writer = new WireWriter();
        foreach (var (key, held) in state.Held)
        {
            writer.Clear();
            WriteHeld(writer, held);
            yield return new StateItem(key.Text, writer.ToArray());
        }
    }

    public static void Take(StateItem item, LockState state)
    {
        if (item.Key is null)
        {
            state.RaiseToken(StateItems.ReadCounter(Format, item.Body));
            return;
        }

        var reader = new WireReader(item.Body);
        SnapshotFormat.Require(state.Find(item.Key) is null, "a lock is there twice");
        state.Set(item.Key, ReadHeld(ref reader, state.LastToken));
        reader.End();
    }

    public static LockState Read(ReadOnlyMemory<byte> snapshot)
    {
        var reader = new WireReader(snapshot);
        SnapshotFormat.Require(ref reader, Format);
        var state = new LockState(SnapshotFormat.NotNegative(ref reader));
        string? previous = null;
        for (var left = reader.Count(4); left > 0; left--)
        {
            var key = reader.String();
            SnapshotFormat.Require(previous is null || string.CompareOrdinal(previous, key) < 0, "the locks are not in order");
            state.Set(key, ReadHeld(ref reader, state.LastToken));
            previous = key;
        }

        reader.End();
        return state;
    }

    private static void WriteHeld(WireWriter writer, HeldLock held)
    {
        writer.Value(Value.Of(held.Owner));
        writer.VarUInt((ulong)held.Token);
        writer.Value(held.ExpiresAtMs is { } expiresAtMs ? Value.Of(expiresAtMs) : Value.Null);
    }

    private static HeldLock ReadHeld(ref WireReader reader, long lastToken)
    {
        var owner = reader.Value();
        SnapshotFormat.Require(owner.Kind is ValueKind.Null or ValueKind.String, "an owner is no text");
        var token = SnapshotFormat.Positive(ref reader);
        SnapshotFormat.Require(token <= lastToken, "a token is above the last one");
        var expiresAtMs = reader.Value();
        SnapshotFormat.Require(expiresAtMs.Kind is ValueKind.Null or ValueKind.Long, "the end of a lease is no integer");
        SnapshotFormat.Require(expiresAtMs.IsNull || expiresAtMs.AsLong() > 0, "a lease is over before all time");
        return new HeldLock(owner.IsNull ? null : owner.AsString(), token, expiresAtMs.IsNull ? null : expiresAtMs.AsLong());
    }
}
