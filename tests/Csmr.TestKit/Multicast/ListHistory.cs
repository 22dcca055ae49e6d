using Csmr.TestKit.Simulation;

namespace Csmr.TestKit.Multicast;

/// <summary>One call of a history over lists, single or composite: a transaction.</summary>
/// <param name="name">For people.</param>
/// <param name="beganAt">When it was called.</param>
public sealed class ListCall(string name, long beganAt)
{
    /// <summary>For people.</summary>
    public string Name { get; } = name;

    /// <summary>When it was called.</summary>
    public long BeganAt { get; } = beganAt;

    /// <summary>When it was answered; <see cref="long.MaxValue"/> where it was not.</summary>
    public long EndedAt { get; set; } = long.MaxValue;

    /// <summary>The items that it appends, where it is executed: (group and key, item, whether surely).</summary>
    public List<(string Key, long Item, bool IsConditional)> Appends { get; } = [];

    /// <summary>The lists that it was answered.</summary>
    public List<(string Key, long[] Items)> Lists { get; } = [];
}

/// <summary>
/// Checks a history over lists for strict serializability: the final lists tell the order of all appends, so the calls' dependencies
/// are known; with real time among them they must have no cycle (Adya 1999; Kingsbury and Alvaro 2020).
/// </summary>
public static class ListHistory
{
    /// <summary>Checks a history.</summary>
    /// <param name="calls">All calls.</param>
    /// <param name="final">The final lists by key.</param>
    /// <exception cref="ViolationException">M1: a call is half done or done twice. M2: it is not strictly serializable.</exception>
    public static void Check(IReadOnlyList<ListCall> calls, IReadOnlyDictionary<string, long[]> final)
    {
        var writers = Writers(calls, final);
        var edges = calls.ToDictionary(static call => call, static _ => new List<(ListCall To, string Why)>());
        foreach (var (key, order) in writers)
        {
            for (var i = 1; i < order.Length; i++)
            {
                Add(edges, order[i - 1], order[i], $"{key}[{i}] follows");
            }
        }

        foreach (var call in calls)
        {
            foreach (var (key, items) in call.Lists)
            {
                Observe(edges, call, key, items, final.GetValueOrDefault(key, []), writers.GetValueOrDefault(key, []));
            }

            foreach (var later in calls.Where(later => call.EndedAt < later.BeganAt))
            {
                Add(edges, call, later, "was called after the answer");
            }
        }

        FindCycle(calls, edges);
    }

    private static Dictionary<string, ListCall[]> Writers(IReadOnlyList<ListCall> calls, IReadOnlyDictionary<string, long[]> final)
    {
        var byItem = new Dictionary<(string, long), ListCall>();
        foreach (var call in calls)
        {
            foreach (var (key, item, _) in call.Appends)
            {
                byItem.Add((key, item), call);
            }
        }

        foreach (var call in calls)
        {
            var done = call.Appends.Select(append => final.GetValueOrDefault(append.Key, []).Count(item => item == append.Item)).ToArray();
            var sure = call.Appends.Zip(done).Where(static pair => !pair.First.IsConditional).Select(static pair => pair.Second).ToArray();
            if (done.Any(static count => count > 1) || sure.Distinct().Count() > 1 || (sure is [0, ..] && done.Contains(1))
                || (call.EndedAt < long.MaxValue && sure.Contains(0)))
            {
                throw new ViolationException("M1", $"{call.Name} is done {string.Join(", ", call.Appends.Zip(done).Select(static pair => $"{pair.Second} times in {pair.First.Key}"))}; {(call.EndedAt < long.MaxValue ? "answered" : "not answered")}");
            }
        }

        return final.ToDictionary(static pair => pair.Key, pair => Array.ConvertAll(pair.Value, item => byItem[(pair.Key, item)]));
    }

    private static void Observe(
        Dictionary<ListCall, List<(ListCall To, string Why)>> edges, ListCall call, string key, long[] items, long[] final, ListCall[] order)
    {
        if (items.Length > final.Length || !final.AsSpan(0, items.Length).SequenceEqual(items))
        {
            throw new ViolationException("M2", $"{call.Name} saw [{string.Join(' ', items)}] in {key}, which became [{string.Join(' ', final)}]");
        }

        if (items.Length > 0)
        {
            Add(edges, order[items.Length - 1], call, $"saw {key}[{items.Length - 1}]");
        }

        if (items.Length < order.Length)
        {
            Add(edges, call, order[items.Length], $"{key}[{items.Length}] was not seen");
        }
    }

    private static void Add(Dictionary<ListCall, List<(ListCall To, string Why)>> edges, ListCall from, ListCall to, string why)
    {
        if (from != to)
        {
            edges[from].Add((to, why));
        }
    }

    private static void FindCycle(IReadOnlyList<ListCall> calls, Dictionary<ListCall, List<(ListCall To, string Why)>> edges)
    {
        var state = calls.ToDictionary(static call => call, static _ => 0);
        var path = new List<string>();
        foreach (var call in calls)
        {
            Visit(call);
        }

        void Visit(ListCall call)
        {
            if (state[call] == 2)
            {
                return;
            }

            if (state[call] == 1)
            {
                throw new ViolationException("M2", $"a cycle: {string.Join("; ", path)}");
            }

            state[call] = 1;
            foreach (var (to, why) in edges[call])
            {
                path.Add($"{call.Name} → {to.Name} ({why})");
                Visit(to);
                path.RemoveAt(path.Count - 1);
            }

            state[call] = 2;
        }
    }
}
