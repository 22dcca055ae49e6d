namespace Csmr.TestKit.Checking;

/// <summary>Decides linearizability by trying every order of every choice of unanswered calls: slow, plainly right, for tiny histories.</summary>
public static class BruteForceChecker
{
    /// <summary>Checks the history of one object.</summary>
    /// <typeparam name="TState">The model's state.</typeparam>
    /// <typeparam name="TCall">The calls.</typeparam>
    /// <typeparam name="TAnswer">The answers.</typeparam>
    /// <param name="model">What the object does.</param>
    /// <param name="history">The calls.</param>
    /// <returns>Whether there is an order that explains all answers.</returns>
    public static bool IsLinearizable<TState, TCall, TAnswer>(
        ISequentialModel<TState, TCall, TAnswer> model,
        IReadOnlyList<Observed<TCall, TAnswer>> history)
        where TState : IEquatable<TState> => CanEnd(model, history, model.Initial, placed: 0);

    private static bool CanEnd<TState, TCall, TAnswer>(
        ISequentialModel<TState, TCall, TAnswer> model,
        IReadOnlyList<Observed<TCall, TAnswer>> history,
        TState state,
        int placed)
        where TState : IEquatable<TState>
    {
        var answeredLeft = false;
        var firstReturn = long.MaxValue;
        for (var i = 0; i < history.Count; i++)
        {
            if ((placed >> i) % 2 == 0)
            {
                answeredLeft |= history[i].IsAnswered;
                firstReturn = Math.Min(firstReturn, history[i].ReturnedAt);
            }
        }

        if (!answeredLeft)
        {
            return true;
        }

        for (var i = 0; i < history.Count; i++)
        {
            var call = history[i];
            if ((placed >> i) % 2 != 0 || call.CalledAt > firstReturn)
            {
                continue;
            }

            var after = model.Apply(state, call.Call, out var right);
            var fits = call.IsAnswered ? model.Agree(right, call.Answer!) : model.IsPossible(state, call.Call);
            if (fits && CanEnd(model, history, after, placed | (1 << i)))
            {
                return true;
            }
        }

        return false;
    }
}
