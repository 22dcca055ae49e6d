using System.Globalization;
using Csmr.Composition.Json;
using Microsoft.OpenApi;

namespace Csmr.Gateway.OpenApi;

/// <summary>Turns declared types into schemas. What a schema cannot say (bytes instead of characters) its description says.</summary>
internal static class Schemas
{
    /// <summary>An object of named arguments: nothing but what is declared.</summary>
    public static OpenApiSchema OfArguments(string operation, IReadOnlyList<ParameterDefinition> parameters)
    {
        var schema = OfRecord(parameters);
        schema.Description = $"The arguments of `{operation}`.";
        return schema;
    }

    private static OpenApiSchema OfRecord(IReadOnlyList<ParameterDefinition> parameters) => new()
    {
        Type = JsonSchemaType.Object,
        AdditionalPropertiesAllowed = false,
        Properties = parameters.ToDictionary(static parameter => parameter.Name, OfParameter, StringComparer.Ordinal),
        Required = NamesOf(parameters.Where(static parameter => !parameter.IsOptional).Select(static parameter => parameter.Name)),
    };

    /// <summary>An answer: the result and the further fields, all of them always there.</summary>
    public static OpenApiSchema OfAnswer(string operation, IReadOnlyList<FieldDefinition> fields)
    {
        var named = fields.Select(static (field, index) => index == 0 ? field with { Name = OutcomeJson.ResultName } : field).ToArray();
        var schema = OfFields(named);
        schema.Description = $"The answer of `{operation}`.";
        return schema;
    }

    /// <summary>A type.</summary>
    public static OpenApiSchema Of(ValueType type)
    {
        if (type.Element is not null)
        {
            return new OpenApiSchema { Type = JsonSchemaType.Array, Items = Of(type.Element) };
        }

        return type.Carrier switch
        {
            ValueKind.String => new OpenApiSchema { Type = JsonSchemaType.String },
            ValueKind.Long => new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int64" },
            ValueKind.Bool => new OpenApiSchema { Type = JsonSchemaType.Boolean },
            _ when type.Fields.Count > 0 => OfFields(type.Fields),
            _ => new OpenApiSchema(),
        };
    }

    /// <summary>One argument, bounds included.</summary>
    public static IOpenApiSchema OfParameter(ParameterDefinition parameter)
    {
        var schema = Of(parameter.Type);
        schema.Description = DescriptionOf(parameter);
        if (parameter.Type.Carrier == ValueKind.Long)
        {
            schema.Minimum = parameter.Minimum?.ToString(CultureInfo.InvariantCulture);
            schema.Maximum = parameter.Maximum?.ToString(CultureInfo.InvariantCulture);
        }
        else if (parameter.Type.Carrier == ValueKind.String)
        {
            // A character has one to four bytes: these bounds refuse nothing that the service takes.
            schema.MinLength = parameter.BytesMin is > 0 and var least ? (least + 3) / 4 : null;
            schema.MaxLength = parameter.BytesMax;
        }

        else if (parameter.Type.Element is { } element)
        {
            schema.MaxItems = parameter.ItemsMax;
            schema.Items = parameter.Items.Count == 0 ? schema.Items : element.Fields.Count == 0 ? OfParameter(parameter.Items[0]) : OfRecord(parameter.Items);
        }

        return parameter.IsOptional ? Nullable(schema) : schema;
    }

    /// <summary>The schema with null allowed; one without a type allows it anyway.</summary>
    public static OpenApiSchema Nullable(OpenApiSchema schema)
    {
        if (schema.Type is not null)
        {
            schema.Type |= JsonSchemaType.Null;
        }

        return schema;
    }

    /// <summary>A set of member names; null where there is none, since an empty list is no valid <c>required</c>.</summary>
    public static HashSet<string>? NamesOf(IEnumerable<string> names)
    {
        var set = names.ToHashSet(StringComparer.Ordinal);
        return set.Count > 0 ? set : null;
    }

    private static OpenApiSchema OfFields(IReadOnlyList<FieldDefinition> fields) => new()
    {
        Type = JsonSchemaType.Object,
        Properties = fields.ToDictionary(static field => field.Name, OfField, StringComparer.Ordinal),
        Required = NamesOf(fields.Select(static field => field.Name)),
    };

    private static IOpenApiSchema OfField(FieldDefinition field)
    {
        var schema = Of(field.Type);
        schema.Description = field.Summary;
        return field.IsNullable ? Nullable(schema) : schema;
    }

    private static string DescriptionOf(ParameterDefinition parameter) => (parameter.BytesMin, parameter.BytesMax) switch
    {
        (null, null) => parameter.Summary,
        (null, var most) => $"{parameter.Summary} At most {most} bytes of UTF-8.",
        (var least, null) => $"{parameter.Summary} At least {least} bytes of UTF-8.",
        var (least, most) => $"{parameter.Summary} {least} to {most} bytes of UTF-8.",
    };
}
