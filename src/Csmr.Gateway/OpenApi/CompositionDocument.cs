using System.Globalization;
using Csmr.Composition.Plans;
using Csmr.Gateway.Hosting;
using Csmr.Gateway.Invocations;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace Csmr.Gateway.OpenApi;

/// <summary>Fills the OpenAPI document from the running plan: the routes are made at run time, so nothing can be read off methods.</summary>
/// <param name="served">The plan.</param>
/// <param name="options">The limits, which the document states.</param>
internal sealed class CompositionDocument(ServedPlan served, RestOptions options) : IDocumentFilter
{
    /// <summary>The document's name in its path.</summary>
    public const string Name = "v1";

    public void Apply(OpenApiDocument swaggerDoc, DocumentFilterContext context)
    {
        var plan = served.Plan;
        swaggerDoc.Info = InfoOf(plan, options);
        swaggerDoc.Servers = [new OpenApiServer { Url = "/", Description = "The silo that serves this document; every silo serves the same." }];
        swaggerDoc.Tags = TagsOf(plan);
        swaggerDoc.Paths = [];
        SharedParts.AddTo(swaggerDoc, options);
        OperationPaths.AddTo(swaggerDoc, plan);
        StatusSchemas.AddTo(swaggerDoc);
        StatusPaths.AddTo(swaggerDoc, plan);
    }

    private static OpenApiInfo InfoOf(Plan plan, RestOptions options) => new()
    {
        Title = plan.Name,
        Version = plan.Version.ToString(CultureInfo.InvariantCulture),
        Description =
            $"The operations of the composition `{plan.Name}`: replicated, linearizable, durable as each group declares.\n\n"
            + $"A body is a JSON object of named arguments, of at most {options.BodyBytesMax} bytes; unknown arguments are refused. "
            + "An answer is `{\"result\": …}` with further fields beside it.\n\n"
            + $"A call with `{HeaderNames.IdempotencyKey}` is executed once, however often it is sent. Every error is "
            + "`application/problem+json`; its `outcome` says whether the call was executed. A 504 means that nobody knows yet: "
            + "repeat the call with the same key.",
    };

    private static HashSet<OpenApiTag> TagsOf(Plan plan)
    {
        var tags = plan.Operations
            .Select(static operation => operation.Service)
            .Distinct(StringComparer.Ordinal)
            .Select(static service => new OpenApiTag { Name = service, Description = $"The operations of the exposed service `{service}`." })
            .ToHashSet();
        tags.Add(new OpenApiTag { Name = StatusPaths.ClusterTag, Description = "The composition, its groups and replicas." });
        tags.Add(new OpenApiTag { Name = StatusPaths.HealthTag, Description = "What an orchestrator asks." });
        return tags;
    }
}
