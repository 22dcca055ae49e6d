using System.Buffers;

namespace Csmr.Services.Counter;

/// <summary>The <c>counter</c> machine: one number that is added to and read.</summary>
public sealed class CounterMachineType : IStateMachineType
{
    /// <inheritdoc/>
    public MachineDefinition Definition => CounterOperations.Machine;

    /// <inheritdoc/>
    public IStateMachine Create(MachineSettings settings) => new CounterMachine();
}

internal sealed class CounterMachine : IStateMachine
{
    private static readonly Footprint Reading = Footprint.Read("counter");
    private static readonly Footprint Writing = Footprint.Write("counter");

    private CounterState _state = new();

    public Outcome Apply(Invocation invocation, in ApplyContext context) => invocation.Operation.Name switch
    {
        CounterOperations.Add => Add(invocation[0], invocation[1]),
        CounterOperations.Get => Outcome.Done(Value.Of(_state.Value)),
        var other => throw new ArgumentException($"The counter has no operation '{other}'.", nameof(invocation)),
    };

    public Footprint FootprintOf(Invocation invocation) =>
        invocation.Operation.Access == OperationAccess.Read ? Reading : Writing;

    public void Snapshot(IBufferWriter<byte> output) => CounterCodec.Write(_state, output);

    public IStateView Capture() => new StateView<CounterState>(_state, CounterCodec.Write);

    public void Restore(ReadOnlyMemory<byte> snapshot) => _state = CounterCodec.Read(snapshot);

    private Outcome Add(Value amount, Value minimum)
    {
        var next = _state.Plus(amount.IsNull ? 1 : amount.AsLong());
        if (next is null)
        {
            return Outcome.Refused(CounterOperations.Overflow, $"The counter is {_state.Value}; with {amount} it would not fit 64 bits.");
        }

        if (!minimum.IsNull && next.Value < minimum.AsLong())
        {
            return Outcome.Refused(CounterOperations.BelowMinimum, $"The counter is {_state.Value}; with {amount} it would be below {minimum}.");
        }

        _state = next;
        return Outcome.Done(Value.Of(next.Value));
    }
}
