namespace Csmr.TestKit.Checking;

/// <summary>A call of a register with a counter.</summary>
/// <param name="Kind">What.</param>
/// <param name="Item">The value written, if any.</param>
public readonly record struct RegisterCall(RegisterCallKind Kind, long Item);

/// <summary>The calls of a register.</summary>
public enum RegisterCallKind : byte
{
    /// <summary>Answers the value and how many changes there were.</summary>
    Read,

    /// <summary>Sets the value; answers nothing.</summary>
    Put,

    /// <summary>Sets the value to its sum with an item; answers how many changes there were.</summary>
    Add,

    /// <summary>Sets the value; answers the one before.</summary>
    Swap,
}

/// <summary>An answer of a register: what a call does not tell is 0.</summary>
/// <param name="Value">The value read, or the one before a swap.</param>
/// <param name="Changes">The number of changes.</param>
public readonly record struct RegisterAnswer(long Value, long Changes);

/// <summary>A register that also counts its changes.</summary>
public sealed class RegisterModel : ISequentialModel<RegisterAnswer, RegisterCall, RegisterAnswer>
{
    /// <inheritdoc/>
    public RegisterAnswer Initial => default;

    /// <inheritdoc/>
    public RegisterAnswer Apply(RegisterAnswer state, RegisterCall call, out RegisterAnswer answer)
    {
        var changes = state.Changes + 1;
        switch (call.Kind)
        {
            case RegisterCallKind.Read:
                answer = state;
                return state;
            case RegisterCallKind.Put:
                answer = default;
                return new RegisterAnswer(call.Item, changes);
            case RegisterCallKind.Add:
                answer = new RegisterAnswer(0, changes);
                return new RegisterAnswer(state.Value + call.Item, changes);
            default:
                answer = new RegisterAnswer(state.Value, 0);
                return new RegisterAnswer(call.Item, changes);
        }
    }

    /// <inheritdoc/>
    public bool Agree(RegisterAnswer right, RegisterAnswer got) => right == got;

    /// <inheritdoc/>
    public bool IsRead(RegisterCall call) => call.Kind == RegisterCallKind.Read;

    /// <inheritdoc/>
    public ulong Hash(RegisterAnswer state) => ((ulong)state.Value * 0x9e3779b97f4a7c15) ^ ((ulong)state.Changes * 0xc2b2ae3d27d4eb4f);
}
