using System.Globalization;
using System.Text.Json.Nodes;
using Csmr.Gateway.Hosting;
using Csmr.Gateway.Invocations;
using Csmr.Gateway.Problems;
using Microsoft.OpenApi;

namespace Csmr.Gateway.OpenApi;

/// <summary>What all operations share, once: the schema of problems, error answers, headers.</summary>
internal static class SharedParts
{
    public const string Problem = "Problem";
    public const string Step = "Step";

    private const string Proof = "bearer";

    private static readonly (ProblemType Type, string Name)[] Responses =
    [
        (ProblemTypes.InvalidArgument, "InvalidArgument"),
        (ProblemTypes.Unauthenticated, "Unauthenticated"),
        (ProblemTypes.Forbidden, "Forbidden"),
        (ProblemTypes.TooLarge, "TooLarge"),
        (ProblemTypes.UnsupportedMediaType, "UnsupportedMediaType"),
        (ProblemTypes.KeyReused, "KeyReused"),
        (ProblemTypes.Overloaded, "Overloaded"),
        (ProblemTypes.Fault, "Fault"),
        (ProblemTypes.Unavailable, "Unavailable"),
        (ProblemTypes.OutcomeUnknown, "OutcomeUnknown"),
    ];

    /// <summary>Adds the shared parts to a document.</summary>
    public static void AddTo(OpenApiDocument document, RestOptions options)
    {
        var components = document.Components ??= new OpenApiComponents();
        components.Schemas ??= new Dictionary<string, IOpenApiSchema>(StringComparer.Ordinal);
        components.Schemas[Step] = StepSchema();
        components.Schemas[Problem] = ProblemSchema(document);
        components.Parameters = CallParameters(options);
        components.Headers = AnswerHeaders();
        if (options.AccessFile is not null)
        {
            AddProof(document);
        }

        components.Responses = Responses.ToDictionary(
            static entry => entry.Name,
            entry => (IOpenApiResponse)ProblemResponse(document, entry.Type, OthersOf(entry.Type)),
            StringComparer.Ordinal);
    }

    /// <summary>The error answers of a call, all but 409, which each operation describes itself.</summary>
    public static IEnumerable<(string Status, IOpenApiResponse Response)> CallErrors(OpenApiDocument document) =>
        Responses.Select(entry => (StatusOf(entry.Type), Reference(document, entry.Name)));

    /// <summary>One shared error answer.</summary>
    public static IOpenApiResponse Reference(OpenApiDocument document, string name) => new OpenApiResponseReference(name, document);

    /// <summary>Adds the answers to those who may not ask.</summary>
    public static void AddAccess(OpenApiDocument document, OpenApiResponses responses)
    {
        responses["401"] = Reference(document, "Unauthenticated");
        responses["403"] = Reference(document, "Forbidden");
    }

    /// <summary>The headers of a call.</summary>
    public static IList<IOpenApiParameter> CallParameterReferences(OpenApiDocument document) =>
        [.. document.Components!.Parameters!.Keys.Select(name => new OpenApiParameterReference(name, document))];

    /// <summary>The headers of an answer of status 200.</summary>
    public static Dictionary<string, IOpenApiHeader> AnswerHeaderReferences(OpenApiDocument document) => new(StringComparer.Ordinal)
    {
        [HeaderNames.RequestId] = new OpenApiHeaderReference(HeaderNames.RequestId, document),
        [HeaderNames.Slots] = new OpenApiHeaderReference(HeaderNames.Slots, document),
        [HeaderNames.IdempotencyReplayed] = new OpenApiHeaderReference(HeaderNames.IdempotencyReplayed, document),
    };

    /// <summary>An answer's schema with the steps that it has on request.</summary>
    public static OpenApiSchema WithSteps(OpenApiDocument document, OpenApiSchema answer)
    {
        answer.Properties![StepsJson.Name] = new OpenApiSchema
        {
            Type = JsonSchemaType.Array,
            Items = new OpenApiSchemaReference(Step, document),
            Description = $"With `{CallHeaders.ExplainQuery}=true`: what became of each step.",
        };
        return answer;
    }

