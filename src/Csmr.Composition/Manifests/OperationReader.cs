using System.Text;
using System.Text.Json;
using Csmr.Composition.Findings;
using Csmr.Composition.Plans;
using Csmr.Composition.Yaml;

namespace Csmr.Composition.Manifests;

/// <summary>Reads the operations of an extension.</summary>
internal sealed class OperationReader(FindingList findings)
{
    private static readonly Dictionary<string, ValueType> Types = new(StringComparer.Ordinal)
    {
        ["string"] = ValueType.String,
        ["long"] = ValueType.Long,
        ["bool"] = ValueType.Bool,
        ["json"] = ValueType.Json,
    };

    private const string ListType = "list";
    private const int ItemsMax = 64;

    private static readonly Dictionary<string, RefusalRule> RefusalRules = new(StringComparer.Ordinal)
    {
        ["stop"] = RefusalRule.Stop,
        ["continue"] = RefusalRule.Continue,
    };

    /// <summary>The types of arguments that a manifest can declare.</summary>
    public static IReadOnlyCollection<string> TypeNames => Types.Keys;

    /// <summary>Reads one operation.</summary>
    /// <param name="extension">The extension that it is in.</param>
    /// <param name="entry">Its name and what is said of it.</param>
    /// <returns>The operation; null where nothing can be made of it.</returns>
    public OperationNode? Read(MapReader extension, YamlEntry entry)
    {
        var name = extension.NameOf(new Located<string>(entry.Key, entry.KeyPosition));
        var operation = extension.Open(entry.Value, ManifestKeys.Operation);
        if (name is null || operation is null)
        {
            return null;
        }

        return operation.Has("remove") ? Removed(name, operation) : Composite(name, operation);
    }

    private static OperationNode Removed(Located<string> name, MapReader operation)
    {
        foreach (var key in ManifestKeys.Operation.Keys.Where(key => key != "remove" && operation.Has(key)))
        {
            operation.Wrong(FindingCodes.NotOneStrategy, operation.PositionOf(key), $"'{key}' and 'remove' do not go together", "keep one of them");
        }

        var reason = ManifestReader.Reason(operation, operation.Node("remove")!);
        return new OperationNode { Name = name, Removed = reason ?? new Located<string>("removed", name.Position) };
    }

    private OperationNode Composite(Located<string> name, MapReader operation)
    {
        var arguments = operation.Map("in")?.Entries.Select(entry => Argument(operation, entry)).OfType<ArgumentNode>().ToList();
        var readers = operation.OpenEach("steps", ManifestKeys.Step);
        if (!operation.Has("steps"))
        {
            operation.Wrong(FindingCodes.MissingKey, operation.Position, "the key 'steps' is missing here", "list the calls that the operation makes, or remove it with a reason");
        }

        var steps = (readers ?? []).Select(Step).OfType<StepNode>().ToList();
        var node = new OperationNode
        {
            Name = name,
            Arguments = arguments,
            Steps = steps,
            Return = operation.Node("return"),
            Summary = operation.Text("summary")?.Value,
            Consistency = operation.Choice("consistency", ManifestReader.Consistencies),
        };
        return node with { IsBroken = operation.IsBroken || (readers ?? []).Any(static step => step.IsBroken) };
    }

    private static StepNode? Step(MapReader step)
    {
        var call = step.Text("call", isRequired: true);
        var id = step.Name("id");
        if (id?.Value is "in" or "item")
        {
            step.Wrong(FindingCodes.BadName, id.Position, $"a step cannot be called '{id.Value}'", "'$in' stands for the client's arguments, '$item' for an item of 'forEach'");
            return null;
        }

        var dot = call?.Value.IndexOf('.', StringComparison.Ordinal) ?? -1;
        if (call is null || dot <= 0 || dot == call.Value.Length - 1 || call.Value.LastIndexOf('.') != dot)
        {
            if (call is not null)
            {
                step.Wrong(FindingCodes.BadName, call.Position, $"'{Suggestion.Shown(call.Value)}' is no operation of a service", "write 'service.operation'");
            }

            return null;
        }

        var operation = new Located<string>(call.Value[(dot + 1)..], call.Position);
        return new StepNode
        {
            Id = id ?? operation,
            Service = new Located<string>(call.Value[..dot], call.Position),
            Operation = operation,
            ForEach = step.Text("forEach"),
            With = step.Map("with"),
            When = step.Node("when"),
            OnRefusal = step.Choice("onRefusal", RefusalRules),
        };
    }

