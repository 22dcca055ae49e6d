using System.Globalization;
using System.Text.Json;
using Csmr.Grains.Checkpoints;
using Csmr.Replication.Ports;

namespace Csmr.Gateway.Checkpoints;

/// <summary>Checkpoints and jobs as JSON.</summary>
internal static class CheckpointJson
{
    public static void Write(Utf8JsonWriter json, IReadOnlyList<StoredCheckpoint> checkpoints) => WriteList(json, "checkpoints", checkpoints, Write);

    public static void Write(Utf8JsonWriter json, IReadOnlyList<JobStatus> jobs) => WriteList(json, "jobs", jobs, Write);

    public static void Write(Utf8JsonWriter json, StoredCheckpoint checkpoint)
    {
        json.WriteStartObject();
        json.WriteString("checkpoint"u8, checkpoint.Id);
        json.WriteNumber("bytes"u8, checkpoint.FileBytes);
        json.WriteString("damage"u8, checkpoint.Damage);
        if (checkpoint.Head is { } head)
        {
            json.WriteString("createdAt"u8, Text(head.CreatedAtMs));
            json.WriteString("composition"u8, head.Composition);
            json.WriteNumber("version"u8, head.ManifestVersion);
            json.WriteString("sha256"u8, checkpoint.Sha256);
            json.WriteStartArray("groups"u8);
            foreach (var (group, total) in head.Groups.Zip(checkpoint.Totals))
            {
                Write(json, group, total);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, JobStatus job)
    {
        json.WriteStartObject();
        json.WriteString("job"u8, job.Id);
        json.WriteString("kind"u8, job.Kind);
        json.WriteString("checkpoint"u8, job.Checkpoint);
        json.WriteString("state"u8, job.State switch
        {
            JobState.Running => "running",
            JobState.Done => "done",
            JobState.Failed => "failed",
            _ => "unknown",
        });
        json.WriteString("phase"u8, job.Phase);
        json.WriteNumber("bytesDone"u8, job.BytesDone);
        if (job.BytesTotal is { } total)
        {
            json.WriteNumber("bytesTotal"u8, total);
        }

        json.WriteString("startedAt"u8, Text(job.StartedAtMs));
        json.WriteString("endedAt"u8, job.EndedAtMs is { } endedAtMs ? Text(endedAtMs) : null);
        json.WriteString("error"u8, job.Error);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, CheckpointGroup group, CheckpointTotal total)
    {
        json.WriteStartObject();
        json.WriteString("group"u8, group.Group);
        json.WriteString("service"u8, group.Service);
        json.WriteString("machine"u8, group.Machine);
        json.WriteNumber("slot"u8, group.Slot.Number);
        json.WriteNumber("parts"u8, total.Parts);
        json.WriteNumber("bytes"u8, total.Bytes);
        json.WriteEndObject();
    }

    private static void WriteList<T>(Utf8JsonWriter json, string name, IReadOnlyList<T> items, Action<Utf8JsonWriter, T> write)
    {
        json.WriteStartObject();
        json.WriteStartArray(name);
        foreach (var item in items)
        {
            write(json, item);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static string Text(long timeMs) => DateTimeOffset.FromUnixTimeMilliseconds(timeMs).ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
}
