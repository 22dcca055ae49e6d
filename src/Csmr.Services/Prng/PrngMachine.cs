using System.Buffers;

namespace Csmr.Services.Prng;

/// <summary>The <c>prng</c> machine: seeded pseudo-random numbers, the same at every replica.</summary>
public sealed class PrngMachineType : IStateMachineType
{
    /// <inheritdoc/>
    public MachineDefinition Definition => PrngOperations.Machine;

    /// <inheritdoc/>
    public IStateMachine Create(MachineSettings settings) => new PrngMachine(settings[PrngOperations.Seed].AsLong());
}

internal sealed class PrngMachine(long seed) : IStateMachine
{
    private static readonly Footprint Writing = Footprint.Write("prng");

    private PrngState _state = new(unchecked((ulong)seed));

    public Outcome Apply(Invocation invocation, in ApplyContext context) => invocation.Operation.Name switch
    {
        PrngOperations.Next => Next(invocation[0]),
        var other => throw new ArgumentException($"The generator has no operation '{other}'.", nameof(invocation)),
    };

    public Footprint FootprintOf(Invocation invocation) => Writing;

    public void Snapshot(IBufferWriter<byte> output) => PrngCodec.Write(_state, output);

    public IStateView Capture() => new StateView<PrngState>(_state, PrngCodec.Write);

    public void Restore(ReadOnlyMemory<byte> snapshot) => _state = PrngCodec.Read(snapshot);

    private Outcome Next(Value bound)
    {
        if (!bound.IsNull && bound.AsLong() < 1)
        {
            return Outcome.Refused(PrngOperations.BadBound, $"The bound is {bound}; it must be at least 1.");
        }

        var drawn = bound.IsNull ? _state.Draw(out var next) >> 1 : _state.DrawBelow((ulong)bound.AsLong(), out next);
        _state = next;
        return Outcome.Done(Value.Of((long)drawn));
    }
}
