using Csmr.Gateway.Access;
using Csmr.Grains;
using Csmr.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Csmr.Server.Hosting;

/// <summary>The metrics of this process, as Prometheus reads them, and its traces.</summary>
internal static class Telemetry
{
    /// <summary>Where they are served.</summary>
    public const string MetricsPath = "/metrics";

    // The process's own: memory, collections, threads. Connections of the web server. Neither costs anything for each call.
    private static readonly string[] Meters = [GrainMeter.Name, JournalMeters.MeterName, "System.Runtime", "Microsoft.AspNetCore.Server.Kestrel"];

    /// <summary>Collects them.</summary>
    /// <param name="services">The services of the silo that serves REST.</param>
    public static void Add(IServiceCollection services) => services.AddOpenTelemetry()
        .ConfigureResource(static resource => resource.AddService("csmr"))
        .WithMetrics(static metrics => metrics
            .AddMeter(Meters)
            .AddPrometheusExporter(static exporter => exporter.ScrapeEndpointPath = MetricsPath));

    /// <summary>Sends traces: those that callers have begun as they want it, of the others a share.</summary>
    /// <param name="services">The services of one silo of the process.</param>
    /// <param name="collector">Where to: OTLP over gRPC.</param>
    /// <param name="percent">The share.</param>
    public static void AddTraces(IServiceCollection services, Uri collector, int percent) => services.AddOpenTelemetry()
        .ConfigureResource(static resource => resource.AddService("csmr"))
        .WithTracing(traces => traces
            .AddSource(CallTrace.Name, "Microsoft.AspNetCore")
            .SetSampler(new ParentBasedSampler(new TraceIdRatioBasedSampler(percent / 100.0)))
            .AddOtlpExporter(exporter => exporter.Endpoint = collector));

    /// <summary>Serves them to those who may read them.</summary>
    /// <param name="application">The web application.</param>
    public static void Map(WebApplication application) =>
        application.MapPrometheusScrapingEndpoint().RequireAdministration(AdministrationArea.Metrics).DisableRateLimiting();
}
