namespace Csmr.TestKit.Checking;

/// <summary>What an object does when its calls come one after the other. States are small immutable values.</summary>
/// <typeparam name="TState">The state: equal states are equal values.</typeparam>
/// <typeparam name="TCall">What is called.</typeparam>
/// <typeparam name="TAnswer">What is answered.</typeparam>
public interface ISequentialModel<TState, TCall, TAnswer>
    where TState : IEquatable<TState>
{
    /// <summary>The first state.</summary>
    TState Initial { get; }

    /// <summary>Executes a call.</summary>
    /// <param name="state">The state before.</param>
    /// <param name="call">The call.</param>
    /// <param name="answer">The right answer.</param>
    /// <returns>The state after.</returns>
    TState Apply(TState state, TCall call, out TAnswer answer);

    /// <summary>Whether an answer that a client got is the right one.</summary>
    /// <param name="right">The right one.</param>
    /// <param name="got">The client's.</param>
    /// <returns>Whether they agree.</returns>
    bool Agree(TAnswer right, TAnswer got);

    /// <summary>
    /// Whether a call never changes what the object is. (A model whose state is what is *known* of the object may well learn
    /// something by it: then the state after is another one.)
    /// </summary>
    /// <param name="call">The call.</param>
    /// <returns>Whether.</returns>
    bool IsRead(TCall call);

    /// <summary>Whether a call that was not answered can take effect in a state.</summary>
    /// <param name="state">The state before.</param>
    /// <param name="call">The call.</param>
    /// <returns>Whether; false only where the history has an order without it here if it has one at all.</returns>
    bool IsPossible(TState state, TCall call) => true;

    /// <summary>64 bits of a state.</summary>
    /// <param name="state">The state.</param>
    /// <returns>A good hash: equal states have equal ones, others hardly ever.</returns>
    ulong Hash(TState state);
}

/// <summary>One call of a history, as its client saw it.</summary>
/// <typeparam name="TCall">What is called.</typeparam>
/// <typeparam name="TAnswer">What is answered.</typeparam>
/// <param name="CalledAt">When the call began. Times order the events; only their order counts.</param>
/// <param name="ReturnedAt">When the answer came; <see cref="long.MaxValue"/> where none came: it may take effect at any time, or never.</param>
/// <param name="Call">The call.</param>
/// <param name="Answer">The answer, if one came.</param>
public readonly record struct Observed<TCall, TAnswer>(long CalledAt, long ReturnedAt, TCall Call, TAnswer? Answer)
{
    /// <summary>Whether an answer came.</summary>
    public bool IsAnswered => ReturnedAt != long.MaxValue;
}

/// <summary>What a checker found.</summary>
public enum Linearizability
{
    /// <summary>There is an order that explains all answers and respects real time.</summary>
    Linearizable,

    /// <summary>There is none.</summary>
    NotLinearizable,

    /// <summary>The search was given up at its bound.</summary>
    Undecided,
}
