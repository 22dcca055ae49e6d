using Csmr.Composition.Findings;
using Csmr.Composition.Plans;
using Csmr.Composition.Yaml;

namespace Csmr.Composition.Manifests;

/// <summary>Reads one file of a manifest. Everything that its structure gets wrong becomes a finding.</summary>
internal sealed class ManifestReader
{
    private const int FMax = 10;
    private const int ReplicasMax = (2 * FMax) + 1;

    private static readonly Dictionary<string, Durability> Durabilities =
        new(StringComparer.Ordinal) { ["fsync"] = Durability.Fsync, ["memory"] = Durability.Memory };

    private readonly FindingList _findings;
    private readonly PartitionReader _partitions;
    private readonly OperationReader _operations;

    public ManifestReader(FindingList findings)
    {
        _findings = findings;
        _partitions = new PartitionReader();
        _operations = new OperationReader(findings);
    }

    /// <summary>The words for consistency.</summary>
    public static IReadOnlyDictionary<string, Consistency> Consistencies { get; } =
        new Dictionary<string, Consistency>(StringComparer.Ordinal) { ["atomic"] = Consistency.Atomic, ["independent"] = Consistency.Independent };

    /// <summary>Reads a file.</summary>
    /// <param name="file">Its name.</param>
    /// <param name="text">Its text.</param>
    /// <param name="isRoot">Whether it is the root, which must have a name and expose something.</param>
    /// <returns>What could be read; null where that is nothing.</returns>
    public ManifestFile? Read(string file, string text, bool isRoot)
    {
        var node = YamlText.Read(file, text, _findings);
        if (node is not YamlMap map)
        {
            if (node is not null)
            {
                _findings.Add(FindingCodes.WrongKind, node.Position, $"a manifest is a map, but this is {node.Kind}", "start with 'apiVersion: csmr/v1'");
            }

            return null;
        }

        var root = new MapReader(map, ManifestKeys.Root, _findings);
        Header(root, "apiVersion", ManifestKeys.ApiVersion);
        Header(root, "kind", ManifestKeys.Kind);
        var metadata = root.Open("metadata", ManifestKeys.Metadata, isRequired: isRoot);
        return new ManifestFile
        {
            Position = map.Position,
            Name = metadata?.Name("name", isRequired: isRoot),
            Version = metadata?.Long("version", 0, long.MaxValue)?.Value ?? 1,
            Nodes = Nodes(root, "nodes"),
            Includes = root.TextList("include") ?? [],
            Assemblies = root.TextList("assemblies") ?? [],
            Defaults = Defaults(root.Open("defaults", ManifestKeys.Defaults)),
            Services = Named(root, "services").Select(entry => Service(root, entry)).OfType<ServiceNode>().ToList(),
            Compositions = Named(root, "compose").Select(entry => Composition(root, entry)).OfType<CompositionNode>().ToList(),
            Expose = Expose(root, isRoot),
            IsPartial = root.Node("services") is not null and not YamlMap || root.Node("compose") is not null and not YamlMap,
        };
    }

    private static void Header(MapReader root, string key, string expected)
    {
        var text = root.Text(key, isRequired: true);
        if (text is not null && text.Value != expected)
        {
            root.Wrong(FindingCodes.WrongChoice, text.Position, $"'{key}' cannot be '{Suggestion.Shown(text.Value)}'", $"write '{key}: {expected}'");
        }
    }

    private static Located<IReadOnlyList<Located<string>>>? Nodes(MapReader reader, string key) =>
        reader.NameList(key) is { Count: > 0 } nodes ? new Located<IReadOnlyList<Located<string>>>(nodes, reader.PositionOf(key)) : null;

    private static DefaultsNode Defaults(MapReader? defaults) => new(
        defaults?.Integer("f", 0, FMax),
        defaults?.Choice("durability", Durabilities)?.Value,
        defaults?.Choice("consistency", Consistencies)?.Value);

    private static IReadOnlyList<Located<string>> Expose(MapReader root, bool isRoot)
    {
        if (isRoot && !root.Has("expose"))
        {
            root.Wrong(FindingCodes.MissingKey, root.Position, "the key 'expose' is missing here", "list the services that clients see: 'expose: [api]'");
        }

        return root.NameList("expose") ?? [];
    }

    private static IEnumerable<YamlEntry> Named(MapReader root, string key)
    {
        var map = root.Map(key);
        if (map is { Entries.Count: 0 })
        {
            root.Wrong(FindingCodes.NothingGiven, map.Position, $"'{key}' is empty", "define something or leave it out");
        }

        return map?.Entries ?? [];
    }

