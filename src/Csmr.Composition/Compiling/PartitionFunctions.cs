using Csmr.Composition.Findings;
using Csmr.Composition.Manifests;
using Csmr.Composition.Plans;

namespace Csmr.Composition.Compiling;

/// <summary>Makes partition functions, and reports partitions that overlap or leave keys out.</summary>
internal static class PartitionFunctions
{
    /// <summary>Makes the function; its partitions are numbered in the order of the manifest, the default last.</summary>
    /// <param name="node">What the manifest says.</param>
    /// <param name="findings">Takes what is wrong.</param>
    /// <returns>The function; null where something is wrong.</returns>
    public static PartitionFunction? Make(PartitionNode node, FindingList findings)
    {
        if (node.Ranges is not null)
        {
            return Ranges(node.Ranges, findings);
        }

        if (node.Prefixes is not null)
        {
            return Prefixes(node, node.Prefixes, findings);
        }

        return node.Hash is null ? null : Hash(node.Hash, findings);
    }

    /// <summary>How many partitions there are.</summary>
    public static int Count(PartitionNode node) =>
        node.Ranges?.Count ?? node.Hash?.Groups ?? ((node.Prefixes?.Count ?? 0) + (node.Default is null ? 0 : 1));

    private static RangePartitions? Ranges(IReadOnlyList<RangeNode> ranges, FindingList findings)
    {
        var sorted = new List<(string From, string? To, int Index)>();
        foreach (var (range, index) in ranges.Select(static (range, index) => (range, index)))
        {
            var from = range.From?.Value ?? "";
            if (range.To is not null && string.CompareOrdinal(from, range.To.Value) >= 0)
            {
                var how = from == range.To.Value ? "empty" : "upside down";
                findings.Add(
                    FindingCodes.EmptyRange,
                    range.Position,
                    $"the range from '{Suggestion.Shown(from)}' to '{Suggestion.Shown(range.To.Value)}' is {how}",
                    "'from' is in the range and comes before 'to', which is not in it");
                continue;
            }

            sorted.Add((from, range.To?.Value, index));
        }

        sorted.Sort(static (left, right) => string.CompareOrdinal(left.From, right.From) is var order and not 0 ? order : left.Index.CompareTo(right.Index));
        var isWhole = sorted.Count == ranges.Count;
        string? end = "";
        foreach (var (from, to, index) in sorted)
        {
            isWhole &= Follows(end, from, ranges[index].Position, findings);
            end = end is null || (to is not null && string.CompareOrdinal(to, end) < 0) ? end : to;
        }

        if (end is not null && isWhole)
        {
            isWhole = false;
            findings.Add(FindingCodes.Gap, ranges[sorted[^1].Index].Position, $"keys from '{Suggestion.Shown(end)}' on belong to no range", "leave 'to' out of the last range");
        }

        return isWhole && sorted.Count > 0
            ? new RangePartitions([.. sorted.Select(static range => range.From)], [.. sorted.Select(static range => range.Index)])
            : null;
    }

    private static bool Follows(string? end, string from, Position position, FindingList findings)
    {
        var order = end is null ? -1 : string.CompareOrdinal(from, end);
        if (order < 0)
        {
            findings.Add(
                FindingCodes.Overlap,
                position,
                $"keys from '{Suggestion.Shown(from)}' on belong to an earlier range already",
                end is null ? "end that range with 'to'" : $"start at '{Suggestion.Shown(end)}'");
        }
        else if (order > 0)
        {
            findings.Add(
                FindingCodes.Gap,
                position,
                end!.Length == 0
                    ? $"keys below '{Suggestion.Shown(from)}' belong to no range"
                    : $"keys from '{Suggestion.Shown(end)}' to '{Suggestion.Shown(from)}' belong to no range",
                end.Length == 0 ? "leave 'from' out of the first range" : $"start at '{Suggestion.Shown(end)}'");
        }

        return order == 0;
    }

    private static PrefixPartitions? Prefixes(PartitionNode node, IReadOnlyList<PrefixNode> prefixes, FindingList findings)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var isWhole = true;
        foreach (var prefix in prefixes)
        {
            if (!seen.Add(prefix.Prefix.Value))
            {
                isWhole = false;
                findings.Add(FindingCodes.Overlap, prefix.Prefix.Position, $"prefix '{Suggestion.Shown(prefix.Prefix.Value)}' is given twice", "give it once");
            }
        }

        if (seen.Contains("") == node.Default is not null)
        {
            isWhole = false;
            var (code, message, remedy) = node.Default is null
                ? (FindingCodes.Gap, "keys that start with none of the prefixes belong to nobody", "add 'default'")
                : (FindingCodes.Overlap, "the empty prefix and 'default' both take every key", "keep one of them");
            findings.Add(code, node.Default?.Position ?? node.Position, message, remedy);
        }

        if (!isWhole)
        {
            return null;
        }

        var texts = prefixes.Select(static prefix => prefix.Prefix.Value).Concat(node.Default is null ? [] : [""]).ToArray();
        return new PrefixPartitions(texts, [.. Enumerable.Range(0, texts.Length)]);
    }

    private static HashPartitions? Hash(HashNode hash, FindingList findings)
    {
        if (hash.Groups <= hash.Buckets.Value)
        {
            return new HashPartitions(hash.Buckets.Value, hash.Groups);
        }

        findings.Add(
            FindingCodes.OutOfBounds,
            hash.Buckets.Position,
            $"{hash.Buckets.Value} buckets cannot be shared by {hash.Groups}",
            "give more buckets: their number can never be changed later");
        return null;
    }
}
