using System.Globalization;
using System.Text;
using Csmr.TestKit.Checking.Objects;

namespace Csmr.TestKit.Checking.Histories;

/// <summary>Objects whose history is not right, or could not be judged, with the least that shows it.</summary>
/// <param name="Objects">The objects.</param>
/// <param name="Found">What was found.</param>
/// <param name="Text">Why, for a person.</param>
public sealed record HistoryProblem(IReadOnlyList<string> Objects, Linearizability Found, string Text);

/// <summary>What was found out about a history.</summary>
/// <param name="Operations">The number of operations.</param>
/// <param name="Unknown">Those of them with an unknown outcome.</param>
/// <param name="Partitions">The number of parts that were judged by themselves.</param>
/// <param name="Problems">What is wrong or could not be judged.</param>
public sealed record HistoryVerdict(int Operations, int Unknown, int Partitions, IReadOnlyList<HistoryProblem> Problems)
{
    /// <summary>What was found: linearizable only if that was shown for every object.</summary>
    public Linearizability Found =>
        Problems.Any(problem => problem.Found == Linearizability.NotLinearizable) ? Linearizability.NotLinearizable
        : Problems.Count > 0 ? Linearizability.Undecided
        : Linearizability.Linearizable;

    /// <summary>The verdict for a person.</summary>
    /// <returns>A line, and the problems if there are any.</returns>
    public override string ToString()
    {
        var text = new StringBuilder();
        var found = Found switch { Linearizability.Linearizable => "linearizable", Linearizability.NotLinearizable => "NOT linearizable", _ => "undecided" };
        text.Append(CultureInfo.InvariantCulture, $"{found}: {Operations} operations, {Unknown} of unknown outcome, {Partitions} parts");
        foreach (var problem in Problems)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n{string.Join(", ", problem.Objects.Take(5))}: {problem.Text}");
        }

        return text.ToString();
    }
}

/// <summary>
/// Judges histories of the shipped services by search, knowing nothing of the log. The services are taken to have been empty
/// at first. A lock's lease ends by the group's time, of which a client knows nothing: locks are judged where their leases
/// outlast the history (or never end), and are reported as undecided elsewhere.
/// </summary>
public static class HistoryCheck
{
    /// <summary>How many states are tried for each part before the search is given up.</summary>
    public const long StatesMaxDefault = 20_000_000;

    /// <summary>Judges a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="statesMax">How many states are tried for each part.</param>
    /// <returns>The verdict.</returns>
    /// <exception cref="HistoryFormatException">The file is not in order.</exception>
    public static HistoryVerdict File(string path, long statesMax = StatesMaxDefault)
    {
        var file = HistoryFile.Read(path);
        var rules = HistoryRules.Find(file.Rules)
            ?? throw new HistoryFormatException(path, 1, $"there are no rules '{file.Rules}'; there are {string.Join(", ", HistoryRules.All.Select(one => one.Name))}");
        for (var i = 0; i < file.Operations.Count; i++)
        {
            try
            {
                _ = rules.Read(file.Operations[i]).Count();
            }
            catch (FormatException error)
            {
                throw new HistoryFormatException(path, i + 2, error.Message);
            }
        }

        return Check(file.Operations, rules, statesMax);
    }

    /// <summary>Judges a history.</summary>
    /// <param name="history">The operations, in any order.</param>
    /// <param name="rules">How they act on objects.</param>
    /// <param name="statesMax">How many states are tried for each part.</param>
    /// <returns>The verdict.</returns>
    /// <exception cref="FormatException">An operation cannot be judged.</exception>
    public static HistoryVerdict Check(IReadOnlyList<HistoryOperation> history, HistoryRules rules, long statesMax = StatesMaxDefault)
    {
        var partitions = HistoryPartition.Split(history, rules);
        var problems = new List<HistoryProblem>();
        foreach (var partition in partitions)
        {
            if (LeaseThatMayEnd(partition) is { } lease)
            {
                problems.Add(new HistoryProblem(partition.Objects, Linearizability.Undecided, $"not judged, a lease may have ended meanwhile: {lease}"));
                continue;
            }

            var found = partition.Search(rules, statesMax);
            if (found == Linearizability.NotLinearizable)
            {
                problems.Add(new HistoryProblem(partition.Objects, found, HistoryShrinker.Explain(partition, rules, statesMax)));
            }
            else if (found == Linearizability.Undecided)
            {
                problems.Add(new HistoryProblem(partition.Objects, found, $"given up after {statesMax} states"));
            }
        }

        return new HistoryVerdict(history.Count, history.Count(operation => operation.Status == OperationStatus.Unknown), partitions.Count, problems);
    }

    private static HistoryOperation? LeaseThatMayEnd(HistoryPartition partition)
    {
        if (!partition.Objects.Any(name => name.Contains("lock ", StringComparison.Ordinal)))
        {
            return null;
        }

        var endNs = partition.Operations.Max(operation => Math.Max(operation.CallNs, operation.ReturnNs ?? 0));
        return partition.Operations.FirstOrDefault(operation => MayEnd(operation, endNs));
    }

    private static bool MayEnd(HistoryOperation operation, long endNs)
    {
        if (operation.Args.TryGetProperty("leaseSeconds", out var seconds) && seconds.TryGetInt64(out var lease))
        {
            return (Int128)lease * 1_000_000_000 <= endNs - operation.CallNs;
        }

        return operation.Result is { } result && result.TryGetProperty("expiresAtMs", out var end) && end.ValueKind != System.Text.Json.JsonValueKind.Null;
    }
}
