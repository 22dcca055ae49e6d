using Csmr.Composition.Findings;
using Csmr.Composition.Yaml;

namespace Csmr.Composition.Manifests;

/// <summary>Reads how arguments are spread: over the groups of one service, or over several services.</summary>
internal sealed class PartitionReader
{
    private const int BucketsDefault = 256;
    private const int BucketsMax = 65536;
    private const int GroupsMax = 256;

    /// <summary>Reads the partitions of a service over its own groups.</summary>
    public PartitionNode? ReadGroups(MapReader partitions)
    {
        var node = Common(partitions);
        switch (Function(partitions))
        {
            case "ranges":
                return Ranges(partitions, node, ManifestKeys.GroupRange, static range => Range(range, null));
            case "prefixes":
                var rest = partitions.Bool("default") == true ? new Located<string>("", partitions.PositionOf("default")) : null;
                return Prefixes(partitions, node with { Default = rest }, ManifestKeys.GroupPrefix, static _ => null);
            case "hash":
                var hash = partitions.Open("hash", ManifestKeys.GroupHash);
                var groups = hash?.Integer("groups", 1, GroupsMax);
                if (hash is { IsBroken: false } && groups is null)
                {
                    partitions.Wrong(FindingCodes.MissingKey, hash.Position, "the key 'groups' is missing here", "say how many groups share the keys: 'groups: 3'");
                }

                return hash is null || groups is null ? null : node with { Hash = new HashNode(hash.Position, Buckets(hash), groups.Value, []) };
            default:
                return null;
        }
    }

    /// <summary>Reads a partition over several services.</summary>
    public PartitionNode? ReadServices(MapReader partition)
    {
        var node = Common(partition);
        switch (Function(partition))
        {
            case "ranges":
                return Ranges(partition, node, ManifestKeys.Range, static range => Range(range, range.Name("service", isRequired: true)));
            case "prefixes":
                var rest = partition.Name("default");
                return Prefixes(partition, node with { Default = rest }, ManifestKeys.Prefix, static prefix => prefix.Name("service", isRequired: true));
            case "hash":
                var hash = partition.Open("hash", ManifestKeys.Hash);
                var services = hash?.NameList("services");
                if (hash is { IsBroken: false } && services is null)
                {
                    partition.Wrong(FindingCodes.MissingKey, hash.Position, "the key 'services' is missing here", "list the services that share the keys");
                }

                return hash is null || services is null or { Count: 0 } ? null : node with { Hash = new HashNode(hash.Position, Buckets(hash), services.Count, services) };
            default:
                return null;
        }
    }

    private static PartitionNode Common(MapReader reader) => new() { Position = reader.Position, By = By(reader) };

    private static List<(Located<string>, Located<string>)>? By(MapReader reader)
    {
        var map = reader.Map("by");
        if (map is null)
        {
            return null;
        }

        if (map.Entries.Count == 0)
        {
            reader.Wrong(FindingCodes.NothingGiven, map.Position, "'by' is empty", "name the key argument of each operation, or leave 'by' out");
        }

        var pairs = new List<(Located<string>, Located<string>)>();
        foreach (var entry in map.Entries)
        {
            if (reader.TextOf(entry.Value) is { } argument)
            {
                pairs.Add((new Located<string>(entry.Key, entry.KeyPosition), argument));
            }
        }

        return pairs;
    }

    /// <summary>Which of the functions is given.</summary>
    private static string? Function(MapReader reader)
    {
        string[] functions = ["ranges", "prefixes", "hash"];
        var given = functions.Where(reader.Has).ToArray();
        if (given.Length != 1)
        {
            reader.Wrong(
                FindingCodes.NotOneStrategy,
                given.Length == 0 ? reader.Position : reader.PositionOf(given[1]),
                given.Length == 0 ? "it is not said how keys are spread" : $"keys are spread in one way, but here are {string.Join(" and ", given)}",
                "give one of ranges, prefixes, hash");
            return null;
        }

        if (given[0] != "prefixes" && reader.Has("default"))
        {
            reader.Wrong(FindingCodes.UnknownKey, reader.PositionOf("default"), $"'default' does not belong to '{given[0]}'", "it belongs to 'prefixes'");
        }

        return given[0];
    }

    private static RangeNode Range(MapReader range, Located<string>? service) => new(range.Position, range.Text("from"), range.Text("to"), service);

    private static PartitionNode? Ranges(MapReader reader, PartitionNode node, MapKeys keys, Func<MapReader, RangeNode> range)
    {
        var ranges = reader.OpenEach("ranges", keys);
        var nodes = ranges?.Select(range).ToList();
        return nodes is null || reader.IsBroken || ranges!.Any(static opened => opened.IsBroken) ? null : node with { Ranges = nodes };
    }

    private static PartitionNode? Prefixes(MapReader reader, PartitionNode node, MapKeys keys, Func<MapReader, Located<string>?> service)
    {
        var prefixes = reader.OpenEach("prefixes", keys);
        var nodes = prefixes?.Select(prefix => (text: prefix.Text("prefix", isRequired: true), service: service(prefix))).ToList();
        return nodes is null || reader.IsBroken || prefixes!.Any(static opened => opened.IsBroken)
            ? null
            : node with { Prefixes = [.. nodes.Select(static pair => new PrefixNode(pair.text!, pair.service))] };
    }

    private static Located<int> Buckets(MapReader hash) => hash.Integer("buckets", 1, BucketsMax) ?? new Located<int>(BucketsDefault, hash.Position);
}
