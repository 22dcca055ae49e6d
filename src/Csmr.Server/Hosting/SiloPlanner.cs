using System.Net;
using Csmr.Composition.Plans;
using Csmr.Grains.Hosting;
using Csmr.Server.Options;
using Csmr.Server.Postgres;
using Orleans.Hosting;

namespace Csmr.Server.Hosting;

/// <summary>Decides from the options which silos this process carries, and where.</summary>
internal static class SiloPlanner
{
    /// <summary>Makes the settings of the process's silos; prepares the database where one is used.</summary>
    /// <param name="options">The options.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="output">Is told about waiting.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The settings.</returns>
    /// <exception cref="StartException">The options do not fit the plan, or the database cannot be used.</exception>
    public static async Task<IReadOnlyList<SiloSettings>> MakeAsync(
        ServerOptions options, Plan plan, TextWriter output, CancellationToken cancellationToken)
    {
        CheckName(options, plan);
        var clustering = await ClusteringOfAsync(options, output, cancellationToken);
        var siloNames = options.Role switch
        {
            ServerRole.All => [.. plan.Nodes, GatewayName(options)],
            ServerRole.Replica => [options.Name!],
            _ => new[] { GatewayName(options) },
        };
        var ports = FreePorts.Take(2 * siloNames.Length);
        return [.. siloNames.Select((name, index) => new SiloSettings
        {
            Name = name,
            Cluster = options.Cluster ?? plan.Name,
            Plan = plan,
            Clustering = clustering,
            Logging = logging => QuietConsole.Configure(logging, options.LogLevel, options.LogFormat == LogFormat.Json),
            Advertised = options.Advertised,
            SiloPort = options.SiloPort > 0 ? options.SiloPort : ports[2 * index],
            GatewayPort = options.GatewayPort > 0 ? options.GatewayPort : ports[(2 * index) + 1],
            Directory = plan.Nodes.Contains(name) ? Path.GetFullPath(Path.Combine(options.DataDirectory, name)) : null,
            CheckpointDirectory = plan.Nodes.Contains(name) && options.Role != ServerRole.Replica ? null : CheckpointsOf(options),
            Retention = kept => (kept.KeptMax, kept.KeptDays) = (options.CheckpointsKept, options.CheckpointDays),
            SnapshotJournalBytes = (long)options.SnapshotJournalMib << 20,
            Rest = options.Rest,
            Traces = options.Otlp is { } collector && index == siloNames.Length - 1 ? services => Telemetry.AddTraces(services, collector, options.TracePercent) : null,
            TlsDirectory = options.TlsDirectory,
            SiloTlsDirectory = options.SiloTlsDirectory,
            Urls = plan.Nodes.Contains(name) && options.Role != ServerRole.Replica ? null : UrlsOf(options),
        })];
    }

    private static string? UrlsOf(ServerOptions options) =>
        options.Urls ?? (options.Role == ServerRole.Replica ? null : ServerOptions.DefaultUrls);

    private static string? CheckpointsOf(ServerOptions options) =>
        options.Checkpoints is { } directory ? Path.GetFullPath(directory)
        : options.Role == ServerRole.All ? Path.GetFullPath(Path.Combine(options.DataDirectory, "checkpoints"))
        : null;

    // Gateways come and go in any number: each needs a name of its own, since namesakes replace each other.
    private static string GatewayName(ServerOptions options) =>
        options.Name ?? (options.Role == ServerRole.All ? "gateway" : $"gateway-{Dns.GetHostName()}-{Environment.ProcessId}");

    private static void CheckName(ServerOptions options, Plan plan)
    {
        var isNode = options.Name is { } name && plan.Nodes.Contains(name);
        if (options.Role == ServerRole.Replica && !isNode)
        {
            throw new StartException(StartException.Usage, $"--name {options.Name} is no node of the manifest; it has {string.Join(", ", plan.Nodes)}");
        }

        if (options.Role == ServerRole.Gateway && isNode)
        {
            throw new StartException(StartException.Usage, $"--name {options.Name} is a replica's name in the manifest; give the gateway another one");
        }
    }

    private static async Task<Action<ISiloBuilder>> ClusteringOfAsync(ServerOptions options, TextWriter output, CancellationToken cancellationToken)
    {
        if (options.Clustering == ClusteringKind.Embedded)
        {
            return new EmbeddedCluster().Use;
        }

        var connectionString = await PostgresMembership.PrepareAsync(
            options.Postgres!, TimeSpan.FromSeconds(options.StartupSeconds), output, cancellationToken);
        return silo => PostgresMembership.Use(silo, connectionString);
    }
}
