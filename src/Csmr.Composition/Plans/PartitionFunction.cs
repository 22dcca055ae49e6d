using System.Globalization;
using System.Text;

namespace Csmr.Composition.Plans;

/// <summary>Maps every key to exactly one of a fixed number of partitions. Pure: the same in every process.</summary>
public abstract class PartitionFunction
{
    /// <summary>The partition of a key.</summary>
    /// <param name="key">The key.</param>
    /// <returns>The partition's position from 0.</returns>
    public abstract int PartitionOf(string key);

    /// <summary>For a person: the keys of one partition.</summary>
    /// <param name="partition">The partition's position.</param>
    /// <returns>The text, such as <c>[a, n)</c>.</returns>
    public abstract string Describe(int partition);

    /// <summary>The text that a key argument counts as.</summary>
    /// <param name="value">The argument: a text or an integer.</param>
    /// <returns>The text; empty for no value.</returns>
    public static string TextOf(Value value) => value.Kind switch
    {
        ValueKind.String => value.AsString(),
        ValueKind.Null => "",
        _ => value.ToString(),
    };
}

/// <summary>Partitions by ranges of keys, compared ordinally (by UTF-16 code units).</summary>
/// <param name="starts">The first key of each range, ascending; the first is the empty text, so that every key has a range.</param>
/// <param name="partitions">The partition of each range.</param>
public sealed class RangePartitions(IReadOnlyList<string> starts, IReadOnlyList<int> partitions) : PartitionFunction
{
    private readonly string[] _starts = [.. starts];
    private readonly int[] _partitions = [.. partitions];

    /// <inheritdoc/>
    public override int PartitionOf(string key)
    {
        var position = Array.BinarySearch(_starts, key, StringComparer.Ordinal);
        return _partitions[position >= 0 ? position : ~position - 1];
    }

    /// <inheritdoc/>
    public override string Describe(int partition)
    {
        var ranges = new List<string>();
        for (var i = 0; i < _starts.Length; i++)
        {
            if (_partitions[i] == partition)
            {
                ranges.Add($"[{_starts[i]}..{(i + 1 < _starts.Length ? _starts[i + 1] : "")})");
            }
        }

        return string.Join(" ", ranges);
    }
}

/// <summary>Partitions by the longest prefix that a key starts with.</summary>
/// <param name="prefixes">The prefixes; one of them may be empty, which every key starts with.</param>
/// <param name="partitions">The partition of each prefix.</param>
public sealed class PrefixPartitions(IReadOnlyList<string> prefixes, IReadOnlyList<int> partitions) : PartitionFunction
{
    private readonly (string Prefix, int Partition)[] _longestFirst =
        [.. prefixes.Zip(partitions).OrderByDescending(static pair => pair.First.Length).ThenBy(static pair => pair.First, StringComparer.Ordinal)];

    /// <inheritdoc/>
    public override int PartitionOf(string key)
    {
        foreach (var (prefix, partition) in _longestFirst)
        {
            if (key.StartsWith(prefix, StringComparison.Ordinal))
            {
                return partition;
            }
        }

        throw new ArgumentException($"No prefix and no default fits key '{key}'.", nameof(key));
    }

    /// <inheritdoc/>
    public override string Describe(int partition) => string.Join(" ", _longestFirst
        .Where(pair => pair.Partition == partition)
        .Select(static pair => pair.Prefix)
        .Order(StringComparer.Ordinal)
        .Select(static prefix => prefix.Length > 0 ? $"{prefix}*" : "default"));
}

/// <summary>
/// Partitions by hash: a key belongs to one of a fixed number of virtual buckets, and each partition has an even, contiguous
/// share of the buckets. The hash is 32-bit FNV-1a over the key's UTF-8 text, for ever.
/// </summary>
/// <param name="buckets">The number of virtual buckets.</param>
/// <param name="partitions">The number of partitions, at most as many.</param>
public sealed class HashPartitions(int buckets, int partitions) : PartitionFunction
{
    /// <inheritdoc/>
    public override int PartitionOf(string key) => (int)((long)BucketOf(key) * partitions / buckets);

    /// <summary>The virtual bucket of a key.</summary>
    /// <param name="key">The key.</param>
    /// <returns>The bucket, from 0.</returns>
    public int BucketOf(string key) => (int)(Hash(key) % (uint)buckets);

    /// <inheritdoc/>
    public override string Describe(int partition)
    {
        var first = CeilingOf((long)partition * buckets, partitions);
        var end = CeilingOf((partition + 1L) * buckets, partitions);
        return string.Create(CultureInfo.InvariantCulture, $"buckets {first}-{end - 1} of {buckets}");
    }

    /// <summary>32-bit FNV-1a over the UTF-8 text of a key.</summary>
    /// <param name="key">The key.</param>
    /// <returns>The hash.</returns>
    public static uint Hash(string key)
    {
        Span<byte> stack = stackalloc byte[256];
        var bytesMax = Encoding.UTF8.GetMaxByteCount(key.Length);
        var bytes = bytesMax <= stack.Length ? stack : new byte[bytesMax];
        var count = Encoding.UTF8.GetBytes(key, bytes);
        var hash = 2166136261U;
        foreach (var part in bytes[..count])
        {
            hash = (hash ^ part) * 16777619U;
        }

        return hash;
    }

    private static long CeilingOf(long dividend, long divisor) => (dividend + divisor - 1) / divisor;
}