    private ArgumentNode? Argument(MapReader operation, YamlEntry entry)
    {
        if (!Names.IsArgumentName(entry.Key))
        {
            operation.Wrong(
                FindingCodes.BadName,
                entry.KeyPosition,
                $"'{Suggestion.Shown(entry.Key)}' is no name of an argument",
                "such a name is letters and digits, a lower-case letter first");
            return null;
        }

        if (entry.Value is YamlMap map)
        {
            return Full(operation, entry, new MapReader(map, ManifestKeys.Argument, findings));
        }

        var type = operation.TextOf(entry.Value) is { } text ? TypeOf(operation, text) : null;
        return type is null ? null : new ArgumentNode(entry.KeyPosition, new ParameterDefinition(entry.Key, type, ""));
    }

    private ArgumentNode? Full(MapReader operation, YamlEntry entry, MapReader argument)
    {
        var text = argument.Text("type", isRequired: true);
        IReadOnlyList<ParameterDefinition> items = [];
        var type = text is null ? null : text.Value == ListType ? List(argument, out items) : TypeOf(operation, text, ListType);
        if (type is null)
        {
            return null;
        }

        if (items.Count == 0 && (argument.Has("of") || argument.Has("itemsMax")))
        {
            argument.Wrong(FindingCodes.WrongType, argument.Position, $"argument '{entry.Key}' is a {type} and has no items", "they belong to list");
        }

        var parameter = new ParameterDefinition(entry.Key, type, argument.Text("summary")?.Value ?? "")
        {
            IsOptional = argument.Bool("optional") ?? false,
            Minimum = argument.Long("minimum", long.MinValue, long.MaxValue)?.Value,
            Maximum = argument.Long("maximum", long.MinValue, long.MaxValue)?.Value,
            BytesMin = argument.Integer("bytesMin", 0, YamlText.BytesMax)?.Value,
            BytesMax = argument.Integer("bytesMax", 0, YamlText.BytesMax)?.Value,
            ItemsMax = argument.Integer("itemsMax", 1, ItemsMax)?.Value,
            Items = items,
            Example = Example(argument),
        };
        CheckBounds(argument, parameter);
        return new ArgumentNode(entry.KeyPosition, parameter);
    }

    /// <summary>A list of single values, or of records: a map of members.</summary>
    private ValueType? List(MapReader list, out IReadOnlyList<ParameterDefinition> items)
    {
        items = [];
        if (!list.Has("itemsMax"))
        {
            list.Wrong(FindingCodes.MissingKey, list.Position, "the key 'itemsMax' is missing here", $"say how many items a client may give: 1 to {ItemsMax}");
        }

        if (list.Node("of") is not YamlMap map)
        {
            var type = list.Text("of", isRequired: true) is { } text ? TypeOf(list, text) : null;
            items = type is null ? [] : [new ParameterDefinition("item", type, "")];
            return type is null ? null : ValueType.ListOf(type);
        }

        var members = map.Entries.Select(entry => Argument(list, entry)?.Parameter).ToArray();
        if (members.Length == 0 || members.Contains(null) || members.Any(static member => member!.Type.Element is not null))
        {
            list.Wrong(FindingCodes.WrongKind, map.Position, "the items of a list are of one type, or records with members of such types", "write 'of: string' or 'of: {key: string, value: json}'");
            return null;
        }

        items = members!;
        return ValueType.ListOf(ValueType.Record([.. items.Select(static member => new FieldDefinition(member.Name, member.Type, member.Summary, member.IsOptional))]));
    }

    private static void CheckBounds(MapReader argument, ParameterDefinition parameter)
    {
        if ((argument.Has("minimum") || argument.Has("maximum")) && !ReferenceEquals(parameter.Type, ValueType.Long))
        {
            argument.Wrong(FindingCodes.WrongType, argument.Position, $"argument '{parameter.Name}' is a {parameter.Type} and has no minimum or maximum", "they belong to long");
        }

        if ((argument.Has("bytesMin") || argument.Has("bytesMax")) && parameter.Type.Carrier is not (ValueKind.String or ValueKind.Json))
        {
            argument.Wrong(FindingCodes.WrongType, argument.Position, $"argument '{parameter.Name}' is a {parameter.Type} and has no bytes", "they belong to string and json");
        }
    }

    private static string? Example(MapReader argument)
    {
        var text = argument.Text("example");
        if (text is null)
        {
            return null;
        }

        try
        {
            var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(text.Value));
            reader.Read();
            reader.Skip();
            reader.Read();
            return text.Value;
        }
        catch (JsonException)
        {
            argument.Wrong(FindingCodes.WrongKind, text.Position, "an example is JSON text", "write texts with both quotes: '\"apple\"'");
            return null;
        }
    }

    private static ValueType? TypeOf(MapReader reader, Located<string> text, params string[] further)
    {
        if (Types.TryGetValue(text.Value, out var type))
        {
            return type;
        }

        reader.Wrong(
            FindingCodes.WrongChoice,
            text.Position,
            $"there is no type '{Suggestion.Shown(text.Value)}'",
            Suggestion.Among(text.Value, "the types are", Types.Keys.Concat(further)));
        return null;
    }
}
