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
        if (id?.Value == "in")
        {
            step.Wrong(FindingCodes.BadName, id.Position, "a step cannot be called 'in'", "'$in' stands for the client's arguments");
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

    private static ArgumentNode? Full(MapReader operation, YamlEntry entry, MapReader argument)
    {
        var type = argument.Text("type", isRequired: true) is { } text ? TypeOf(operation, text) : null;
        if (type is null)
        {
            return null;
        }

        var parameter = new ParameterDefinition(entry.Key, type, argument.Text("summary")?.Value ?? "")
        {
            IsOptional = argument.Bool("optional") ?? false,
            Minimum = argument.Long("minimum", long.MinValue, long.MaxValue)?.Value,
            Maximum = argument.Long("maximum", long.MinValue, long.MaxValue)?.Value,
            BytesMin = argument.Integer("bytesMin", 0, YamlText.BytesMax)?.Value,
            BytesMax = argument.Integer("bytesMax", 0, YamlText.BytesMax)?.Value,
            Example = Example(argument),
        };
        CheckBounds(argument, parameter);
        return new ArgumentNode(entry.KeyPosition, parameter);
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

    private static ValueType? TypeOf(MapReader reader, Located<string> text)
    {
        if (Types.TryGetValue(text.Value, out var type))
        {
            return type;
        }

        reader.Wrong(
            FindingCodes.WrongChoice,
            text.Position,
            $"there is no type '{Suggestion.Shown(text.Value)}'",
            Suggestion.Among(text.Value, "the types are", Types.Keys));
        return null;
    }
}
