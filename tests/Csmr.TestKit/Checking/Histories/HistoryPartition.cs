using Csmr.TestKit.Checking.Objects;

namespace Csmr.TestKit.Checking.Histories;

/// <summary>The operations on objects that hang together: judged by themselves, since linearizability is local.</summary>
/// <param name="Objects">The names of the objects.</param>
/// <param name="Operations">The operations.</param>
internal sealed record HistoryPartition(IReadOnlyList<string> Objects, IReadOnlyList<HistoryOperation> Operations)
{
    /// <summary>Puts together what hangs together: objects that an operation changes at one moment.</summary>
    /// <exception cref="FormatException">An operation cannot be judged.</exception>
    public static List<HistoryPartition> Split(IEnumerable<HistoryOperation> history, HistoryRules rules)
    {
        var groups = new Dictionary<string, string>(StringComparer.Ordinal);
        var placed = new List<(string Object, HistoryOperation Operation)>();
        foreach (var operation in history.Where(operation => operation.Status != OperationStatus.Fail))
        {
            var names = rules.Read(operation).Select(call => call.Object).Distinct(StringComparer.Ordinal).ToList();
            foreach (var name in names)
            {
                groups.TryAdd(name, name);
                if (rules.IsAtomic)
                {
                    groups[Root(groups, name)] = Root(groups, names[0]);
                }
            }

            placed.AddRange((rules.IsAtomic ? names.Take(1) : names).Select(name => (name, operation)));
        }

        var objects = groups.Keys.ToLookup(name => Root(groups, name), StringComparer.Ordinal);
        return
        [
            .. placed.GroupBy(pair => Root(groups, pair.Object), pair => pair.Operation, StringComparer.Ordinal)
                .Select(group => new HistoryPartition([.. objects[group.Key].Order(StringComparer.Ordinal)], [.. group])),
        ];
    }

    /// <summary>Searches for an order that explains the answers.</summary>
    public Linearizability Search(HistoryRules rules, long statesMax)
    {
        var indexes = Objects.Select((name, index) => (name, index)).ToDictionary(pair => pair.name, pair => pair.index, StringComparer.Ordinal);
        var calls = new List<(HistoryOperation Operation, List<(int Object, ObjectCall Call)> Parts)>(Operations.Count);
        foreach (var operation in Operations)
        {
            var all = rules.Read(operation).ToList();
            var isAlone = all.Count == 1 || !rules.IsAtomic;
            var parts = all.Where(part => indexes.ContainsKey(part.Object))
                .Select(part => (indexes[part.Object], part.Call with { IsOptional = isAlone && !part.Call.IsAnswered }))
                .ToList();
            calls.Add((operation, parts));
        }

        var perObject = calls.SelectMany(call => call.Parts).ToLookup(part => part.Object, part => part.Call);
        var models = perObject.ToDictionary(calls => calls.Key, calls => ObjectModel.Of(calls.First(), [.. calls]));
        return LinearizabilityChecker<PartitionState, PartitionCall, bool>.Check(
            new PartitionModel(models),
            calls.Select(call => new Observed<PartitionCall, bool>(
                call.Operation.CallNs,
                call.Operation.EndNs,
                new PartitionCall(call.Operation.Status == OperationStatus.Ok, call.Parts),
                true)),
            statesMax);
    }

    /// <summary>Whether an operation changes nothing, given its answer.</summary>
    public static bool IsRead(HistoryOperation operation, HistoryRules rules) => rules.Read(operation).All(call => call.Call.IsRead);

    private static string Root(Dictionary<string, string> groups, string name)
    {
        while (groups[name] != name)
        {
            name = groups[name] = groups[groups[name]];
        }

        return name;
    }
}
