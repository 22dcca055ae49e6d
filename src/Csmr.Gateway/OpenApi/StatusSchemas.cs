using Microsoft.OpenApi;

namespace Csmr.Gateway.OpenApi;

/// <summary>The schemas of what the routes of the cluster answer.</summary>
internal static class StatusSchemas
{
    public static void AddTo(OpenApiDocument document)
    {
        var schemas = document.Components!.Schemas!;
        schemas["Health"] = Object("What an orchestrator asks.", ("status", Text("`live` or `ready`.")));
        schemas["GroupSummary"] = Object("A group of replicas.", [.. GroupMembers()]);
        schemas["Replica"] = Replica();
        schemas["Pending"] = Pending();
        schemas["Group"] = Group(document);
        schemas["Groups"] = Object("All groups.", ("groups", ListOf(Reference(document, "Group"), "The groups, in order of their names.")));
        schemas["Cluster"] = Cluster(document);
        schemas["ReplicationSet"] = ReplicationSet();
        AddOperations(document);
    }

    private static OpenApiSchema Cluster(OpenApiDocument document) => Object(
        "The composition and the cluster, as one silo sees it.",
        ("composition", Text("The composition's name.")),
        ("version", Integer("The manifest's version.")),
        ("silo", Text("The silo that answers.")),
        ("ready", Truth("Whether every group has a serving leader.")),
        ("nodes", ListOf(Text("A node."), "The nodes that carry replicas.")),
        ("silos", ListOf(
            Object(
                "A silo.",
                ("name", Text("Its name.")),
                ("address", Text("Its address and generation.")),
                ("status", Text("Its membership status. A hint: nothing rests on it."))),
            "The silos known to membership.")),
        ("groups", ListOf(Reference(document, "GroupSummary"), "The groups.")));

    private static IEnumerable<(string, IOpenApiSchema)> GroupMembers()
    {
        yield return ("group", Text("Its name."));
        yield return ("service", Text("The service that it is, or is a partition of."));
        yield return ("machine", Text("The type of its state machine."));
        yield return ("f", Integer("The number of replicas that may be down while it serves."));
        yield return ("durability", Text("`fsync` or `memory`."));
        yield return ("promise", Text("What the durability means."));
        yield return ("leader", Schemas.Nullable(Text("The node whose replica leads; null where none is known.")));
        yield return ("serving", Truth("Whether the leader answers commands."));
    }

    private static OpenApiSchema Group(OpenApiDocument document)
    {
        var schema = Object(
            "A group with its replicas.",
            [.. GroupMembers(), ("configuration", Integer("The number of its configuration: 0 for the one that it was formed with.")), ("pending", Reference(document, "Pending")), ("replicas", ListOf(Reference(document, "Replica"), "Its replicas."))]);
        schema.Required!.Remove("pending");
        return schema;
    }

    private static OpenApiSchema Pending() => Object(
        "The atomic calls over several groups that this group has met and that nobody may observe here yet: where one group is asked for and an executing replica answers.",
        ("count", Integer("How many there are.")),
        ("oldestAgeMs", Integer("For how long the oldest one is known here, in milliseconds; 0 where there is none.")),
        ("calls", ListOf(
            Object(
                "A call.",
                ("requestId", Text("Its request id.")),
                ("state", Text("`proposed` (a group has not spoken yet), `ordered` or `executed` (here).")),
                ("groups", ListOf(Text("A group."), "All groups of the call."))),
            "The oldest ones.")));

    private static OpenApiSchema Replica()
    {
        var schema = Object(
            "A replica.",
            ("replica", Text("Its id in the group.")),
            ("node", Text("The node that has its disk.")),
            ("witness", Truth("Whether it only votes.")),
            ("reachable", Truth("Whether it answered in time; what follows is there only then.")),
            ("role", Text("`leader`, `follower`, `candidate` or another state of agreement.")),
            ("promised", Text("The ballot that it has promised.")),
            ("lastSlot", Integer("The last slot in its log.")),
            ("chosenUpTo", Integer("All slots up to here are known as chosen.")),
            ("appliedUpTo", Integer("All slots up to here are applied; 0 at a witness.")),
            ("snapshotSlot", Integer("The slot of its newest snapshot; 0 where it has none.")),
            ("journalBytes", Integer("Bytes of its silo's journal that cannot be deleted for its sake, in bytes.")),
            ("digest", Text("A digest of the state at `appliedUpTo`, where one group is asked for.")),
            ("stopped", Text("Why the replica has stopped for good.")));
        schema.Required = Schemas.NamesOf(["replica", "node", "witness", "reachable"]);
        return schema;
    }

