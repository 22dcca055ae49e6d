using System.Text;
using Csmr.Gateway.Access;
using Csmr.Gateway.Hosting;
using Csmr.Gateway.Status;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.Swagger;

namespace Csmr.Gateway.OpenApi;

/// <summary>Serves the document, made once, and the web page that shows it.</summary>
internal static class OpenApiRoutes
{
    public const string Path = $"/openapi/{CompositionDocument.Name}.json";

    public static void AddServices(IServiceCollection services)
    {
        services.AddEndpointsApiExplorer();
        services.AddSwaggerGen(generator =>
        {
            generator.SwaggerDoc(CompositionDocument.Name, new OpenApiInfo());

            // The host's own routes are not part of the composition.
            generator.DocInclusionPredicate(static (_, _) => false);
            generator.DocumentFilter<CompositionDocument>();
        });
    }

    public static void Map(WebApplication app, RestOptions options, string title)
    {
        var provider = app.Services.GetRequiredService<ISwaggerProvider>();
        var document = new Lazy<byte[]>(() => Write(provider.GetSwagger(CompositionDocument.Name)));
        app.MapGet(Path, context => JsonAnswer.WriteAsync(context, document.Value)).RequirePrincipal();
        if (!options.ServesSwaggerUi || options.AccessFile is not null)
        {
            return;
        }

        app.UseSwaggerUI(page =>
        {
            page.RoutePrefix = "swagger";
            page.DocumentTitle = $"{title} – API";
            page.SwaggerEndpoint($"..{Path}", $"{title} (OpenAPI 3.0)");
            page.DisplayRequestDuration();
            page.EnableDeepLinking();
            page.DefaultModelsExpandDepth(0);
        });
    }

    private static byte[] Write(OpenApiDocument document)
    {
        using var text = new StringWriter { NewLine = "\n" };
        document.SerializeAs(OpenApiSpecVersion.OpenApi3_0, new OpenApiJsonWriter(text));
        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
