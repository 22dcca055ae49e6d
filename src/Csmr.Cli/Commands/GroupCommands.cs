using System.CommandLine;
using System.Text.Json;

namespace Csmr.Cli.Commands;

/// <summary>Commands on the groups of a running cluster: who belongs to them, who leads (docs/membership.md).</summary>
internal static class GroupCommands
{
    /// <summary><c>csmr groups [GROUP]</c>.</summary>
    public static Command Show(Screen screen)
    {
        var group = new Argument<string?>("GROUP") { Description = "One group, with its replicas; all where left out.", Arity = ArgumentArity.ZeroOrOne };
        var url = Gateway.Url();
        var command = new Command("groups", "Shows the groups of a running cluster.") { group, url };
        command.SetAction((result, cancellation) => result.GetValue(group) is { } name
            ? Gateway.SendAsync(screen, result.GetRequiredValue(url), HttpMethod.Get, PathOf(name), body: null, json => PrintReplicas(screen, json), cancellation)
            : Gateway.SendAsync(screen, result.GetRequiredValue(url), HttpMethod.Get, "/v1/groups", body: null, json => PrintGroups(screen, json), cancellation));
        return command;
    }

    /// <summary><c>csmr add-replica GROUP --node NODE [--witness]</c>.</summary>
    public static Command Add(Screen screen)
    {
        var (group, url) = (Group(), Gateway.Url());
        var node = new Option<string>("--node") { Description = "The node that gets the replica.", Required = true };
        var witness = new Option<bool>("--witness") { Description = "It only votes." };
        var command = new Command("add-replica", "Adds a replica to a group. It votes when it has caught up.") { group, node, witness, url };
        command.SetAction((result, cancellation) => Gateway.SendAsync(
            screen,
            result.GetRequiredValue(url),
            HttpMethod.Post,
            $"{PathOf(result.GetRequiredValue(group))}/replicas",
            new { node = result.GetRequiredValue(node), witness = result.GetValue(witness) },
            json => screen.Output.Write($"{Gateway.Text(json, "replica")} joins\n"),
            cancellation));
        return command;
    }

    /// <summary><c>csmr remove-replica GROUP REPLICA</c>.</summary>
    public static Command Remove(Screen screen)
    {
        var (group, url) = (Group(), Gateway.Url());
        var replica = new Argument<string>("REPLICA") { Description = "The replica, as r2." };
        var command = new Command("remove-replica", "Removes a replica from a group.") { group, replica, url };
        command.SetAction((result, cancellation) => Gateway.SendAsync(
            screen,
            result.GetRequiredValue(url),
            HttpMethod.Delete,
            $"{PathOf(result.GetRequiredValue(group))}/replicas/{Uri.EscapeDataString(result.GetRequiredValue(replica))}",
            body: null,
            json => screen.Output.Write($"{Gateway.Text(json, "replica")} is removed\n"),
            cancellation));
        return command;
    }

    /// <summary><c>csmr move-leader GROUP [--node NODE]</c>.</summary>
    public static Command Move(Screen screen)
    {
        var (group, url) = (Group(), Gateway.Url());
        var node = new Option<string?>("--node") { Description = "The node whose replica is to lead; any that is up to date where left out." };
        var command = new Command("move-leader", "Hands a group's leadership to another replica.") { group, node, url };
        command.SetAction((result, cancellation) => Gateway.SendAsync(
            screen,
            result.GetRequiredValue(url),
            HttpMethod.Post,
            $"{PathOf(result.GetRequiredValue(group))}/leader",
            result.GetValue(node) is { } name ? new { node = name } : new { },
            json => screen.Output.Write($"{Gateway.Text(json, "leader")} leads\n"),
            cancellation));
        return command;
    }

    private static Argument<string> Group() => new("GROUP") { Description = "The group." };

    private static string PathOf(string group) => $"/v1/groups/{Uri.EscapeDataString(group)}";

    private static void PrintGroups(Screen screen, JsonElement json)
    {
        foreach (var group in json.GetProperty("groups").EnumerateArray())
        {
            var replicas = group.GetProperty("replicas").EnumerateArray().Select(Brief);
            screen.Output.Write($"{Gateway.Text(group, "group")}  {string.Join("  ", replicas)}\n");
        }
    }

    private static string Brief(JsonElement replica) => $"{Gateway.Text(replica, "replica")}@{Gateway.Text(replica, "node")} {RoleOf(replica)}";

    private static void PrintReplicas(Screen screen, JsonElement group)
    {
        screen.Output.Write($"{Gateway.Text(group, "group")}: {Gateway.Text(group, "machine")}, configuration {Gateway.Text(group, "configuration")}\n");
        foreach (var replica in group.GetProperty("replicas").EnumerateArray())
        {
            var place = replica.TryGetProperty("chosenUpTo", out var slot) ? $", chosen up to {slot}, applied up to {Gateway.Text(replica, "appliedUpTo")}" : "";
            var stopped = Gateway.Text(replica, "stopped");
            screen.Output.Write($"{Brief(replica)}{place}{(stopped.Length > 0 ? $", stopped: {stopped}" : "")}\n");
        }
    }

    private static string RoleOf(JsonElement replica) => !replica.GetProperty("reachable").GetBoolean() ? "not reachable"
        : $"{(replica.GetProperty("witness").GetBoolean() ? "witness, " : "")}{Gateway.Text(replica, "role")}";
}