    private static OpenApiSchema ReplicationSet() => Object(
        "The groups and replicas that a call may reach: R(x, a) where the arguments that routing looks at are given, else R(x).",
        ("operation", Text("The operation.")),
        ("arguments", Any("The arguments that were given.")),
        ("steps", ListOf(
            Object(
                "A step.",
                ("step", Text("Its name.")),
                ("service", Text("The service called.")),
                ("operation", Text("The operation called.")),
                ("groups", ListOf(Text("A group."), "The groups that it may reach."))),
            "The steps, in plan order.")),
        ("groups", ListOf(
            Object(
                "A group.",
                ("group", Text("Its name.")),
                ("f", Integer("The number of replicas that may be down.")),
                ("replicas", ListOf(
                    Object("A replica.", ("replica", Text("Its id.")), ("node", Text("Its node.")), ("witness", Truth("Whether it only votes."))),
                    "Its replicas."))),
            "The groups of all steps.")),
        ("executing", ListOf(Text("A replica: `group/replica@node`."), "The executing replicas: the replication set.")));

    private static void AddOperations(OpenApiDocument document)
    {
        var schemas = document.Components!.Schemas!;
        var typed = Object(
            "A declared argument or field.",
            ("name", Text("Its name.")),
            ("type", Text("`string`, `long`, `bool`, `json`, `list` or `record`.")),
            ("summary", Text("What it means.")),
            ("element", Any("The type of a list's elements.")),
            ("fields", Any("The fields of a record.")),
            ("optional", Truth("Of an argument: whether it may be left out.")),
            ("nullable", Truth("Of a field: whether it may be null.")),
            ("minimum", Integer("The smallest allowed integer.")),
            ("maximum", Integer("The largest allowed integer.")),
            ("bytesMin", Integer("The fewest allowed bytes.")),
            ("bytesMax", Integer("The most allowed bytes.")));
        typed.Required = Schemas.NamesOf(["name", "type", "summary"]);
        schemas["Declaration"] = typed;
        var operation = Object(
            "An operation that clients see.",
            ("name", Text("Its name.")),
            ("service", Text("The exposed service that offers it.")),
            ("summary", Text("What it does.")),
            ("access", Text("`read` or `update`.")),
            ("consistency", Text("`atomic` or `independent`.")),
            ("removed", Text("Why it was removed; missing where it is offered.")),
            ("arguments", ListOf(Reference(document, "Declaration"), "Its arguments.")),
            ("answer", ListOf(Reference(document, "Declaration"), "The fields of its answer; the first is `result`.")),
            ("refusals", ListOf(Object("A refusal.", ("code", Text("The stable code.")), ("summary", Text("When it is given."))), "The refusals it may answer.")),
            ("steps", ListOf(
                Object(
                    "A step.",
                    ("step", Text("Its name.")),
                    ("service", Text("The service called.")),
                    ("operation", Text("The operation called.")),
                    ("conditional", Truth("Whether it depends on a condition.")),
                    ("groups", ListOf(Text("A group."), "The groups that it may reach."))),
                "Its steps, in plan order.")));
        operation.Required!.Remove("removed");
        schemas["Operation"] = operation;
        schemas["Operations"] = Object(
            "The operations of the composition.",
            ("composition", Text("The composition's name.")),
            ("version", Integer("The manifest's version.")),
            ("operations", ListOf(Reference(document, "Operation"), "The operations, in order of their names.")));
    }

    private static OpenApiSchemaReference Reference(OpenApiDocument document, string name) => new(name, document);

    private static OpenApiSchema Object(string description, params (string Name, IOpenApiSchema Schema)[] members) => new()
    {
        Type = JsonSchemaType.Object,
        Description = description,
        Properties = members.ToDictionary(static member => member.Name, static member => member.Schema, StringComparer.Ordinal),
        Required = Schemas.NamesOf(members.Select(static member => member.Name)),
    };

    private static OpenApiSchema ListOf(IOpenApiSchema item, string description) =>
        new() { Type = JsonSchemaType.Array, Items = item, Description = description };

    private static OpenApiSchema Text(string description) => new() { Type = JsonSchemaType.String, Description = description };

    private static OpenApiSchema Truth(string description) => new() { Type = JsonSchemaType.Boolean, Description = description };

    private static OpenApiSchema Integer(string description) => new() { Type = JsonSchemaType.Integer, Format = "int64", Description = description };

    private static OpenApiSchema Any(string description) => new() { Description = description };
}
