using Csmr.TestKit.Multicast;
using Csmr.TestKit.Simulation;

namespace Csmr.Simulation.Tests.Multicast;

/// <summary>The check of histories over lists is itself checked, against trying all orders of calls.</summary>
public sealed class ListHistoryTests(ITestOutputHelper output)
{
    private const int Histories = 20_000;

    [Fact]
    public void SmallHistories_RightAndBroken_AreJudgedAsByTryingAllOrders()
    {
        var (right, broken) = (0, 0);
        for (var seed = 1UL; seed <= Histories; seed++)
        {
            var (calls, final) = Draw(new SimulationRandom(seed));
            var expected = HasOrder(calls, final);
            Assert.True(expected == Holds(calls, final), $"seed {seed}: by trying all orders it is {(expected ? "right" : "broken")}");
            (right, broken) = expected ? (right + 1, broken) : (right, broken + 1);
        }

        output.WriteLine($"{Histories:n0} histories: {right:n0} right, {broken:n0} broken");
        Assert.True(Math.Min(right, broken) > Histories / 10);
    }

    private static bool Holds(List<ListCall> calls, Dictionary<string, long[]> final)
    {
        try
        {
            ListHistory.Check(calls, final);
            return true;
        }
        catch (ViolationException)
        {
            return false;
        }
    }

    // A serial execution with times around it, of which often one thing is then changed.
    private static (List<ListCall> Calls, Dictionary<string, long[]> Final) Draw(SimulationRandom random)
    {
        string[] keys = ["g0.k", "g1.k"];
        var lists = keys.ToDictionary(static key => key, static _ => new List<long>(), StringComparer.Ordinal);
        var calls = new List<ListCall>();
        for (var i = 0; i < random.Below(4) + 2; i++)
        {
            var at = (i * 10L) + 5;
            var call = new ListCall($"call {i}", at - random.Below(16));
            var touched = keys.Where(_ => random.Chance(650)).ToArray();
            var isDone = !random.Chance(100);
            foreach (var key in touched.Where(_ => random.Chance(700)))
            {
                call.Appends.Add((key, (i * 10) + Array.IndexOf(keys, key), false));
                if (isDone)
                {
                    lists[key].Add(call.Appends[^1].Item);
                }
            }

            if (isDone && !random.Chance(150))
            {
                call.EndedAt = at + random.Below(16);
                call.Lists.AddRange(touched.Select(key => (key, lists[key].ToArray())));
            }

            calls.Add(call);
        }

        if (random.Chance(600))
        {
            Change(random, calls, lists);
        }

        return (calls, lists.ToDictionary(static pair => pair.Key, static pair => pair.Value.ToArray(), StringComparer.Ordinal));
    }

    private static void Change(SimulationRandom random, List<ListCall> calls, Dictionary<string, List<long>> lists)
    {
        var list = lists.Values.ElementAt(random.Below(lists.Count));
        var call = calls[random.Below(calls.Count)];
        switch (random.Below(5))
        {
            case 0 when list.Count > 1:
                var at = random.Below(list.Count - 1);
                (list[at], list[at + 1]) = (list[at + 1], list[at]);
                break;
            case 1 when list.Count > 0:
                list.RemoveAt(random.Below(list.Count));
                break;
            case 2 when list.Count > 0:
                list.Insert(random.Below(list.Count), list[random.Below(list.Count)]);
                break;
            case 3 when call.EndedAt < long.MaxValue:
                call.EndedAt = Math.Max(call.BeganAt, call.EndedAt - random.Below(30));
                break;
            case 4 when call.Lists.Count > 0:
                var (key, items) = call.Lists[0];
                call.Lists[0] = (key, items.Length > 0 && random.Chance(500) ? items[..^1] : [.. lists[key].Take(items.Length + 1)]);
                break;
            default:
                break;
        }
    }

    private static bool HasOrder(List<ListCall> calls, Dictionary<string, long[]> final)
    {
        // Who is not answered is executed or not as the final lists have it; halves are wrong.
        var executed = new List<ListCall>();
        foreach (var call in calls)
        {
            var found = call.Appends.Count(append => final[append.Key].Contains(append.Item));
            if (found != 0 && found != call.Appends.Count)
            {
                return false;
            }

            if (call.EndedAt < long.MaxValue || found > 0)
            {
                executed.Add(call);
            }
        }

        return Extend([], executed, final);
    }

    private static bool Extend(List<ListCall> order, List<ListCall> left, Dictionary<string, long[]> final)
    {
        if (left.Count == 0)
        {
            return Gives(order, final);
        }

        foreach (var next in left.Where(next => !left.Exists(other => other.EndedAt < next.BeganAt)).ToArray())
        {
            if (Extend([.. order, next], [.. left.Where(other => other != next)], final))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Gives(List<ListCall> order, Dictionary<string, long[]> final)
    {
        var lists = final.Keys.ToDictionary(static key => key, static _ => new List<long>(), StringComparer.Ordinal);
        foreach (var call in order)
        {
            // A call may have read a list before it appended to it, or afterwards.
            var before = lists.ToDictionary(static pair => pair.Key, static pair => pair.Value.ToArray());
            call.Appends.ForEach(append => lists[append.Key].Add(append.Item));
            if (call.Lists.Exists(seen => !seen.Items.SequenceEqual(lists[seen.Key]) && !seen.Items.SequenceEqual(before[seen.Key])))
            {
                return false;
            }
        }

        return final.All(pair => pair.Value.SequenceEqual(lists[pair.Key]));
    }
}
