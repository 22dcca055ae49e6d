namespace Csmr.Replication.Machine;

/// <summary>The state of a group's machine at one entry (R1), in parts, which are the same at every replica.</summary>
public sealed class StateCut
{
    /// <summary>The size from which on a part goes out.</summary>
    public const int PartBytes = 128 * 1024;

    private StateCut(string id, Slot slot, IEnumerable<byte[]> parts) => (Id, Slot, Parts) = (id, slot, parts);

    /// <summary>What it was made for.</summary>
    public string Id { get; }

    /// <summary>The slot of the entry.</summary>
    public Slot Slot { get; }

    /// <summary>The parts: items of <see cref="StateItem"/>, or pieces of a snapshot. To be enumerated by one thread, any one.</summary>
    public IEnumerable<byte[]> Parts { get; }

    /// <summary>Cuts a machine's state.</summary>
    internal static StateCut Of(string id, Slot slot, IStateMachine machine) =>
        new(id, slot, machine is IItemizedStateMachine itemized ? Pack(itemized.CaptureItems()) : Slice(machine.Capture()));

    /// <summary>Reads the items of a part.</summary>
    /// <param name="part">A part of an itemized machine.</param>
    /// <returns>The items; their bodies are slices of the part.</returns>
    /// <exception cref="WireFormatException">The bytes are no such part.</exception>
    public static IEnumerable<StateItem> ReadItems(ReadOnlyMemory<byte> part)
    {
        for (var read = 0; read < part.Length;)
        {
            yield return ReadItem(part[read..], out var length);
            read += length;
        }
    }

    /// <summary>Writes an item as it stands in a part.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="item">The item.</param>
    public static void Write(WireWriter writer, in StateItem item)
    {
        writer.Value(Value.Of(item.Key));
        writer.Bytes(item.Body.Span);
    }

    private static StateItem ReadItem(ReadOnlyMemory<byte> bytes, out int length)
    {
        var reader = new WireReader(bytes);
        var key = reader.Value();
        SnapshotRules.Require(key.Kind is ValueKind.Null or ValueKind.String, "the key of an item is no text");
        var item = new StateItem(key.IsNull ? null : key.AsString(), reader.Bytes());
        length = reader.Position;
        return item;
    }

    private static IEnumerable<byte[]> Pack(IEnumerable<StateItem> items)
    {
        var writer = new WireWriter(PartBytes + 1024);
        foreach (var item in items)
        {
            Write(writer, item);
            if (writer.Length >= PartBytes)
            {
                yield return writer.ToArray();
                writer.Clear();
            }
        }

        if (writer.Length > 0)
        {
            yield return writer.ToArray();
        }
    }

    // A snapshot is written in one go, so all of it is in memory: what a machine that has no items costs.
    private static IEnumerable<byte[]> Slice(IStateView view)
    {
        var writer = new WireWriter(4096);
        view.Write(writer);
        for (var offset = 0; offset < writer.Length; offset += PartBytes)
        {
            yield return writer.Written.Slice(offset, Math.Min(PartBytes, writer.Length - offset)).ToArray();
        }
    }
}
