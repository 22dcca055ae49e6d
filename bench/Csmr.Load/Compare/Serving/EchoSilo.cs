using System.Net;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;
using Orleans.Configuration;

namespace Csmr.Load.Compare.Serving;

/// <summary>A grain that only answers.</summary>
public interface IEchoGrain : IGrainWithIntegerKey
{
    /// <summary>Answers.</summary>
    /// <param name="bytes">What is sent.</param>
    /// <returns>How much it is.</returns>
    Task<int> EchoAsync([Immutable] byte[] bytes);

    /// <summary>Tells where it is.</summary>
    /// <returns>Its process.</returns>
    Task<int> WhereAsync();
}

/// <inheritdoc cref="IEchoGrain"/>
[Orleans.Placement.RandomPlacement]
public sealed class EchoGrain : Grain, IEchoGrain
{
    /// <inheritdoc/>
    public Task<int> EchoAsync(byte[] bytes) => Task.FromResult(bytes.Length);

    /// <inheritdoc/>
    public Task<int> WhereAsync() => Task.FromResult(Environment.ProcessId);
}

/// <summary>A silo without anything but that grain.</summary>
public static class EchoSilo
{
    /// <summary>Runs one.</summary>
    /// <param name="ports">Its own two, and that of the first silo.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>Completes at the end.</returns>
    public static async Task<int> RunAsync(int[] ports, CancellationToken cancellation)
    {
        using var silo = Build(ports);
        await silo.RunAsync(cancellation);
        return 0;
    }

    /// <summary>Makes one.</summary>
    /// <param name="ports">Its own two, and that of the first silo.</param>
    /// <returns>Its host.</returns>
    public static IHost Build(int[] ports)
    {
        ArgumentNullException.ThrowIfNull(ports);
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.ClearProviders();
        builder.UseOrleans(silo =>
        {
            silo.UseDevelopmentClustering(new IPEndPoint(IPAddress.Loopback, ports[2]));
            silo.Configure<ClusterOptions>(static options => (options.ClusterId, options.ServiceId) = ("echo", "echo"));
            silo.ConfigureEndpoints(IPAddress.Loopback, ports[0], ports[1]);
        });
        return builder.Build();
    }
}
