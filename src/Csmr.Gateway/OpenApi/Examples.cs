using System.Text.Json.Nodes;
using Csmr.Composition.Json;
using Csmr.Composition.Plans;
using Csmr.Gateway.Problems;

namespace Csmr.Gateway.OpenApi;

/// <summary>Puts examples together: the declared ones, and plain values where none is declared.</summary>
internal static class Examples
{
    /// <summary>The arguments of one call: all required ones, and the optional ones that have an example.</summary>
    public static JsonObject OfArguments(OperationPlan operation)
    {
        var example = new JsonObject();
        foreach (var parameter in operation.Parameters)
        {
            if (parameter.Example is not null || !parameter.IsOptional)
            {
                example[parameter.Name] = OfParameter(parameter);
            }
        }

        return example;
    }

    private static JsonNode? OfParameter(ParameterDefinition parameter)
    {
        if (parameter.Example is not null)
        {
            return JsonNode.Parse(parameter.Example);
        }

        if (parameter.Items.Count == 0)
        {
            return parameter.Minimum is { } minimum ? JsonValue.Create(minimum) : OfType(parameter.Type);
        }

        return parameter.Type.Element!.Fields.Count == 0
            ? new JsonArray(OfParameter(parameter.Items[0]))
            : new JsonArray(new JsonObject(parameter.Items.Select(static member => KeyValuePair.Create(member.Name, OfParameter(member)))));
    }

    /// <summary>One answer, with the first field under the name <c>result</c>.</summary>
    public static JsonObject OfAnswer(OperationPlan operation)
    {
        var declared = operation.Example is null ? null : JsonNode.Parse(operation.Example) as JsonObject;
        var example = new JsonObject();
        for (var i = 0; i < operation.Fields.Count; i++)
        {
            var field = operation.Fields[i];
            var isDeclared = declared is not null && declared.ContainsKey(field.Name);
            example[i == 0 ? OutcomeJson.ResultName : field.Name] = isDeclared ? declared![field.Name]?.DeepClone() : OfType(field.Type);
        }

        return example;
    }

    /// <summary>One problem of a kind.</summary>
    public static JsonObject OfProblem(ProblemType type, string? code = null, string? detail = null) => new()
    {
        ["type"] = type.Uri,
        ["title"] = type.Title,
        ["status"] = type.Status,
        ["detail"] = detail ?? type.Meaning,
        ["code"] = code ?? type.Slug,
        ["outcome"] = type == ProblemTypes.OutcomeUnknown || type == ProblemTypes.Fault || type == ProblemTypes.Expired ? "unknown" : "not-done",
        ["requestId"] = "3f2a9c0d7be14f6e8a51c2d3e4f5a6b7-1",
        ["traceId"] = "4bf92f3577b34da6a3ce929d0e0e4736",
    };

    private static JsonNode? OfType(ValueType type)
    {
        if (type.Element is not null)
        {
            return new JsonArray(OfType(type.Element));
        }

        return type.Carrier switch
        {
            ValueKind.String => JsonValue.Create("text"),
            ValueKind.Long => JsonValue.Create(1),
            ValueKind.Bool => JsonValue.Create(true),
            _ when type.Fields.Count > 0 => new JsonObject(type.Fields.Select(static field => KeyValuePair.Create(field.Name, OfType(field.Type)))),
            _ => new JsonObject { ["any"] = "value" },
        };
    }
}
