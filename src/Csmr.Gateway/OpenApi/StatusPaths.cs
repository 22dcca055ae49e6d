using System.Globalization;
using System.Text.Json.Nodes;
using Csmr.Composition.Plans;
using Csmr.Gateway.Invocations;
using Csmr.Gateway.Problems;
using Microsoft.OpenApi;

namespace Csmr.Gateway.OpenApi;

/// <summary>The paths that every composition has. Administration (POST below a group) is not described here: it has a port of its own.</summary>
internal static class StatusPaths
{
    public const string ClusterTag = "Cluster";
    public const string HealthTag = "Health";

    public static void AddTo(OpenApiDocument document, Plan plan)
    {
        Add(document, "/v1/operations", Get(document, ClusterTag, "listOperations", "Lists the operations, removed ones included.", "Operations"));
        var replicas = Get(
            document,
            ClusterTag,
            "showReplicationSet",
            "Shows which groups and replicas a call reaches.",
            "ReplicationSet",
            ProblemTypes.UnknownOperation,
            ProblemTypes.InvalidArgument,
            ProblemTypes.RemovedOperation);
        replicas.Description = "The operation's arguments are given by the query string, such as `?key=apple`. Where those that routing looks "
            + "at are all there the answer is R(x, a), else R(x).";
        var routed = RoutedOperation(plan);
        replicas.Parameters = [PathParameter("operation", "The operation.", routed?.Name ?? "put"), ArgumentParameter(routed)];
        Add(document, "/v1/operations/{operation}/replicas", replicas);
        Add(document, "/v1/cluster", Get(document, ClusterTag, "showCluster", "Shows the composition, the silos and the groups.", "Cluster"));
        Add(document, "/v1/groups", Get(document, ClusterTag, "listGroups", "Shows every group with its replicas.", "Groups"));
        var group = Get(document, ClusterTag, "showGroup", "Shows one group with its replicas and digests of their states.", "Group", ProblemTypes.UnknownGroup);
        group.Parameters = [PathParameter("group", "The group.", plan.Groups.Count > 0 ? plan.Groups[0].Id.Name : "events")];
        Add(document, "/v1/groups/{group}", group);
        Add(document, "/health/live", Get(document, HealthTag, "isLive", "Tells that the process runs; depends on nothing else.", "Health"));
        Add(document, "/health/ready", Get(document, HealthTag, "isReady", "Tells whether every group has a serving leader.", "Health", ProblemTypes.NotReady));
    }

    private static void Add(OpenApiDocument document, string path, OpenApiOperation operation)
    {
        // An operation of the composition may have the name of a fixed path: it is called by another method.
        var item = document.Paths.TryGetValue(path, out var present) ? (OpenApiPathItem)present : new OpenApiPathItem();
        item.AddOperation(HttpMethod.Get, operation);
        document.Paths[path] = item;
    }

    private static OpenApiOperation Get(
        OpenApiDocument document, string tag, string id, string summary, string schema, params ProblemType[] problems)
    {
        var responses = new OpenApiResponses
        {
            ["200"] = new OpenApiResponse
            {
                Description = summary,
                Content = new Dictionary<string, IOpenApiMediaType>(StringComparer.Ordinal)
                {
                    [JsonContent.Type] = new OpenApiMediaType { Schema = new OpenApiSchemaReference(schema, document) },
                },
            },
        };
        foreach (var problem in problems.OrderBy(static problem => problem.Status))
        {
            responses[problem.Status.ToString(CultureInfo.InvariantCulture)] = SharedParts.ProblemResponse(document, problem);
        }

        responses["500"] = SharedParts.Reference(document, "Fault");
        var isOpen = tag == HealthTag;
        if (!isOpen)
        {
            SharedParts.AddAccess(document, responses);
        }

        return new OpenApiOperation
        {
            Security = isOpen && document.Security is not null ? [] : null,
            OperationId = id,
            Tags = new HashSet<OpenApiTagReference> { new(tag, document) },
            Summary = summary,
            Responses = responses,
        };
    }

    private static OpenApiParameter PathParameter(string name, string description, string example) => new()
    {
        Name = name,
        In = ParameterLocation.Path,
        Required = true,
        Description = description,
        Schema = new OpenApiSchema { Type = JsonSchemaType.String },
        Examples = new Dictionary<string, IOpenApiExample>(StringComparer.Ordinal) { ["one"] = new OpenApiExample { Value = example } },
    };

    // The best example: an operation whose arguments decide where it goes, else any that is offered.
    private static OperationPlan? RoutedOperation(Plan plan)
    {
        var offered = plan.Operations.Where(static operation => operation.RemovedReason is null).ToArray();
        return Array.Find(offered, static operation => operation.Steps.Any(static step => step.Router.Groups.Count > 1)) ?? offered.FirstOrDefault();
    }

    // Which arguments there are depends on the operation: an object spread over the query string.
    private static OpenApiParameter ArgumentParameter(OperationPlan? routed)
    {
        var example = new JsonObject();
        foreach (var parameter in routed?.Parameters.Where(static parameter => parameter.Type.Carrier == ValueKind.String) ?? [])
        {
            example[parameter.Name] = parameter.Example is null ? "text" : JsonNode.Parse(parameter.Example);
        }

        return new OpenApiParameter
        {
            Name = "arguments",
            In = ParameterLocation.Query,
            Style = ParameterStyle.Form,
            Explode = true,
            Description = "The arguments, each under its own name.",
            Schema = new OpenApiSchema { Type = JsonSchemaType.Object, AdditionalProperties = new OpenApiSchema { Type = JsonSchemaType.String } },
            Examples = new Dictionary<string, IOpenApiExample>(StringComparer.Ordinal) { ["one"] = new OpenApiExample { Value = example } },
        };
    }
}
