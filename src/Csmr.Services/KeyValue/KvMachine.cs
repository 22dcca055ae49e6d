using System.Buffers;
using System.Buffers.Text;

namespace Csmr.Services.KeyValue;

/// <summary>The <c>kv</c> machine: values under keys, with versions and conditional writes.</summary>
public sealed class KvMachineType : IStateMachineType
{
    /// <inheritdoc/>
    public MachineDefinition Definition => KvOperations.Machine;

    /// <inheritdoc/>
    public IStateMachine Create(MachineSettings settings) => new KvMachine(settings[KvOperations.ValueBytesMax].AsLong());
}

internal sealed class KvMachine(long valueBytesMax) : IItemizedStateMachine
{
    private KvState _state = new();

    public Outcome Apply(Invocation invocation, in ApplyContext context) => invocation.Operation.Name switch
    {
        KvOperations.Put => Put(invocation[0].AsString(), invocation[1].AsJson()),
        KvOperations.Get => Get(invocation[0].AsString()),
        KvOperations.Delete => Delete(invocation[0].AsString()),
        KvOperations.Cas => Cas(invocation[0].AsString(), invocation[1].AsJson(), invocation[2], invocation[3]),
        KvOperations.Add => Add(invocation[0].AsString(), invocation[1].AsLong(), invocation[2], invocation[3]),
        KvOperations.Range => Range(invocation[0], invocation[1], invocation[2]),
        var other => throw new ArgumentException($"The store has no operation '{other}'.", nameof(invocation)),
    };

    public Footprint FootprintOf(Invocation invocation) => invocation.Operation.Name switch
    {
        KvOperations.Get => Footprint.Read(invocation[0].AsString()),
        KvOperations.Range => Footprint.Of(new FootprintItem(TextOr(invocation[0], ""), TextOr(invocation[1], FootprintItem.End), IsWrite: false)),
        _ => Footprint.Write(invocation[0].AsString()),
    };

    public void Snapshot(IBufferWriter<byte> output) => KvCodec.Write(_state, output);

    public IStateView Capture() => new StateView<KvState>(_state.Copy(), KvCodec.Write);

    public void Restore(ReadOnlyMemory<byte> snapshot) => _state = KvCodec.Read(snapshot);

    public IEnumerable<StateItem> CaptureItems() => KvCodec.Items(_state.Copy());

    public void Take(StateItem item) => KvCodec.Take(item, _state);

    public void Succeed(IStateMachine former) => _state.RaiseRevision(((KvMachine)former)._state.Revision);

    private Outcome Put(string key, byte[] value) => value.Length > valueBytesMax
        ? TooLarge(value)
        : Outcome.Done(Value.Of(true), Value.Of(_state.Put(key, value)));

    private Outcome Get(string key) => _state.Entries.TryGet(key, out var entry)
        ? Outcome.Done(Value.OfJson(entry.Value), Value.Of(entry.Version))
        : Outcome.Done(Value.Null, Value.Null);

    private Outcome Delete(string key) => _state.Entries.Remove(key, out var entry)
        ? Outcome.Done(Value.Of(true), Value.Of(entry.Version))
        : Outcome.Done(Value.Of(false), Value.Null);

    private Outcome Cas(string key, byte[] value, Value expectedVersion, Value expectedValue)
    {
        if (expectedVersion.IsNull == expectedValue.IsNull)
        {
            return expectedVersion.IsNull
                ? Outcome.Refused(KvOperations.NoExpectation, "Give expectedVersion (0: the key must not exist) or expectedValue.")
                : Outcome.Refused(KvOperations.TwoExpectations, "Give expectedVersion or expectedValue, not both.");
        }

        if (value.Length > valueBytesMax)
        {
            return TooLarge(value);
        }

        var exists = _state.Entries.TryGet(key, out var entry);
        var current = exists ? entry.Version : 0;
        var holds = expectedValue.IsNull
            ? expectedVersion.AsLong() == current
            : exists && entry.Value.AsSpan().SequenceEqual(expectedValue.AsJson());
        return Outcome.Done(Value.Of(holds), Value.Of(holds ? _state.Put(key, value) : current));
    }

    private Outcome Add(string key, long amount, Value minimum, Value maximum)
    {
        var old = 0L;
        if (_state.Entries.TryGet(key, out var entry) && !(Utf8Parser.TryParse(entry.Value, out old, out var read) && read == entry.Value.Length))
        {
            return Outcome.Refused(KvOperations.NotAnInteger, "The value under the key is no integer of 64 bits.");
        }

        // 128 bits hold every sum of two such integers.
        var sum = (Int128)old + amount;
        var least = minimum.IsNull ? long.MinValue : minimum.AsLong();
        var most = maximum.IsNull ? long.MaxValue : maximum.AsLong();
        if (sum < least || sum > most)
        {
            return Outcome.Refused(KvOperations.OutOfBounds, $"The sum would be {sum}, which is not from {least} to {most}.");
        }

        return Outcome.Done(Value.Of((long)sum), Value.Of(_state.Put(key, new JsonBuilder(32).Number((long)sum).ToUtf8())));
    }

    private Outcome Range(Value from, Value to, Value limit)
    {
        var itemsMax = limit.IsNull ? KvOperations.LimitDefault : Math.Clamp(limit.AsLong(), 1, KvOperations.LimitMax);
        var items = new JsonBuilder().BeginList();
        var next = Value.Null;
        var count = 0;
        foreach (var (ordinal, entry) in _state.Entries.From(TextOr(from, "")))
        {
            var key = ordinal.Text;
            if (!to.IsNull && string.CompareOrdinal(key, to.AsString()) >= 0)
            {
                break;
            }

            if (count == itemsMax || (count > 0 && items.Length + entry.Value.Length > KvOperations.AnswerBytesMax))
            {
                next = Value.Of(key);
                break;
            }

            items.BeginObject().Member("key").Text(key).Member("value").Raw(entry.Value).Member("version").Number(entry.Version).EndObject();
            count++;
        }

        return Outcome.Done(items.EndList().ToValue(), next);
    }

    private Outcome TooLarge(byte[] value) => Outcome.Refused(
        KvOperations.ValueTooLarge,
        $"The value has {value.Length} bytes; at most {valueBytesMax} are allowed.");

    private static string TextOr(Value value, string otherwise) => value.IsNull ? otherwise : value.AsString();
}
