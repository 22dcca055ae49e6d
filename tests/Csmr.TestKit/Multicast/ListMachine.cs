using System.Buffers;
using System.Globalization;

namespace Csmr.TestKit.Multicast;

/// <summary>
/// Lists by key, to which each call appends an item that no other has: what a call saw and when it came is told by the final
/// lists alone (Kingsbury and Alvaro, "Elle", 2020, §3).
/// </summary>
public sealed class ListMachineType : IStateMachineType
{
    /// <summary>Appends an item to the list of a key, and answers the list.</summary>
    public static OperationDefinition Append { get; } = Operation("append", OperationAccess.Update, "key");

    /// <summary>Appends an item to the lists of two keys, and answers both.</summary>
    public static OperationDefinition AppendBoth { get; } = Operation("append-both", OperationAccess.Update, "key", "other");

    /// <summary>Answers the list of a key.</summary>
    public static OperationDefinition Read { get; } = Operation("read", OperationAccess.Read, "key");

    /// <summary>Answers all lists.</summary>
    public static OperationDefinition Scan { get; } = Operation("scan", OperationAccess.Read);

    /// <summary>The only one.</summary>
    public static ListMachineType Instance { get; } = new();

    /// <inheritdoc/>
    public MachineDefinition Definition { get; } = new("lists", "Lists by key.", [Append, AppendBoth, Read, Scan]);

    /// <inheritdoc/>
    public IStateMachine Create(MachineSettings settings) => new ListMachine();

    /// <summary>Reads the lists out of an outcome.</summary>
    /// <param name="outcome">An outcome of one of the operations.</param>
    /// <returns>Key and items.</returns>
    public static IEnumerable<(string Key, long[] Items)> ListsOf(Outcome outcome)
    {
        foreach (var line in outcome.Fields[0].AsString().Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = line.Split(' ');
            yield return (parts[0], Array.ConvertAll(parts[1..], static part => long.Parse(part, CultureInfo.InvariantCulture)));
        }
    }

    /// <summary>Packs an invocation.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="item">The item.</param>
    /// <param name="keys">The keys.</param>
    /// <returns>The bytes.</returns>
    public static byte[] Pack(OperationDefinition operation, long item, params ReadOnlySpan<string> keys)
    {
        var arguments = new List<Value>();
        foreach (var key in keys)
        {
            arguments.Add(Value.Of(key));
        }

        arguments.Add(Value.Of(item));
        var writer = new WireWriter();
        new Invocation(operation, [.. arguments]).Write(writer);
        return writer.ToArray();
    }

    private static OperationDefinition Operation(string name, OperationAccess access, params string[] keys) => new()
    {
        Name = name,
        Summary = name,
        Access = access,
        Parameters = [.. keys.Select(static key => ParameterDefinition.Key(key, "A key.")), new ParameterDefinition("item", ValueType.Long, "The item.")],
        Fields = [new FieldDefinition("lists", ValueType.String, "A line for each list.")],
        KeyParameters = keys,
    };

    private sealed class ListMachine : IStateMachine
    {
        private readonly SortedDictionary<string, List<long>> _lists = new(StringComparer.Ordinal);

        public Outcome Apply(Invocation invocation, in ApplyContext context)
        {
            var item = invocation["item"].AsLong();
            var keys = KeysOf(invocation);
            if (invocation.Operation.Access == OperationAccess.Update)
            {
                foreach (var key in keys)
                {
                    Of(key).Add(item);
                }
            }

            var wanted = invocation.Operation == Scan ? [.. _lists.Keys] : keys;
            return Outcome.Done(Value.Of(string.Concat(wanted.Select(Line))));
        }

        public Footprint FootprintOf(Invocation invocation) => invocation.Operation == Scan
            ? Footprint.Of(new FootprintItem("", FootprintItem.End, IsWrite: false))
            : Footprint.Of([.. KeysOf(invocation).Select(key => new FootprintItem(key, null, invocation.Operation.Access == OperationAccess.Update))]);

        public void Snapshot(IBufferWriter<byte> output)
        {
            var writer = new WireWriter();
            writer.VarUInt((uint)_lists.Count);
            foreach (var (key, items) in _lists)
            {
                writer.String(key);
                writer.VarUInt((uint)items.Count);
                items.ForEach(writer.VarInt);
            }

            writer.MoveTo(output);
        }

        public void Restore(ReadOnlyMemory<byte> snapshot)
        {
            var reader = new WireReader(snapshot);
            _lists.Clear();
            string? last = null;
            for (var left = reader.Count(2); left > 0; left--)
            {
                var key = reader.String();
                if (last is not null && string.CompareOrdinal(last, key) >= 0)
                {
                    throw new WireFormatException("the lists are not in order");
                }

                var list = Of(key);
                for (var items = reader.Count(1); items > 0; items--)
                {
                    list.Add(reader.VarInt());
                }

                last = key;
            }

            reader.End();
        }

        private static string[] KeysOf(Invocation invocation) => [.. invocation.Operation.KeyParameters.Select(name => invocation[name].AsString())];

        private string Line(string key) =>
            $"{string.Join(' ', _lists.GetValueOrDefault(key, []).Select(static item => item.ToString(CultureInfo.InvariantCulture)).Prepend(key))}\n";

        private List<long> Of(string key)
        {
            if (!_lists.TryGetValue(key, out var items))
            {
                _lists.Add(key, items = []);
            }

            return items;
        }
    }
}
