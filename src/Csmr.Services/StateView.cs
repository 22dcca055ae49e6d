using System.Buffers;

namespace Csmr.Services;

/// <summary>A state that is changed no more, and how it is written.</summary>
/// <param name="state">A copy of the state, or one that is immutable.</param>
/// <param name="write">Writes it.</param>
internal sealed class StateView<TState>(TState state, Action<TState, IBufferWriter<byte>> write) : IStateView
{
    public void Write(IBufferWriter<byte> output) => write(state, output);
}
