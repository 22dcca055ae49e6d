using System.CommandLine;
using System.Globalization;
using System.Text.Json;

namespace Csmr.Cli.Commands;

/// <summary>Commands on the checkpoints of a gateway: back up and restore (docs/checkpoints.md).</summary>
internal static class CheckpointCommands
{
    private const string Path = "/v1/checkpoints";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary><c>csmr checkpoint …</c>.</summary>
    public static Command Create(Screen screen) => new("checkpoint", "Backs services up and restores them.")
    {
        Make(screen),
        List(screen),
        Of(screen, "verify", "Reads a checkpoint from its beginning to its end.", static (screen, url, id, cancellation) =>
            FollowAsync(screen, url, $"{PathOf(id)}/verify", body: null, key: null, cancellation)),
        Of(screen, "delete", "Deletes a checkpoint.", static (screen, url, id, cancellation) =>
            Gateway.SendAsync(screen, url, HttpMethod.Delete, PathOf(id), body: null, _ => screen.Output.Write($"{id} is deleted\n"), cancellation)),
        Restore(screen),
        Copy(screen, "download", "Copies a checkpoint from the gateway into a file.", "Where to.", Gateway.DownloadAsync),
        Copy(screen, "upload", "Copies a checkpoint from a file to the gateway, which verifies it.", "Where from.", Gateway.UploadAsync),
    };

    private static Command Make(Screen screen)
    {
        var (id, url) = (new Argument<string?>("ID") { Description = "Its name; made up where left out.", Arity = ArgumentArity.ZeroOrOne }, Gateway.Url());
        var services = new Option<string[]>("--service") { Description = "A service; all where left out. May be given several times." };
        var command = new Command("create", "Makes a checkpoint of services at one point of their common order.") { id, services, url };
        command.SetAction((result, cancellation) => FollowAsync(
            screen,
            result.GetRequiredValue(url),
            Path,
            new Dictionary<string, object?>(StringComparer.Ordinal) { ["id"] = result.GetValue(id), ["services"] = result.GetValue(services) is { Length: > 0 } named ? named : null }
                .Where(static member => member.Value is not null).ToDictionary(StringComparer.Ordinal),
            key: null,
            cancellation));
        return command;
    }

    private static Command List(Screen screen)
    {
        var url = Gateway.Url();
        var command = new Command("list", "Lists the checkpoints, the newest first.") { url };
        command.SetAction((result, cancellation) => Gateway.SendAsync(screen, result.GetRequiredValue(url), HttpMethod.Get, Path, body: null, json =>
        {
            foreach (var checkpoint in json.GetProperty("checkpoints").EnumerateArray())
            {
                var damage = Gateway.Text(checkpoint, "damage");
                var services = checkpoint.TryGetProperty("groups", out var groups)
                    ? string.Join(", ", groups.EnumerateArray().Select(static group => Gateway.Text(group, "service")).Distinct(StringComparer.Ordinal))
                    : "";
                screen.Output.Write($"{Gateway.Text(checkpoint, "checkpoint")}  {Gateway.Text(checkpoint, "createdAt")}  {Gateway.Text(checkpoint, "bytes")} bytes  {(damage.Length > 0 ? damage : services)}\n");
            }
        }, cancellation));
        return command;
    }

    private static Command Restore(Screen screen)
    {
        var (id, url) = (Id(), Gateway.Url());
        var services = new Option<string[]>("--service") { Description = "A service, or FROM=TO to restore it into another one; all where left out. May be given several times." };
        var key = new Option<string?>("--key") { Description = "The same key again does not restore again, and tells what came of the first time." };
        var command = new Command("restore", "Replaces the states of services by those of a checkpoint: all at one point of their common order, or none.") { id, services, key, url };
        command.SetAction((result, cancellation) =>
        {
            var named = result.GetValue(services) ?? [];
            return FollowAsync(
                screen,
                result.GetRequiredValue(url),
                $"{PathOf(result.GetRequiredValue(id))}/restore",
                named.Length == 0 ? null : new { services = named.Select(static service => service.Split('=', 2)).DistinctBy(static pair => pair[0]).ToDictionary(static pair => pair[0], static pair => pair[^1], StringComparer.Ordinal) },
                result.GetValue(key),
                cancellation);
        });
        return command;
    }

    private static Command Of(Screen screen, string name, string description, Func<Screen, string, string, CancellationToken, Task<int>> run)
    {
        var (id, url) = (Id(), Gateway.Url());
        var command = new Command(name, description) { id, url };
        command.SetAction((result, cancellation) => run(screen, result.GetRequiredValue(url), result.GetRequiredValue(id), cancellation));
        return command;
    }

    private static Command Copy(Screen screen, string name, string description, string what, Func<Screen, string, string, FileInfo, CancellationToken, Task<int>> copy)
    {
        var (id, url) = (Id(), Gateway.Url());
        var file = new Argument<FileInfo>("FILE") { Description = what };
        var command = new Command(name, description) { id, file, url };
        command.SetAction((result, cancellation) => copy(screen, result.GetRequiredValue(url), $"{PathOf(result.GetRequiredValue(id))}/content", result.GetRequiredValue(file), cancellation));
        return command;
    }

    private static Argument<string> Id() => new("ID") { Description = "The checkpoint's name." };

    private static string PathOf(string id) => $"{Path}/{Uri.EscapeDataString(id)}";

    // Begins a job and shows how far it comes, until it ends.
    private static async Task<int> FollowAsync(Screen screen, string url, string path, object? body, string? key, CancellationToken cancellation)
    {
        var job = default(JsonElement);
        var exitCode = await Gateway.SendAsync(screen, url, HttpMethod.Post, path, body, json => job = json.Clone(), cancellation, key);
        var shown = "";
        while (exitCode == ExitCode.Good && Gateway.Text(job, "state") == "running")
        {
            await Task.Delay(Pause, cancellation);
            exitCode = await Gateway.SendAsync(screen, url, HttpMethod.Get, $"/v1/jobs/{Gateway.Text(job, "job")}", body: null, json => job = json.Clone(), cancellation);
            if (exitCode != ExitCode.Good)
            {
                // Whoever does it may be gone, and may have done it.
                return ExitCode.Unknown;
            }

            var progress = Progress(job);
            if (progress != shown && screen.IsTerminal)
            {
                await screen.Error.WriteAsync($"{progress}\n");
                shown = progress;
            }
        }

        return exitCode == ExitCode.Good ? End(screen, job) : exitCode;
    }

    private static int End(Screen screen, JsonElement job)
    {
        var text = $"{Gateway.Text(job, "kind")} {Gateway.Text(job, "checkpoint")}: {Gateway.Text(job, "state")}";
        switch (Gateway.Text(job, "state"))
        {
            case "done":
                screen.Output.Write($"{text}\n");
                return ExitCode.Good;
            case "failed":
                screen.Error.Write($"csmr: {text}, nothing is changed: {Gateway.Text(job, "error")}\n");
                return ExitCode.Bad;
            default:
                screen.Error.Write($"csmr: {text}: {Gateway.Text(job, "error")}\n");
                return ExitCode.Unknown;
        }
    }

    private static string Progress(JsonElement job) => string.Create(
        CultureInfo.InvariantCulture,
        $"{Gateway.Text(job, "phase")} {Gateway.Text(job, "bytesDone")}{(Gateway.Text(job, "bytesTotal") is { Length: > 0 } total ? $" of {total}" : "")} bytes");
}
