namespace Csmr.Composition.Manifests;

/// <summary>The keys of every kind of map in a manifest: what the reader takes. The JSON Schema lists the same; a test keeps them equal.</summary>
public static class ManifestKeys
{
    public const string ApiVersion = "csmr/v1";
    public const string Kind = "Composition";

    public static readonly MapKeys Root = new(
        "manifest", ["apiVersion", "kind", "metadata", "nodes", "include", "assemblies", "defaults", "services", "compose", "expose"]);

    public static readonly MapKeys Metadata = new("metadata", ["name", "version"]);
    public static readonly MapKeys Defaults = new("defaults", ["f", "durability", "consistency"]);

    public static readonly MapKeys Service = new(
        "service", ["machine", "f", "replicas", "witnesses", "placement", "durability", "settings", "partitions"]);

    public static readonly MapKeys Placement = new("placement", ["nodes"]);

    /// <summary>A service over several groups.</summary>
    public static readonly MapKeys Partitions = new("partitions", ["by", "ranges", "prefixes", "default", "hash"]);
    public static readonly MapKeys GroupRange = new("groupRange", ["from", "to"]);
    public static readonly MapKeys GroupPrefix = new("groupPrefix", ["prefix"]);
    public static readonly MapKeys GroupHash = new("groupHash", ["buckets", "groups"]);

    public static readonly MapKeys Composition = new("composition", ["partition", "extend", "operations", "add", "remove"]);
    public static readonly MapKeys Partition = new("partition", ["by", "ranges", "prefixes", "default", "hash"]);
    public static readonly MapKeys Range = new("range", ["from", "to", "service"]);
    public static readonly MapKeys Prefix = new("prefix", ["prefix", "service"]);
    public static readonly MapKeys Hash = new("hash", ["buckets", "services"]);
    public static readonly MapKeys Operation = new("operation", ["in", "steps", "return", "summary", "consistency", "remove"]);
    public static readonly MapKeys Argument = new(
        "argument", ["type", "of", "itemsMax", "optional", "minimum", "maximum", "bytesMin", "bytesMax", "summary", "example"]);

    public static readonly MapKeys Step = new("step", ["id", "forEach", "call", "with", "when", "onRefusal"]);
    public static readonly MapKeys Added = new("added", ["from", "only", "except", "rename"]);
    public static readonly MapKeys Removed = new("removed", ["from", "operations"]);

    /// <summary>The keys of a map that is an operator in an expression: one of them, alone.</summary>
    public static readonly MapKeys Condition = new("condition", ["not", "equals", "less", "atMost", "more", "atLeast", "all", "any"]);

    /// <summary>The further operators where a value stands; there, all of them have a <c>$</c> before their names.</summary>
    public static IReadOnlyList<string> ValueOperators { get; } = ["plus", "minus", "negative", "first"];

    /// <summary>All of them, by the names that the schema uses.</summary>
    public static IReadOnlyList<MapKeys> All { get; } =
    [
        Root, Metadata, Defaults, Service, Placement, Partitions, GroupRange, GroupPrefix, GroupHash, Composition, Partition, Range, Prefix,
        Hash, Operation, Argument, Step, Added, Removed, Condition,
    ];
}

/// <summary>The keys that one kind of map takes.</summary>
/// <param name="Name">What the map is.</param>
/// <param name="Keys">The keys.</param>
public sealed record MapKeys(string Name, IReadOnlyList<string> Keys);
