using System.Text.Json;

namespace Csmr.Chaos.Clusters;

/// <summary>One group as a gateway tells of it.</summary>
/// <param name="Group">The group's name.</param>
/// <param name="Leader">The name of the silo whose replica leads and serves; null for none.</param>
/// <param name="Replicas">Its replicas.</param>
/// <param name="Pending">The atomic calls that are pending there; null where it was not asked for.</param>
public sealed record GroupView(string Group, string? Leader, IReadOnlyList<ReplicaView> Replicas, PendingView? Pending)
{
    public static GroupView Read(JsonElement json) => new(
        json.GetProperty("group").GetString()!,
        json.GetProperty("leader").GetString(),
        json.TryGetProperty("replicas", out var replicas) ? [.. replicas.EnumerateArray().Select(ReplicaView.Read)] : [],
        json.TryGetProperty("pending", out var pending) && pending.ValueKind == JsonValueKind.Object ? PendingView.Read(pending) : null);
}

/// <summary>The atomic calls that are pending at a group.</summary>
/// <param name="Count">How many.</param>
/// <param name="OldestAgeMs">For how long the oldest one is known there, by the group's time.</param>
/// <param name="Calls">The oldest ones, as they were told.</param>
public sealed record PendingView(int Count, long OldestAgeMs, string Calls)
{
    public static PendingView Read(JsonElement json) => new(
        json.GetProperty("count").GetInt32(),
        json.TryGetProperty("oldestAgeMs", out var age) && age.ValueKind == JsonValueKind.Number ? age.GetInt64() : 0,
        json.GetProperty("calls").GetRawText());
}

/// <summary>One replica of a group as a gateway tells of it.</summary>
/// <param name="Id">Its id in the group: <c>r0</c>.</param>
/// <param name="Node">The silo that has its disk.</param>
/// <param name="IsWitness">Whether it only votes.</param>
/// <param name="IsReachable">Whether it answered.</param>
/// <param name="Role">Its role; empty where it did not answer.</param>
/// <param name="ChosenUpTo">Up to which slot it knows the log.</param>
/// <param name="AppliedUpTo">Up to which slot its state is.</param>
/// <param name="Digest">The digest of its state, where it was asked for.</param>
/// <param name="Stopped">Why it has stopped for good; null where it runs.</param>
public sealed record ReplicaView(
    string Id, string Node, bool IsWitness, bool IsReachable, string Role, long ChosenUpTo, long AppliedUpTo, string? Digest, string? Stopped)
{
    public static ReplicaView Read(JsonElement json) => new(
        json.GetProperty("replica").GetString()!,
        json.GetProperty("node").GetString()!,
        json.GetProperty("witness").GetBoolean(),
        json.GetProperty("reachable").GetBoolean(),
        Text(json, "role") ?? "",
        Number(json, "chosenUpTo"),
        Number(json, "appliedUpTo"),
        Text(json, "digest"),
        Text(json, "stopped"));

    private static string? Text(JsonElement json, string name) => json.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static long Number(JsonElement json, string name) => json.TryGetProperty(name, out var value) ? value.GetInt64() : 0;
}
