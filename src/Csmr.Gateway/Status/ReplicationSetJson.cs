using System.Text.Json;
using Csmr.Composition.Plans;

namespace Csmr.Gateway.Status;

/// <summary>Writes what <c>GET /v1/operations/{operation}/replicas</c> answers.</summary>
internal static class ReplicationSetJson
{
    public static void Write(Utf8JsonWriter json, Plan plan, OperationPlan operation, Value[] arguments, IReadOnlyList<StepGroups> steps)
    {
        json.WriteStartObject();
        json.WriteString("operation"u8, operation.Name);
        json.WriteStartObject("arguments"u8);
        for (var i = 0; i < arguments.Length; i++)
        {
            if (!arguments[i].IsNull)
            {
                json.WritePropertyName(operation.Parameters[i].Name);
                WriteValue(json, arguments[i]);
            }
        }

        json.WriteEndObject();
        json.WriteStartArray("steps"u8);
        foreach (var (step, groups) in steps)
        {
            json.WriteStartObject();
            json.WriteString("step"u8, step.Id);
            json.WriteString("service"u8, step.Service);
            json.WriteString("operation"u8, step.Operation.Name);
            WriteNames(json, "groups"u8, groups.Select(static group => group.Name));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteGroups(json, plan, [.. steps.SelectMany(static step => step.Groups).Distinct().OrderBy(static group => group.Name, StringComparer.Ordinal)]);
        json.WriteEndObject();
    }

    private static void WriteGroups(Utf8JsonWriter json, Plan plan, GroupId[] ids)
    {
        var groups = ids.Select(plan.Group).OfType<GroupPlan>().ToArray();
        json.WriteStartArray("groups"u8);
        foreach (var group in groups)
        {
            json.WriteStartObject();
            json.WriteString("group"u8, group.Id.Name);
            json.WriteNumber("f"u8, group.F);
            json.WriteStartArray("replicas"u8);
            foreach (var replica in group.Replicas)
            {
                json.WriteStartObject();
                json.WriteString("replica"u8, replica.Id.ToString());
                json.WriteString("node"u8, replica.Node);
                json.WriteBoolean("witness"u8, replica.IsWitness);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteNames(json, "executing"u8, groups
            .SelectMany(static group => group.Replicas.Where(static replica => !replica.IsWitness).Select(replica => $"{group.Id}/{replica.Id}@{replica.Node}")));
    }

    private static void WriteNames(Utf8JsonWriter json, ReadOnlySpan<byte> member, IEnumerable<string> names)
    {
        json.WriteStartArray(member);
        foreach (var name in names)
        {
            json.WriteStringValue(name);
        }

        json.WriteEndArray();
    }

    private static void WriteValue(Utf8JsonWriter json, Value value)
    {
        switch (value.Kind)
        {
            case ValueKind.Bool:
                json.WriteBooleanValue(value.AsBool());
                break;
            case ValueKind.Long:
                json.WriteNumberValue(value.AsLong());
                break;
            case ValueKind.Json:
                json.WriteRawValue(value.AsJson());
                break;
            default:
                json.WriteStringValue(value.AsString());
                break;
        }
    }
}
