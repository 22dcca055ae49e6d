using System.Globalization;
using System.Text.Json;
using Csmr.Composition.Plans;
using Csmr.Gateway.Access;
using Csmr.Gateway.Invocations;
using Csmr.Gateway.Problems;
using Csmr.Grains.Replicas.Membership;
using Csmr.Grains.Routing;

namespace Csmr.Gateway.Status;

/// <summary>The routes that change who belongs to a group, and who leads it.</summary>
internal static class MemberRoutes
{
    public static void Map(IEndpointRouteBuilder routes, Plan plan, IClusterAdmin admin)
    {
        var group = routes.MapGroup("/v1/groups/{group}").RequireAdministration(AdministrationArea.Members);
        group.MapPost("/replicas", context => ServeAsync(context, plan, async id =>
        {
            if (await ReadAsync(context, "node", "witness") is { } body)
            {
                var change = new MemberChange(body.Node, body.IsWitness, Removed: null);
                await (body.Node is null
                    ? JsonBody.WriteInvalidAsync(context, "'node' is missing: name the node that gets the replica")
                    : AnswerAsync(context, await admin.ChangeAsync(id, change, context.RequestAborted)));
            }
        }));
        group.MapDelete("/replicas/{replica}", context => ServeAsync(context, plan, async id =>
        {
            var text = (context.Request.RouteValues["replica"] as string ?? "").TrimStart('r');
            await (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var replica)
                ? AnswerAsync(context, await admin.ChangeAsync(id, new MemberChange(Node: null, IsWitness: false, replica), context.RequestAborted))
                : JsonBody.WriteInvalidAsync(context, "a replica is named r0, r1 …; GET /v1/groups/{group} lists them"));
        }));
        group.MapPost("/leader", context => ServeAsync(context, plan, async id =>
        {
            if (await ReadAsync(context, "node") is { } body)
            {
                await AnswerAsync(context, await admin.HandOverAsync(id, body.Node, context.RequestAborted));
            }
        }));
    }

    private static Task ServeAsync(HttpContext context, Plan plan, Func<GroupId, Task> serve)
    {
        var id = new GroupId(context.Request.RouteValues["group"] as string ?? "");
        return plan.Group(id) is null
            ? ProblemWriter.WriteAsync(context, new Problem(ProblemTypes.UnknownGroup, $"The composition has no group '{id}'."))
            : serve(id);
    }

    private static Task<MemberBody?> ReadAsync(HttpContext context, params string[] members) => JsonBody.ReadAsync(context, members, static json => new MemberBody(
        json.TryGetProperty("node", out var node) ? node.GetString() : null,
        json.TryGetProperty("witness", out var witness) && witness.GetBoolean()));

    private static Task AnswerAsync(HttpContext context, ChangeReply reply) => reply.Outcome switch
    {
        ChangeOutcome.Done => JsonAnswer.WriteAsync(context, json => Write(json, reply)),
        ChangeOutcome.Refused => ProblemWriter.WriteAsync(context, new Problem(ProblemTypes.Refused, reply.Reason ?? "")),
        ChangeOutcome.NotLeader => ProblemWriter.WriteAsync(context, new Problem(ProblemTypes.Unavailable, "The group has no leader that is reached; nothing is changed.")),
        _ => ProblemWriter.WriteAsync(context, new Problem(ProblemTypes.OutcomeUnknown, "The leadership ended meanwhile. GET /v1/groups/{group} tells whether it was done.")),
    };

    private static void Write(Utf8JsonWriter json, ChangeReply reply)
    {
        json.WriteStartObject();
        json.WriteString("outcome"u8, "done");
        if (reply.Replica is { } replica)
        {
            json.WriteString("replica"u8, $"r{replica}");
        }

        if (reply.Leader is { } leader)
        {
            json.WriteString("leader"u8, leader);
        }

        json.WriteEndObject();
    }

    private sealed record MemberBody(string? Node, bool IsWitness);
}
