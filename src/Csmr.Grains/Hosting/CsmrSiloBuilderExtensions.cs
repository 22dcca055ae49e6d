using Csmr.Composition.Plans;
using Csmr.Grains.Checkpoints;
using Csmr.Grains.Hosting.Compatibility;
using Csmr.Grains.Replicas;
using Csmr.Grains.Replicas.Pinning;
using Csmr.Grains.Routing;
using Csmr.Replication.Ports;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime;
using Orleans.Runtime.GrainDirectory;
using Orleans.Runtime.Hosting;

namespace Csmr.Grains.Hosting;

/// <summary>Adds CSMR to a silo.</summary>
public static class CsmrSiloBuilderExtensions
{
    // An unreachable silo would fill the log with these, each with a stack trace; what fails is counted instead (GrainMeter).
    private static readonly string[] NoisyCategories = ["Orleans.Messaging", "Orleans.Runtime.CallbackData", "Polly"];

    /// <summary>
    /// Makes the silo carry the replicas that the plan gives to its name. It takes calls as well, like a gateway.
    /// </summary>
    /// <param name="silo">The silo's builder.</param>
    /// <param name="ports">The plan and the journals.</param>
    /// <param name="configure">Changes timing and bounds.</param>
    /// <returns>The builder.</returns>
    public static ISiloBuilder AddCsmrReplicas(this ISiloBuilder silo, ReplicaPorts ports, Action<ReplicaOptions>? configure = null)
    {
        silo.AddCsmrGateway(ports.Plan);
        silo.Services.AddSingleton(ports);
        silo.Services.AddSingleton<LocalReplicas>();
        silo.Services.AddSingleton<ICompositeLanguage, CompositeLanguage>();
        silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, ReplicaLifecycle>();
        silo.Services.AddOptions<ReplicaOptions>().Configure(options => configure?.Invoke(options)).ValidateOnStart();
        silo.Services.AddSingleton<IValidateOptions<ReplicaOptions>, ReplicaOptionsValidator>();
        return silo;
    }

    /// <summary>Makes the silo take calls of the plan's operations: gives it an <see cref="IInvoker"/>, an <see cref="IClusterView"/> and an <see cref="IClusterAdmin"/>.</summary>
    /// <param name="silo">The silo's builder.</param>
    /// <param name="plan">The running plan.</param>
    /// <param name="configure">Changes timing and bounds.</param>
    /// <returns>The builder.</returns>
    public static ISiloBuilder AddCsmrGateway(this ISiloBuilder silo, Plan plan, Action<GatewayOptions>? configure = null)
    {
        AddPinning(silo);
        AddQuietLogs(silo);
        var services = silo.Services;
        services.TryAddSingleton(plan);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(ProtocolVersion.OfThisProgram);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<ILifecycleParticipant<ISiloLifecycle>, Handshake>());
        services.AddOptions<GatewayOptions>().Configure(options => configure?.Invoke(options)).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<GatewayOptions>, GatewayOptionsValidator>());
        services.TryAddSingleton<GroupDirectory>();
        services.TryAddSingleton<IInvoker, Invoker>();
        services.TryAddSingleton<IClusterAdmin, ClusterAdmin>();
        services.TryAddSingleton<ICheckpoints, CheckpointService>();
        services.TryAddSingleton<ClusterView>();
        services.TryAddSingleton<IClusterView>(static provider => provider.GetRequiredService<ClusterView>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<Microsoft.Extensions.Hosting.IHostedService, ClusterWatch>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<Microsoft.Extensions.Hosting.IHostedService, NameWatcher>());
        return silo;
    }

    /// <summary>Changes how fast membership notices dead silos.</summary>
    /// <param name="silo">The silo's builder.</param>
    /// <param name="configure">Changes it.</param>
    /// <returns>The builder.</returns>
    public static ISiloBuilder ConfigureCsmrMembership(this ISiloBuilder silo, Action<MembershipTuning> configure)
    {
        silo.Services.Configure(configure);
        return silo;
    }

    private static void AddPinning(ISiloBuilder silo)
    {
        var services = silo.Services;
        if (services.Any(static service => service.ServiceType == typeof(SiloMap)))
        {
            return;
        }

        services.AddSingleton<SiloMap>();
        services.AddSingleton<IFatalErrorHandler, FatalErrorStop>();
        services.AddSingleton<IGrainDirectoryCache, PinnedCache>();
        silo.AddPlacementDirector<PinnedStrategy, PinnedDirector>();
        silo.AddGrainDirectory(PinnedDirectory.Name, static (provider, _) => new PinnedDirectory(provider.GetRequiredService<SiloMap>()));
        services.AddOptions<MembershipTuning>().ValidateOnStart();
        services.AddSingleton<IValidateOptions<MembershipTuning>, MembershipTuningValidator>();
        services.AddOptions<ClusterMembershipOptions>()
            .Configure<IOptions<MembershipTuning>>(static (options, tuning) => tuning.Value.Apply(options));
    }

    private static void AddQuietLogs(ISiloBuilder silo) => silo.Services.AddLogging(static logging =>
    {
        foreach (var category in NoisyCategories)
        {
            logging.AddFilter(category, LogLevel.None);
        }
    });
}