    /// <summary>An error answer.</summary>
    public static OpenApiResponse ProblemResponse(OpenApiDocument document, ProblemType type, string more = "", JsonObject? example = null)
    {
        var headers = new Dictionary<string, IOpenApiHeader>(StringComparer.Ordinal)
        {
            [HeaderNames.RequestId] = new OpenApiHeaderReference(HeaderNames.RequestId, document),
        };
        if (type == ProblemTypes.Overloaded || type == ProblemTypes.Unavailable)
        {
            headers["Retry-After"] = new OpenApiHeaderReference("Retry-After", document);
        }

        return new OpenApiResponse
        {
            Description = $"`{type.Uri}`: {type.Meaning}{more}",
            Headers = headers,
            Content = new Dictionary<string, IOpenApiMediaType>(StringComparer.Ordinal)
            {
                [ProblemWriter.ContentType] = new OpenApiMediaType
                {
                    Schema = new OpenApiSchemaReference(Problem, document),
                    Example = example ?? Examples.OfProblem(type),
                },
            },
        };
    }

    private static void AddProof(OpenApiDocument document)
    {
        document.Components!.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>(StringComparer.Ordinal)
        {
            [Proof] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "An API key (`csmr_…`) or a token." },
        };
        document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Proof, document)] = [] }];
    }

    // Other kinds of problem may share a status.
    private static string OthersOf(ProblemType type) => type.Status switch
    {
        400 => $" Or `{ProblemTypes.InvalidRequest.Uri}`: {ProblemTypes.InvalidRequest.Meaning}",
        429 => $" Or `{ProblemTypes.TooManyRequests.Uri}`: {ProblemTypes.TooManyRequests.Meaning}",
        _ => "",
    };

    private static string StatusOf(ProblemType type) => type.Status.ToString(CultureInfo.InvariantCulture);

    private static OpenApiSchema ProblemSchema(OpenApiDocument document) => new()
    {
        Type = JsonSchemaType.Object,
        Description = "An error (RFC 9457). `type` and `code` are stable; `detail` is for a person.",
        Required = Schemas.NamesOf(["type", "title", "status", "detail", "code", "outcome", "requestId", "traceId"]),
        Properties = new Dictionary<string, IOpenApiSchema>(StringComparer.Ordinal)
        {
            ["type"] = Text("The kind of error.", "uri", [.. ProblemTypes.All.Select(static type => type.Uri)]),
            ["title"] = Text("The kind of error in a few words."),
            ["status"] = new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int32", Description = "The HTTP status." },
            ["detail"] = Text("What went wrong and what to do."),
            ["code"] = Text("The stable code: the service's own, such as `log.truncated`, or the last part of `type`."),
            ["outcome"] = Text("Whether the call was executed: it was not and will not be, it was, or nobody knows.", null, "not-done", "done", "unknown"),
            ["requestId"] = Text("The request's id, for support and for asking again."),
            ["traceId"] = Text("The trace, for support."),
            ["argument"] = Text("The argument or header that is at fault."),
            ["idempotencyKey"] = Text("The key to ask again with, where the outcome is unknown."),
            ["retryAfterMs"] = new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int32", Description = "When to try again, in milliseconds." },
            ["groups"] = new OpenApiSchema { Type = JsonSchemaType.Array, Items = Text("A group."), Description = "The groups that are not ready." },
            ["steps"] = new OpenApiSchema { Type = JsonSchemaType.Array, Items = new OpenApiSchemaReference(Step, document), Description = "What became of each step of the operation." },
        },
    };

    private static OpenApiSchema StepSchema() => new()
    {
        Type = JsonSchemaType.Object,
        Description = "What became of a step. What it calls, its answer, and why it was not executed are told on request.",
        Required = Schemas.NamesOf(["step", "state"]),
        Properties = new Dictionary<string, IOpenApiSchema>(StringComparer.Ordinal)
        {
            ["step"] = Text("The step."),
            ["state"] = Text("What became of it.", null, "done", "refused", "fault", "skipped", "not-reached", "not-done", "unknown"),
            ["call"] = Text("What it calls: `service.operation`."),
            ["group"] = Text("The group that executed it, or was to."),
            ["answer"] = new OpenApiSchema { Type = JsonSchemaType.Object, Description = "Its answer: `result`, and the further fields." },
            ["code"] = Text("Where it was refused, the stable code."),
            ["detail"] = Text("Why it was not done."),
            ["slot"] = new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int64", Description = "The slot at which it was executed." },
        },
    };

    private static OpenApiSchema Text(string description, string? format = null, params string[] values) => new()
    {
        Type = JsonSchemaType.String,
        Format = format,
        Description = description,
        Enum = values.Length > 0 ? [.. values.Select(static value => JsonValue.Create(value))] : null,
    };

    // No examples: a page that lets people try a call would send all of them at once.
    private static Dictionary<string, IOpenApiParameter> CallParameters(RestOptions options) => new(StringComparer.Ordinal)
    {
        ["IdempotencyKey"] = Header(
            HeaderNames.IdempotencyKey,
            "Makes the call exactly-once: a repetition with the same key and arguments gets the first one's answer.",
            new OpenApiSchema { Type = JsonSchemaType.String, MinLength = 1, MaxLength = HeaderReader.KeyLengthMax, Pattern = "^[!-~]+$" }),
        ["TimeoutMs"] = Header(
            HeaderNames.TimeoutMs,
            "Milliseconds after which an answer is wanted, be it that the outcome is unknown.",
            Integer(options.TimeoutMsMax.ToString(CultureInfo.InvariantCulture))),
        ["Session"] = Header(
            HeaderNames.Session,
            $"The caller's own session, 32 hexadecimal digits, with `{HeaderNames.Sequence}`: the other way to be exactly-once.",
            new OpenApiSchema { Type = JsonSchemaType.String, Pattern = "^[0-9a-fA-F]{32}$" }),
        ["Sequence"] = Header(HeaderNames.Sequence, "The request's number in its session, from 1; the same in every repetition.", Integer(null)),
        ["AcknowledgedBelow"] = Header(
            HeaderNames.AcknowledgedBelow, "The caller has the answers of all requests of its session below this number.", Integer(null)),
        ["Explain"] = new OpenApiParameter
        {
            Name = CallHeaders.ExplainQuery,
            In = ParameterLocation.Query,
            Description = $"Whether the answer tells under `{StepsJson.Name}` what each step was answered, or why it was not executed. `{HeaderNames.Explain}: true` says the same.",
            Schema = new OpenApiSchema { Type = JsonSchemaType.Boolean },
        },
        ["ExpiresAtMs"] = Header(
            HeaderNames.ExpiresAtMs,
            "Milliseconds since 1970-01-01 UTC after which the call must not be executed any more; the same in every repetition.",
            Integer(null)),
    };

    private static OpenApiParameter Header(string name, string description, OpenApiSchema schema) =>
        new() { Name = name, In = ParameterLocation.Header, Description = description, Schema = schema };

    private static OpenApiSchema Integer(string? maximum) =>
        new() { Type = JsonSchemaType.Integer, Format = "int64", Minimum = "1", Maximum = maximum };

    private static Dictionary<string, IOpenApiHeader> AnswerHeaders() => new(StringComparer.Ordinal)
    {
        [HeaderNames.RequestId] = AnswerHeader("The request's id."),
        [HeaderNames.Slots] = AnswerHeader("Where and at which slot each step was executed: `group=slot`, separated by commas."),
        [HeaderNames.IdempotencyReplayed] = AnswerHeader("`true` where the answer was kept from an earlier try of the same request."),
        ["Retry-After"] = AnswerHeader("After how many seconds to try again."),
    };

    private static OpenApiHeader AnswerHeader(string description) =>
        new() { Description = description, Schema = new OpenApiSchema { Type = JsonSchemaType.String } };
}
