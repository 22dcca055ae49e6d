using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Csmr.Composition.Plans;
using Csmr.Gateway.Invocations;
using Csmr.Gateway.Problems;
using Microsoft.OpenApi;

namespace Csmr.Gateway.OpenApi;

/// <summary>The path of each operation of the plan.</summary>
internal static class OperationPaths
{
    public static void AddTo(OpenApiDocument document, Plan plan)
    {
        foreach (var operation in plan.Operations)
        {
            document.Paths.Add($"/v1/{operation.Name}", new OpenApiPathItem
            {
                Operations = new Dictionary<HttpMethod, OpenApiOperation>
                {
                    [HttpMethod.Post] = operation.RemovedReason is null ? Offered(document, operation) : Removed(document, operation),
                },
            });
        }
    }

    private static OpenApiOperation Offered(OpenApiDocument document, OperationPlan operation)
    {
        var name = TypeNameOf(operation.Name);
        var schemas = document.Components!.Schemas!;
        schemas[$"{name}Arguments"] = Schemas.OfArguments(operation.Name, operation.Parameters);
        schemas[$"{name}Answer"] = SharedParts.WithSteps(document, Schemas.OfAnswer(operation.Name, operation.Fields));
        var responses = new SortedDictionary<string, IOpenApiResponse>(StringComparer.Ordinal)
        {
            ["200"] = new OpenApiResponse
            {
                Description = "Executed.",
                Headers = SharedParts.AnswerHeaderReferences(document),
                Content = Json(document, $"{name}Answer", Examples.OfAnswer(operation)),
            },
            ["409"] = Refused(document, operation),
        };
        foreach (var (status, response) in SharedParts.CallErrors(document))
        {
            responses[status] = response;
        }

        return new OpenApiOperation
        {
            OperationId = operation.Name,
            Tags = new HashSet<OpenApiTagReference> { new(operation.Service, document) },
            Summary = operation.Summary,
            Description = DescriptionOf(operation),
            Parameters = SharedParts.CallParameterReferences(document),
            RequestBody = BodyOf(document, operation),
            Responses = Ordered(responses),
        };
    }

    private static OpenApiRequestBody BodyOf(OpenApiDocument document, OperationPlan operation)
    {
        var isRequired = operation.Parameters.Any(static parameter => !parameter.IsOptional);
        return new OpenApiRequestBody
        {
            Required = isRequired,
            Description = isRequired ? "The named arguments." : "The named arguments; an empty body stands for none.",
            Content = Json(document, $"{TypeNameOf(operation.Name)}Arguments", Examples.OfArguments(operation)),
        };
    }

    private static OpenApiOperation Removed(OpenApiDocument document, OperationPlan operation)
    {
        var responses = new OpenApiResponses();
        SharedParts.AddAccess(document, responses);
        responses["410"] = SharedParts.ProblemResponse(document, ProblemTypes.RemovedOperation);
        return new OpenApiOperation
        {
            OperationId = operation.Name,
            Tags = new HashSet<OpenApiTagReference> { new(operation.Service, document) },
            Summary = $"Removed: {operation.RemovedReason}",
            Description = "The composition has withdrawn this operation. Every call is answered 410 with the reason.",
            Deprecated = true,
            Responses = responses,
        };
    }

    private static OpenApiResponse Refused(OpenApiDocument document, OperationPlan operation)
    {
        var text = new StringBuilder();
        if (operation.Refusals.Count > 0)
        {
            text.Append(" The codes:\n");
            foreach (var refusal in operation.Refusals)
            {
                text.Append(CultureInfo.InvariantCulture, $"\n* `{refusal.Code}`: {refusal.Summary}");
            }

            text.Append("\n\n");
        }

        text.Append(CultureInfo.InvariantCulture, $" Or `{ProblemTypes.Expired.Uri}`: {ProblemTypes.Expired.Meaning}");
        var example = operation.Refusals.Count > 0
            ? Examples.OfProblem(ProblemTypes.Refused, operation.Refusals[0].Code, operation.Refusals[0].Summary)
            : Examples.OfProblem(ProblemTypes.Expired);
        return SharedParts.ProblemResponse(document, ProblemTypes.Refused, text.ToString(), example);
    }

    private static string DescriptionOf(OperationPlan operation)
    {
        var text = new StringBuilder();
        var isRead = operation.Access == OperationAccess.Read;
        text.Append(!isRead ? "Changes state; ordered by the log."
            : operation.Steps.Count == 1 || operation.Consistency == Consistency.Independent ? "Reads only; linearizable, without a log entry."
            : "Reads only; linearizable. Where it takes several steps, ordered by the log.");
        var groups = operation.Steps.SelectMany(static step => step.Router.Groups).Distinct().Count();
        if (operation.Steps.Count > 1)
        {
            text.Append(operation.Consistency == Consistency.Atomic
                ? " The steps happen together: everywhere or nowhere, once, in one order."
                : " Each step is a command of its own: the call may be left half done, and then says which steps were.");
            text.Append("\n\nSteps:\n");
            foreach (var step in operation.Steps.Where(static step => step.Item <= 1))
            {
                text.Append(CultureInfo.InvariantCulture, $"\n1. `{step.Id}`: `{step.Service}.{step.Operation.Name}`");
                text.Append(step.Item == 1 ? ", and so on for each item" : step.When is null ? "" : ", on a condition");
                text.Append(CultureInfo.InvariantCulture, $", in {GroupsOf(step)}");
            }
        }
        else if (groups > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $" Executed in {GroupsOf(operation.Steps[0])}.");
        }

        text.Append(CultureInfo.InvariantCulture, $"\n\nAlso as `POST /v1/services/{operation.Service}/{operation.Name}`.");
        return text.ToString();
    }

    private static string GroupsOf(StepPlan step)
    {
        var names = step.Router.Groups.Select(static group => $"`{group.Name}`").ToArray();
        return names.Length == 1 ? $"group {names[0]}" : $"one of the groups {string.Join(", ", names)}, by the arguments";
    }

    private static Dictionary<string, IOpenApiMediaType> Json(OpenApiDocument document, string schema, JsonNode example) =>
        new(StringComparer.Ordinal)
        {
            [JsonContent.Type] = new OpenApiMediaType { Schema = new OpenApiSchemaReference(schema, document), Example = example },
        };

    private static OpenApiResponses Ordered(SortedDictionary<string, IOpenApiResponse> responses)
    {
        var ordered = new OpenApiResponses();
        foreach (var (status, response) in responses)
        {
            ordered.Add(status, response);
        }

        return ordered;
    }

    // compare-and-set: CompareAndSet.
    private static string TypeNameOf(string operation) =>
        string.Concat(operation.Split('-').Select(static word => word.Length > 0 ? $"{char.ToUpperInvariant(word[0])}{word[1..]}" : ""));
}