    private ServiceNode? Service(MapReader root, YamlEntry entry)
    {
        var name = root.NameOf(new Located<string>(entry.Key, entry.KeyPosition));
        var service = root.Open(entry.Value, ManifestKeys.Service);
        if (name is null || service is null)
        {
            return name is null ? null : new ServiceNode { Name = name, IsBroken = true };
        }

        var partitions = service.Open("partitions", ManifestKeys.Partitions);
        var node = new ServiceNode
        {
            Name = name,
            Machine = service.Text("machine", isRequired: true),
            F = service.Integer("f", 0, FMax),
            Replicas = service.Integer("replicas", 1, ReplicasMax),
            Witnesses = service.Integer("witnesses", 0, FMax),
            Placement = service.Open("placement", ManifestKeys.Placement) is { } placement ? Nodes(placement, "nodes") : null,
            Durability = service.Choice("durability", Durabilities)?.Value,
            Settings = service.Map("settings")?.Entries ?? [],
            Partitions = partitions is null ? null : _partitions.ReadGroups(partitions),
        };
        return node with { IsBroken = service.IsBroken || partitions is { IsBroken: true } };
    }

    private CompositionNode? Composition(MapReader root, YamlEntry entry)
    {
        var name = root.NameOf(new Located<string>(entry.Key, entry.KeyPosition));
        var composition = root.Open(entry.Value, ManifestKeys.Composition);
        return name is null ? null : new CompositionNode(name, composition is null ? null : Strategy(composition));
    }

    private StrategyNode? Strategy(MapReader composition)
    {
        string[] strategies = ["partition", "extend", "add", "remove"];
        var given = strategies.Where(composition.Has).ToArray();
        if (given.Length != 1)
        {
            composition.Wrong(
                FindingCodes.NotOneStrategy,
                given.Length == 0 ? composition.Position : composition.PositionOf(given[1]),
                given.Length == 0 ? "a composition needs a strategy" : $"a composition has one strategy, but this has {string.Join(" and ", given)}",
                "give one of partition, extend, add, remove; nest compositions for more");
            return null;
        }

        if (given[0] != "extend" && composition.Has("operations"))
        {
            composition.Wrong(FindingCodes.UnknownKey, composition.PositionOf("operations"), $"'operations' does not belong to '{given[0]}'", "it belongs to 'extend'");
        }

        return given[0] switch
        {
            "partition" => composition.Open("partition", ManifestKeys.Partition) is { } partition
                && _partitions.ReadServices(partition) is { } node ? new PartitionStrategy(node) : null,
            "extend" => Extend(composition),
            "add" => Add(composition),
            _ => Remove(composition),
        };
    }

    private ExtendStrategy? Extend(MapReader composition)
    {
        var from = composition.Name("extend");
        var operations = composition.Map("operations", isRequired: true);
        if (operations is { Entries.Count: 0 })
        {
            composition.Wrong(FindingCodes.NothingGiven, operations.Position, "'operations' is empty", "add, replace or remove an operation");
        }

        return from is null ? null : new ExtendStrategy(
            from, (operations?.Entries ?? []).Select(entry => _operations.Read(composition, entry)).OfType<OperationNode>().ToList());
    }

    private static AddStrategy? Add(MapReader composition)
    {
        var added = composition.OpenEach("add", ManifestKeys.Added)?.Select(Added).OfType<AddedNode>().ToList();
        return added is null ? null : new AddStrategy(added);
    }

    private static AddedNode? Added(MapReader added)
    {
        var from = added.Name("from", isRequired: true);
        if (added.Has("only") && added.Has("except"))
        {
            added.Wrong(FindingCodes.NotOneStrategy, added.PositionOf("except"), "'only' and 'except' do not go together", "keep one of them");
        }

        var renames = new List<(Located<string>, Located<string>)>();
        foreach (var entry in added.Map("rename")?.Entries ?? [])
        {
            var name = added.TextOf(entry.Value) is { } text ? added.NameOf(text) : null;
            if (name is not null)
            {
                renames.Add((new Located<string>(entry.Key, entry.KeyPosition), name));
            }
        }

        return from is null ? null : new AddedNode(added.Position, from, added.NameList("only"), added.NameList("except"), renames);
    }

    private static RemoveStrategy? Remove(MapReader composition)
    {
        var remove = composition.Open("remove", ManifestKeys.Removed);
        var from = remove?.Name("from", isRequired: true);
        var map = remove?.Map("operations", isRequired: true);
        if (from is null || remove is null)
        {
            return null;
        }

        var operations = new List<(Located<string>, Located<string>)>();
        foreach (var entry in map?.Entries ?? [])
        {
            if (Reason(remove, entry.Value) is { } reason)
            {
                operations.Add((new Located<string>(entry.Key, entry.KeyPosition), reason));
            }
        }

        return new RemoveStrategy(from, operations);
    }

    /// <summary>Why an operation was removed: a sentence that callers get.</summary>
    internal static Located<string>? Reason(MapReader reader, YamlNode node)
    {
        if (node is YamlScalar { IsNull: false } scalar && !string.IsNullOrWhiteSpace(scalar.Text))
        {
            return reader.TextOf(node);
        }

        reader.Wrong(FindingCodes.NoReason, node.Position, "a removed operation needs a reason, since callers get it", "write a sentence");
        return null;
    }
}
