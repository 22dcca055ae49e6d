using System.Globalization;
using System.Text;

namespace Csmr.TestKit.Checking.Histories;

/// <summary>Makes a history that is not linearizable small enough to be read.</summary>
internal static class HistoryShrinker
{
    private const int LinesMax = 40;

    /// <summary>Why a partition is not linearizable: its shortest beginning that is not, without the reads that do not matter.</summary>
    public static string Explain(HistoryPartition partition, HistoryRules rules, long statesMax)
    {
        bool IsWrong(IReadOnlyList<HistoryOperation> operations) =>
            (partition with { Operations = operations }).Search(rules, statesMax) == Linearizability.NotLinearizable;

        var shortest = ShortestBeginning(partition.Operations, IsWrong);
        var needed = WithoutReads(shortest, rules, IsWrong);
        return Print(partition.Operations.Count, needed);
    }

    /// <summary>The calls begun before a moment, those answered after it as if they were not.</summary>
    public static List<HistoryOperation> Until(IEnumerable<HistoryOperation> operations, long momentNs) =>
    [
        .. operations.Where(operation => operation.CallNs <= momentNs)
            .Select(operation => operation.Status == OperationStatus.Ok && operation.EndNs > momentNs ? operation.Unanswered() : operation),
    ];

    // If a beginning is wrong, so is every longer one: the first wrong one can be found by halving.
    private static List<HistoryOperation> ShortestBeginning(
        IReadOnlyList<HistoryOperation> operations,
        Func<IReadOnlyList<HistoryOperation>, bool> isWrong)
    {
        var moments = operations.Where(operation => operation.EndNs != long.MaxValue).Select(operation => operation.EndNs).Distinct().Order().ToList();
        var (low, high) = (0, moments.Count - 1);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = isWrong(Until(operations, moments[middle])) ? (low, middle) : (middle + 1, high);
        }

        return Until(operations, moments[high]);
    }

    // Leaving out a read can only make a history right. (Leaving out a write could make it wrong for another reason.)
    private static List<HistoryOperation> WithoutReads(
        List<HistoryOperation> operations,
        HistoryRules rules,
        Func<IReadOnlyList<HistoryOperation>, bool> isWrong)
    {
        var reads = operations.Where(operation => HistoryPartition.IsRead(operation, rules)).ToList();
        for (var size = Math.Max(reads.Count, 1); size >= 1 && reads.Count > 0; size /= 2)
        {
            for (var from = 0; from < reads.Count;)
            {
                var left = reads.Skip(from).Take(size).ToHashSet<HistoryOperation>(ReferenceEqualityComparer.Instance);
                var fewer = operations.Where(operation => !left.Contains(operation)).ToList();
                if (isWrong(fewer))
                {
                    operations = fewer;
                    reads.RemoveRange(from, left.Count);
                }
                else
                {
                    from += size;
                }
            }

            if (size <= 8 && reads.Count > 64)
            {
                break;
            }
        }

        return operations;
    }

    private static string Print(int all, List<HistoryOperation> needed)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"no order explains the answers; {needed.Count} of {all} operations show it");
        if (needed.Count > LinesMax)
        {
            text.Append(CultureInfo.InvariantCulture, $", the last {LinesMax} of them");
        }

        var first = needed.Min(operation => operation.CallNs);
        foreach (var operation in needed.OrderBy(operation => operation.CallNs).TakeLast(LinesMax))
        {
            var relative = operation with { CallNs = operation.CallNs - first, ReturnNs = operation.ReturnNs - first };
            text.Append(CultureInfo.InvariantCulture, $"\n  {relative}");
        }

        return text.ToString();
    }
}
