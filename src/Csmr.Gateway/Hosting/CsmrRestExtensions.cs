using Csmr.Composition.Plans;
using Csmr.Gateway.Access;
using Csmr.Gateway.Checkpoints;
using Csmr.Gateway.Invocations;
using Csmr.Gateway.OpenApi;
using Csmr.Gateway.Problems;
using Csmr.Gateway.Status;
using Csmr.Grains.Checkpoints;
using Csmr.Grains.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Csmr.Gateway.Hosting;

/// <summary>
/// Adds the REST interface to a web application that runs in a silo. It needs an <see cref="IInvoker"/>, an
/// <see cref="IClusterView"/>, an <see cref="IClusterAdmin"/> and an <see cref="ICheckpoints"/> among the services.
/// </summary>
public static class CsmrRestExtensions
{
    /// <summary>Adds what the REST interface needs and sets the web server's limits.</summary>
    /// <param name="services">The services.</param>
    /// <param name="plan">The running plan.</param>
    /// <param name="options">The limits; the defaults where null.</param>
    /// <returns>The services.</returns>
    public static IServiceCollection AddCsmrRest(this IServiceCollection services, Plan plan, RestOptions? options = null)
    {
        options ??= new RestOptions();
        options.Validate();
        services.AddRouting();
        services.AddSingleton(options);
        services.AddSingleton(new ServedPlan(plan));
        services.AddSingleton<ServingState>();
        services.AddSingleton(provider => new OperationEndpoints(
            plan, options, provider.GetRequiredService<IInvoker>(), provider.GetRequiredService<ILogger<InvocationEndpoint>>()));
        AddAccess(services, plan, options);
        services.AddRateLimiter(limiter => RequestLimits.Configure(limiter, options));
        OpenApiRoutes.AddServices(services);
        services.Configure<KestrelServerOptions>(kestrel => KestrelLimits.Apply(kestrel, options));
        return services;
    }

    /// <summary>Serves the routes. To be called once, before the application starts; routes of the host itself may follow.</summary>
    /// <param name="app">The application.</param>
    /// <returns>The application.</returns>
    public static WebApplication MapCsmrRest(this WebApplication app)
    {
        app.UseMiddleware<ProblemMiddleware>();
        app.UseRouting();
        UseAccess(app);
        ((IEndpointRouteBuilder)app).DataSources.Add(app.Services.GetRequiredService<OperationEndpoints>());
        var invoker = app.Services.GetRequiredService<IInvoker>();
        var view = app.Services.GetRequiredService<IClusterView>();
        var plan = app.Services.GetRequiredService<ServedPlan>().Plan;
        OperationRoutes.Map(app, plan, invoker);
        ClusterRoutes.Map(app, plan, view);
        MemberRoutes.Map(app, plan, app.Services.GetRequiredService<IClusterAdmin>());
        CheckpointRoutes.Map(app, app.Services.GetRequiredService<ICheckpoints>());
        HealthRoutes.Map(app, view, app.Services.GetRequiredService<ServingState>());
        OpenApiRoutes.Map(app, app.Services.GetRequiredService<RestOptions>(), plan.Name);
        return app;
    }

    private static void AddAccess(IServiceCollection services, Plan plan, RestOptions options)
    {
        if (options.AccessFile is { } file)
        {
            services.AddSingleton(provider => new AccessControl(
                file, plan, provider.GetRequiredService<ILogger<AccessControl>>(), provider.GetService<TimeProvider>() ?? TimeProvider.System));
        }

        if (options.AccessFile is not null || options.AuditFile is not null)
        {
            services.AddSingleton(provider => new AuditLog(
                options.AuditFile, provider.GetRequiredService<ILogger<AuditLog>>(), provider.GetService<TimeProvider>() ?? TimeProvider.System));
        }
    }

    // Who it is; whether it sends too much; whether it may.
    private static void UseAccess(WebApplication app)
    {
        var (control, audit) = (app.Services.GetService<AccessControl>(), app.Services.GetService<AuditLog>());
        if (control is not null)
        {
            app.Use((context, next) => AccessMiddleware.IdentifyAsync(context, control, next));
        }

        app.UseRateLimiter();
        if (control is not null || audit is not null)
        {
            app.Use(next => new AccessMiddleware(next, control, audit).InvokeAsync);
        }
    }
}
