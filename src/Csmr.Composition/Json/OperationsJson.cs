using System.Text.Json;
using Csmr.Composition.Plans;

namespace Csmr.Composition.Json;

/// <summary>Writes what <c>GET /v1/operations</c> answers: the operations that clients see, removed ones included.</summary>
public static class OperationsJson
{
    /// <summary>Describes a plan's operations.</summary>
    /// <param name="plan">The plan.</param>
    /// <returns>A JSON object as UTF-8 text.</returns>
    public static byte[] Describe(Plan plan)
    {
        using var output = new MemoryStream();
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteString("composition"u8, plan.Name);
            json.WriteNumber("version"u8, plan.Version);
            json.WriteStartArray("operations"u8);
            foreach (var operation in plan.Operations)
            {
                Write(json, operation);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return output.ToArray();
    }

    private static void Write(Utf8JsonWriter json, OperationPlan operation)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, operation.Name);
        json.WriteString("service"u8, operation.Service);
        json.WriteString("summary"u8, operation.Summary);
        json.WriteString("access"u8, operation.Access == OperationAccess.Read ? "read" : "update");
        json.WriteString("consistency"u8, operation.Consistency == Consistency.Atomic ? "atomic" : "independent");
        if (operation.RemovedReason is { } reason)
        {
            json.WriteString("removed"u8, reason);
        }

        json.WriteStartArray("arguments"u8);
        foreach (var parameter in operation.Parameters)
        {
            Write(json, parameter);
        }

        json.WriteEndArray();
        WriteFields(json, "answer"u8, operation.Fields, OutcomeJson.ResultName);
        json.WriteStartArray("refusals"u8);
        foreach (var refusal in operation.Refusals)
        {
            json.WriteStartObject();
            json.WriteString("code"u8, refusal.Code);
            json.WriteString("summary"u8, refusal.Summary);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("steps"u8);
        foreach (var step in operation.Steps)
        {
            Write(json, step);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, ParameterDefinition parameter)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, parameter.Name);
        WriteType(json, parameter.Type);
        json.WriteString("summary"u8, parameter.Summary);
        json.WriteBoolean("optional"u8, parameter.IsOptional);
        WriteBound(json, "minimum"u8, parameter.Minimum);
        WriteBound(json, "maximum"u8, parameter.Maximum);
        WriteBound(json, "bytesMin"u8, parameter.BytesMin);
        WriteBound(json, "bytesMax"u8, parameter.BytesMax);
        WriteBound(json, "itemsMax"u8, parameter.ItemsMax);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, StepPlan step)
    {
        json.WriteStartObject();
        json.WriteString("step"u8, step.Id);
        json.WriteString("service"u8, step.Service);
        json.WriteString("operation"u8, step.Operation.Name);
        json.WriteBoolean("conditional"u8, step.When is not null);
        json.WriteStartArray("groups"u8);
        foreach (var group in step.Router.Groups)
        {
            json.WriteStringValue(group.Name);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Writes fields; the first one of an answer goes by another name than its own.</summary>
    private static void WriteFields(Utf8JsonWriter json, ReadOnlySpan<byte> member, IReadOnlyList<FieldDefinition> fields, string? firstName)
    {
        json.WriteStartArray(member);
        for (var i = 0; i < fields.Count; i++)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, i == 0 && firstName is not null ? firstName : fields[i].Name);
            WriteType(json, fields[i].Type);
            json.WriteString("summary"u8, fields[i].Summary);
            json.WriteBoolean("nullable"u8, fields[i].IsNullable);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteType(Utf8JsonWriter json, ValueType type)
    {
        json.WriteString("type"u8, type.Name);
        if (type.Element is not null)
        {
            json.WriteStartObject("element"u8);
            WriteType(json, type.Element);
            json.WriteEndObject();
        }

        if (type.Fields.Count > 0)
        {
            WriteFields(json, "fields"u8, type.Fields, null);
        }
    }

    private static void WriteBound(Utf8JsonWriter json, ReadOnlySpan<byte> name, long? bound)
    {
        if (bound is { } number)
        {
            json.WriteNumber(name, number);
        }
    }
}
