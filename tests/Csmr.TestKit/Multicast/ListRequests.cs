using Csmr.Replication.Machine;
using Csmr.Replication.Multicast;
using Csmr.TestKit.Simulation;

namespace Csmr.TestKit.Multicast;

/// <summary>A call over lists, as it is sent.</summary>
/// <param name="History">What is known of it.</param>
/// <param name="Id">Its id.</param>
/// <param name="Groups">Its groups, by number.</param>
/// <param name="Body">The packed invocation or composite call.</param>
/// <param name="IsComposite">Whether it is composite.</param>
/// <param name="IsRead">Whether it only reads, in one group.</param>
internal sealed record ListRequest(ListCall History, RequestId Id, int[] Groups, byte[] Body, bool IsComposite, bool IsRead)
{
    /// <summary>Whether it is a cut.</summary>
    public bool IsCut { get; init; }

    /// <summary>Reads the lists out of a group's answer.</summary>
    /// <param name="group">The group.</param>
    /// <param name="outcome">Its answer.</param>
    /// <returns>The lists, by the keys of <see cref="ListHistory"/>.</returns>
    public IEnumerable<(string Key, long[] Items)> ListsOf(int group, Outcome outcome)
    {
        var outcomes = IsCut
            ? []
            : IsComposite
            ? MulticastCall.ReadResults(outcome).Where(static settled => settled.Result.Outcome is not null).Select(static settled => settled.Result.Outcome!)
            : [outcome];
        return outcomes.SelectMany(ListMachineType.ListsOf).Select(list => ($"g{group}.{list.Key}", list.Items));
    }
}

/// <summary>Makes calls over few lists of several groups, each with items of its own.</summary>
/// <param name="random">Decides.</param>
/// <param name="groups">The number of groups.</param>
/// <param name="keys">The number of lists in each.</param>
internal sealed class ListRequests(SimulationRandom random, int groups, int keys)
{
    private long _item;

    /// <summary>The name of a group.</summary>
    /// <param name="group">Its number.</param>
    /// <returns>The name.</returns>
    public static GroupId IdOf(int group) => new($"g{group}");

    /// <summary>A call of one group.</summary>
    /// <param name="name">For people.</param>
    /// <param name="id">Its id.</param>
    /// <param name="now">When it begins.</param>
    /// <returns>The call.</returns>
    public ListRequest Single(string name, RequestId id, long now)
    {
        var group = random.Below(groups);
        var item = ++_item;
        var (one, two) = (Key(), Key());
        var history = new ListCall(name, now);
        var (operation, names) = random.Below(10) switch
        {
            < 4 => (ListMachineType.Append, new[] { one }),
            < 6 when one != two => (ListMachineType.AppendBoth, [one, two]),
            < 9 => (ListMachineType.Read, [one]),
            _ => (ListMachineType.Scan, Array.Empty<string>()),
        };
        if (operation.Access == OperationAccess.Update)
        {
            history.Appends.AddRange(names.Select(key => ($"g{group}.{key}", item, false)));
        }

        return new ListRequest(history, id, [group], ListMachineType.Pack(operation, item, names), IsComposite: false, operation.Access == OperationAccess.Read);
    }

    /// <summary>A call of two to four steps, in one group or more; some hang on others.</summary>
    /// <param name="name">For people.</param>
    /// <param name="id">Its id.</param>
    /// <param name="now">When it begins.</param>
    /// <returns>The call.</returns>
    public ListRequest Composite(string name, RequestId id, long now)
    {
        var steps = new List<(int Group, bool IsRead, string Key, int After)>();
        for (var left = random.Below(3) + 2; left > 0; left--)
        {
            var (group, key) = (random.Below(groups), Key());
            var after = steps.Count > 0 && random.Chance(400) ? random.Below(steps.Count) : -1;
            steps.Add((group, random.Chance(300), key, after));
        }

        return Composite(name, id, now, steps);
    }

    /// <summary>A call of given steps.</summary>
    /// <param name="name">For people.</param>
    /// <param name="id">Its id.</param>
    /// <param name="now">When it begins.</param>
    /// <param name="steps">The steps; <c>After</c> is the step on which one hangs, or -1.</param>
    /// <returns>The call.</returns>
    public ListRequest Composite(string name, RequestId id, long now, IReadOnlyList<(int Group, bool IsRead, string Key, int After)> steps)
    {
        var history = new ListCall(name, now);
        var destinations = steps.Select(static step => step.Group).Distinct().Order().ToArray();
        var program = new List<ListStep>();
        foreach (var (group, isRead, key, after) in steps)
        {
            var item = ++_item;
            program.Add(new ListStep(Array.IndexOf(destinations, group), ListMachineType.Pack(isRead ? ListMachineType.Read : ListMachineType.Append, item, key), after));
            if (!isRead)
            {
                history.Appends.Add(($"g{group}.{key}", item, after >= 0));
            }
        }

        var body = new MulticastCall([.. destinations.Select(IdOf)], ListLanguage.Pack(program)).Pack();
        return new ListRequest(history, id, destinations, body, IsComposite: true, IsRead: false);
    }

    /// <summary>A cut of some groups (R1): a call that reads all lists there. What it read is told by the cuts, not by its answer.</summary>
    /// <param name="name">For people; also what the cuts are made for.</param>
    /// <param name="id">Its id.</param>
    /// <param name="now">When it begins.</param>
    /// <returns>The call.</returns>
    public ListRequest Cut(string name, RequestId id, long now)
    {
        int[] destinations = [.. Enumerable.Range(0, groups).Where(_ => random.Chance(700)).DefaultIfEmpty(0)];
        var program = destinations.Select((_, position) => new ListStep(position, TransferOperations.Pack(TransferOperations.Cut, Value.Of(name)), -1));
        var body = new MulticastCall([.. destinations.Select(IdOf)], ListLanguage.Pack([.. program])).Pack();
        return new ListRequest(new ListCall(name, now), id, destinations, body, IsComposite: true, IsRead: false) { IsCut = true };
    }

    /// <summary>The lists of a cut, those that are empty too.</summary>
    /// <param name="group">The group.</param>
    /// <param name="cut">Its cut.</param>
    /// <returns>The lists, by the keys of <see cref="ListHistory"/>.</returns>
    public IEnumerable<(string Key, long[] Items)> ListsOf(int group, StateCut cut)
    {
        var machine = ListMachineType.Instance.Create(MachineSettings.Defaults(ListMachineType.Instance.Definition));
        machine.Restore(cut.Parts.SelectMany(static part => part).ToArray());
        var lists = ListMachineType.ListsOf(machine.Apply(new Invocation(ListMachineType.Scan, [Value.Of(0)]), default)).ToDictionary(static list => list.Key, static list => list.Items);
        return Enumerable.Range(0, keys).Select(key => ($"g{group}.k{key}", lists.GetValueOrDefault($"k{key}", [])));
    }

    private string Key() => $"k{random.Below(keys)}";
}
