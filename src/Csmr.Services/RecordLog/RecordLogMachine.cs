using System.Buffers;

namespace Csmr.Services.RecordLog;

/// <summary>The <c>log</c> machine: a list of entries that grows at its end and is read by index.</summary>
public sealed class RecordLogMachineType : IStateMachineType
{
    /// <inheritdoc/>
    public MachineDefinition Definition => RecordLogOperations.Machine;

    /// <inheritdoc/>
    public IStateMachine Create(MachineSettings settings) => new RecordLogMachine(settings[RecordLogOperations.EntryBytesMax].AsLong());
}

internal sealed class RecordLogMachine(long entryBytesMax) : IItemizedStateMachine
{
    private static readonly Footprint Reading = Footprint.Read(RecordLogCodec.Key);
    private static readonly Footprint Writing = Footprint.Write(RecordLogCodec.Key);

    private RecordLogState _state = new();

    public Outcome Apply(Invocation invocation, in ApplyContext context) => invocation.Operation.Name switch
    {
        RecordLogOperations.Append => Append(invocation[0].AsJson()),
        RecordLogOperations.Retrieve => Retrieve(invocation[0].AsLong(), invocation[1].AsLong()),
        RecordLogOperations.Truncate => Truncate(invocation[0].AsLong()),
        RecordLogOperations.Bounds => Outcome.Done(Value.Of(_state.Start), Value.Of(_state.End)),
        var other => throw new ArgumentException($"The log has no operation '{other}'.", nameof(invocation)),
    };

    public Footprint FootprintOf(Invocation invocation) =>
        invocation.Operation.Access == OperationAccess.Read ? Reading : Writing;

    public void Snapshot(IBufferWriter<byte> output) => RecordLogCodec.Write(_state, output);

    public IStateView Capture() => new StateView<RecordLogState>(_state.Copy(), RecordLogCodec.Write);

    public void Restore(ReadOnlyMemory<byte> snapshot) => _state = RecordLogCodec.Read(snapshot);

    public IEnumerable<StateItem> CaptureItems() => RecordLogCodec.Items(_state.Copy());

    public void Take(StateItem item) => RecordLogCodec.Take(item, ref _state);

    public void Succeed(IStateMachine former)
    {
        // An index says where an entry is; nothing of it was promised to go on.
    }

    private Outcome Append(byte[] entry) => entry.Length > entryBytesMax
        ? Outcome.Refused(RecordLogOperations.EntryTooLarge, $"The entry has {entry.Length} bytes; at most {entryBytesMax} are allowed.")
        : Outcome.Done(Value.Of(_state.Append(entry)));

    private Outcome Retrieve(long first, long last)
    {
        if (first < 1 || first > last)
        {
            return Outcome.Refused(RecordLogOperations.BadRange, $"There is no range from {first} to {last}: first is at least 1 and at most last.");
        }

        if (first < _state.Start)
        {
            return Outcome.Refused(
                RecordLogOperations.Truncated,
                $"Entries below {_state.Start} were truncated; ask for {_state.Start} and above.");
        }

        last = Math.Min(last, _state.End);
        var entries = new JsonBuilder().BeginList();
        var index = first;
        for (; index <= last && index - first < RecordLogOperations.AnswerEntriesMax; index++)
        {
            var entry = _state[index];
            if (index > first && entries.Length + entry.Length > RecordLogOperations.AnswerBytesMax)
            {
                break;
            }

            entries.Raw(entry);
        }

        var next = index <= last ? Value.Of(index) : Value.Null;
        return Outcome.Done(entries.EndList().ToValue(), next, Value.Of(_state.Start), Value.Of(_state.End));
    }

    private Outcome Truncate(long index)
    {
        var isWithin = index >= _state.Start && index <= _state.End + 1;
        if (isWithin)
        {
            _state.Truncate(index);
        }

        return Outcome.Done(Value.Of(isWithin), Value.Of(_state.Start));
    }
}
