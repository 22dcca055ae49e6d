using System.Text.Json;
using Csmr.Composition.Plans;
using Csmr.Grains.Routing;

namespace Csmr.Gateway.Status;

/// <summary>Writes what the routes of the cluster and its groups answer.</summary>
internal static class ClusterJson
{
    public static void WriteCluster(Utf8JsonWriter json, Plan plan, ClusterStatus status)
    {
        json.WriteStartObject();
        json.WriteString("composition"u8, plan.Name);
        json.WriteNumber("version"u8, plan.Version);
        json.WriteString("silo"u8, status.Silo);
        json.WriteBoolean("ready"u8, status.IsReady);
        json.WriteStartArray("nodes"u8);
        foreach (var node in plan.Nodes)
        {
            json.WriteStringValue(node);
        }

        json.WriteEndArray();
        json.WriteStartArray("silos"u8);
        foreach (var silo in status.Silos)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, silo.Name);
            json.WriteString("address"u8, silo.Address);
            json.WriteString("status"u8, silo.Status);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("groups"u8);
        foreach (var group in plan.Groups)
        {
            json.WriteStartObject();
            WritePlan(json, group);
            WriteLeader(json, status.Groups.FirstOrDefault(candidate => candidate.Id == group.Id));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    public static void WriteGroups(Utf8JsonWriter json, Plan plan, IReadOnlyList<GroupStatus> groups)
    {
        json.WriteStartObject();
        json.WriteStartArray("groups"u8);
        foreach (var group in groups)
        {
            WriteGroup(json, plan, group);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    public static void WriteGroup(Utf8JsonWriter json, Plan plan, GroupStatus group)
    {
        json.WriteStartObject();
        if (plan.Group(group.Id) is { } planned)
        {
            WritePlan(json, planned);
        }
        else
        {
            json.WriteString("group"u8, group.Id.Name);
        }

        WriteLeader(json, group);
        json.WriteNumber("configuration"u8, group.Configuration);
        WritePending(json, group);
        json.WriteStartArray("replicas"u8);
        foreach (var replica in group.Replicas)
        {
            Write(json, replica);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WritePlan(Utf8JsonWriter json, GroupPlan group)
    {
        json.WriteString("group"u8, group.Id.Name);
        json.WriteString("service"u8, group.Service);
        json.WriteString("machine"u8, group.Machine.Definition.Name);
        json.WriteNumber("f"u8, group.F);
        json.WriteString("durability"u8, group.Durability == Durability.Fsync ? "fsync" : "memory");
        json.WriteString("promise"u8, group.Durability == Durability.Fsync
            ? "On disk at a quorum, flushed, before it is acknowledged."
            : "In memory only, for experiments: a restart of its replicas loses everything.");
    }

    private static void WriteLeader(Utf8JsonWriter json, GroupStatus? status)
    {
        json.WriteString("leader"u8, status?.Leader);
        json.WriteBoolean("serving"u8, status is not null && status.IsServed());
    }

    /// <summary>What the leader holds; where none serves, the executing replica that is furthest.</summary>
    private static void WritePending(Utf8JsonWriter json, GroupStatus group)
    {
        var status = group.Replicas
            .Select(static replica => replica.Status)
            .Where(static status => status?.Pending is not null)
            .OrderByDescending(static status => status!.IsServing)
            .ThenByDescending(static status => status!.AppliedUpTo)
            .FirstOrDefault();
        if (status?.Pending is not { } pending)
        {
            return;
        }

        json.WriteStartObject("pending"u8);
        json.WriteNumber("count"u8, pending.Count);
        json.WriteNumber("oldestAgeMs"u8, pending.OldestAgeMs);
        json.WriteStartArray("calls"u8);
        foreach (var call in pending.Calls)
        {
            json.WriteStartObject();
            json.WriteString("requestId"u8, call.RequestId);
            json.WriteString("state"u8, call.State);
            json.WriteStartArray("groups"u8);
            foreach (var name in call.Groups)
            {
                json.WriteStringValue(name);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, ReplicaEntry replica)
    {
        json.WriteStartObject();
        json.WriteString("replica"u8, replica.Id.ToString());
        json.WriteString("node"u8, replica.Node);
        json.WriteBoolean("witness"u8, replica.IsWitness);
        json.WriteBoolean("reachable"u8, replica.IsReachable);
        if (replica.Status is { } status)
        {
            json.WriteString("role"u8, status.Role);
            json.WriteString("promised"u8, status.Promised);
            json.WriteNumber("lastSlot"u8, status.LastSlot);
            json.WriteNumber("chosenUpTo"u8, status.ChosenUpTo);
            json.WriteNumber("appliedUpTo"u8, status.AppliedUpTo);
            json.WriteNumber("snapshotSlot"u8, status.SnapshotSlot);
            json.WriteNumber("journalBytes"u8, status.JournalBytes);
            if (status.Digest is not null)
            {
                json.WriteString("digest"u8, status.Digest);
            }

            if (status.Stopped is not null)
            {
                json.WriteString("stopped"u8, status.Stopped);
            }
        }

        json.WriteEndObject();
    }
}
