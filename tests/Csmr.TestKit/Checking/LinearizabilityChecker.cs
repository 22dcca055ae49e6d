namespace Csmr.TestKit.Checking;

/// <summary>
/// Decides whether the history of one object is linearizable: the search of Wing and Gong (1993) with the memory of Lowe
/// (2017), for histories in which nothing tells the order. Histories of several objects are checked object by object
/// (linearizability is local), which the caller arranges. Two things make it fast: a read that is right where the search
/// stands is taken at once and for good, since it changes nothing for the calls after it; and what was tried is remembered
/// as 128 bits (calls placed, state), not as sets.
/// </summary>
/// <typeparam name="TState">The model's state.</typeparam>
/// <typeparam name="TCall">The calls.</typeparam>
/// <typeparam name="TAnswer">The answers.</typeparam>
public sealed class LinearizabilityChecker<TState, TCall, TAnswer>
    where TState : IEquatable<TState>
{
    private const int Head = 0;

    private readonly ISequentialModel<TState, TCall, TAnswer> _model;
    private readonly Observed<TCall, TAnswer>[] _calls;
    private readonly bool[] _isRead;
    private readonly UInt128[] _keys;
    private readonly int[] _next;
    private readonly int[] _previous;
    private readonly HashSet<UInt128> _tried = [];
    private readonly Stack<Placed> _placed = new();
    private int _open;

    private LinearizabilityChecker(ISequentialModel<TState, TCall, TAnswer> model, Observed<TCall, TAnswer>[] calls)
    {
        _model = model;
        _calls = calls;
        _isRead = Array.ConvertAll(calls, call => model.IsRead(call.Call));
        _keys = new UInt128[calls.Length];
        for (var i = 0; i < calls.Length; i++)
        {
            _keys[i] = new UInt128(Mix((ulong)i + 1), Mix(~(ulong)i));
        }

        // Events in the order of time: node 0 is the head, node 2i + 1 the call and 2i + 2 the answer of call i.
        _next = new int[(2 * calls.Length) + 1];
        _previous = new int[_next.Length];
        _open = calls.Count(call => call.IsAnswered);
        LinkEvents();
    }

    /// <summary>Checks the history of one object.</summary>
    /// <param name="model">What the object does.</param>
    /// <param name="history">The calls, in any order.</param>
    /// <param name="statesMax">How many states are tried before the search is given up.</param>
    /// <returns>What was found.</returns>
    public static Linearizability Check(
        ISequentialModel<TState, TCall, TAnswer> model,
        IEnumerable<Observed<TCall, TAnswer>> history,
        long statesMax = 20_000_000)
    {
        // A read without an answer tells nothing.
        var calls = history.Where(call => call.IsAnswered || !model.IsRead(call.Call)).ToArray();
        return new LinearizabilityChecker<TState, TCall, TAnswer>(model, calls).Search(statesMax);
    }

    private Linearizability Search(long statesMax)
    {
        var state = _model.Initial;
        var key = UInt128.Zero;
        var at = _next[Head];

        // Calls that were answered have a place for certain: the others are tried only where nothing else goes on.
        var triesAnswered = true;
        while (_open > 0)
        {
            if (IsCall(at))
            {
                var isPlaced = _calls[CallOf(at)].IsAnswered == triesAnswered && TryPlace(CallOf(at), ref state, ref key);
                (at, triesAnswered) = isPlaced ? (_next[Head], true) : (_next[at], triesAnswered);
                if (_tried.Count > statesMax)
                {
                    return Linearizability.Undecided;
                }
            }
            else if (triesAnswered)
            {
                (at, triesAnswered) = (_next[Head], false);
            }
            else if (StepBack(ref state, ref key) is { } moved)
            {
                // An answer whose call has no place yet, or the end: what was placed last must move.
                (at, triesAnswered) = (_next[CallNode(moved)], _calls[moved].IsAnswered);
            }
            else
            {
                return Linearizability.NotLinearizable;
            }
        }

        return Linearizability.Linearizable;
    }

    private bool TryPlace(int call, ref TState state, ref UInt128 key)
    {
        var after = _model.Apply(state, _calls[call].Call, out var right);
        if (!(_calls[call].IsAnswered ? _model.Agree(right, _calls[call].Answer!) : _model.IsPossible(state, _calls[call].Call)))
        {
            return false;
        }

        var keyAfter = key ^ _keys[call];
        var isForGood = _isRead[call] && after.Equals(state);
        if (!isForGood && !_tried.Add(keyAfter ^ new UInt128(Mix(_model.Hash(after)), Mix(_model.Hash(after) + 1))))
        {
            return false;
        }

        _placed.Push(new Placed(call, state, isForGood));
        Unlink(call);
        (state, key) = (after, keyAfter);
        return true;
    }

    // A read that told nothing new is never moved alone: if the history has an order with it elsewhere, it has one with it here.
    private int? StepBack(ref TState state, ref UInt128 key)
    {
        while (_placed.TryPop(out var last))
        {
            Relink(last.Call);
            state = last.Before;
            key ^= _keys[last.Call];
            if (!last.IsForGood)
            {
                return last.Call;
            }
        }

        return null;
    }

    private void LinkEvents()
    {
        var events = new List<(long At, int IsCall, int Node)>(_next.Length);
        for (var i = 0; i < _calls.Length; i++)
        {
            // An answer and a call at the same time: the call counts as begun before, which allows more orders.
            events.Add((_calls[i].CalledAt, 0, CallNode(i)));
            if (_calls[i].IsAnswered)
            {
                events.Add((_calls[i].ReturnedAt, 1, CallNode(i) + 1));
            }
        }

        events.Sort();
        var last = Head;
        foreach (var (_, _, node) in events)
        {
            (_next[last], _previous[node]) = (node, last);
            last = node;
        }

        (_next[last], _previous[Head]) = (Head, last);
    }

    private void Unlink(int call)
    {
        Unhook(CallNode(call));
        if (_calls[call].IsAnswered)
        {
            _open--;
            Unhook(CallNode(call) + 1);
        }
    }

    private void Relink(int call)
    {
        if (_calls[call].IsAnswered)
        {
            _open++;
            Hook(CallNode(call) + 1);
        }

        Hook(CallNode(call));
    }

    private void Unhook(int node) => (_next[_previous[node]], _previous[_next[node]]) = (_next[node], _previous[node]);

    private void Hook(int node) => (_next[_previous[node]], _previous[_next[node]]) = (node, node);

    private static int CallNode(int call) => (2 * call) + 1;

    private static int CallOf(int node) => (node - 1) / 2;

    private static bool IsCall(int node) => node > 0 && node % 2 == 1;

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
        value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
        return value ^ (value >> 31);
    }

    private readonly record struct Placed(int Call, TState Before, bool IsForGood);
}
