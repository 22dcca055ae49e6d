using System.Text.Json;
using Csmr.Client.Security;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;

namespace Csmr.Client;

/// <summary>
/// Calls the operations of a composition through Orleans. Safe for any number of callers at once. A call is sent once: to be sure
/// of a write, give it an <see cref="CallOptions.IdempotencyKey"/> or use a <see cref="CsmrSession"/>.
/// </summary>
public sealed class CsmrClient : ICsmrCaller, IAsyncDisposable
{
    // The server answers within the time of the call; this is what the way there and back may add.
    private static readonly TimeSpan Transit = TimeSpan.FromMilliseconds(500);

    private readonly IProxyGrain _proxy;
    private readonly IHost? _host;

    /// <summary>Makes a client of a cluster client that exists already: within a silo, or in an application that has its own.</summary>
    /// <param name="cluster">The cluster client; stays the caller's to dispose of.</param>
    /// <param name="timeout">How long a call waits for its answer unless it says otherwise; 10 s where null.</param>
    public CsmrClient(IClusterClient cluster, TimeSpan? timeout = null)
        : this(ProxyOf(cluster), timeout ?? CsmrClientOptions.TimeoutDefault, TimeProvider.System)
    {
    }

    internal CsmrClient(IProxyGrain proxy, TimeSpan timeout, TimeProvider time, IHost? host = null) =>
        (_proxy, Timeout, Time, _host) = (proxy, timeout, time, host);

    /// <summary>How long a call waits for its answer unless it says otherwise.</summary>
    public TimeSpan Timeout { get; }

    internal TimeProvider Time { get; }

    /// <summary>Connects to a cluster.</summary>
    /// <param name="options">How to find it.</param>
    /// <param name="cancellationToken">Ends the trying.</param>
    /// <returns>The client, to be disposed of.</returns>
    /// <exception cref="InvalidOperationException">The options do not say where the cluster is.</exception>
    public static async Task<CsmrClient> ConnectAsync(CsmrClientOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.ClearProviders();
        builder.UseOrleansClient(client => Configure(client, options));
        var host = builder.Build();
        try
        {
            await host.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            host.Dispose();
            throw;
        }

        return new CsmrClient(ProxyOf(host.Services.GetRequiredService<IClusterClient>()), options.Timeout, TimeProvider.System, host);
    }

    /// <inheritdoc/>
    public async Task<CallResult> InvokeAsync(
        string operation, object? arguments = null, CallOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(operation);
        var timeout = options?.Timeout ?? Timeout;
        var request = new InvocationRequest
        {
            Operation = operation,
            Service = options?.Service,
            Arguments = JsonArguments.Write(arguments),
            IdempotencyKey = options?.IdempotencyKey,
            IsExplained = options?.IsExplained == true,
            TimeoutMs = MillisecondsOf(timeout),
        };
        if (cancellationToken.IsCancellationRequested)
        {
            throw new CsmrCanceledException(Certainty.NotDone, cancellationToken);
        }

        InvocationReply reply;
        try
        {
            reply = await SendAsync(request, timeout + Transit, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new CsmrCanceledException(Certainty.Unknown, cancellationToken);
        }
        catch (Exception exception)
        {
            throw CsmrException.Unknown(
                $"No answer came to '{operation}' ({exception.Message}): it may have been executed or may still be.", "", [], exception);
        }

        return reply.Status == CallStatus.Done ? new CallResult(reply) : throw CsmrException.Of(reply, reply.Certainty);
    }

    /// <summary>The operations that the composition offers, as <c>GET /v1/operations</c> shows them.</summary>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>A JSON object.</returns>
    public async Task<JsonElement> DescribeAsync(CancellationToken cancellationToken = default) =>
        JsonElement.Parse(await _proxy.DescribeAsync().WaitAsync(Timeout, Time, cancellationToken).ConfigureAwait(false));

    /// <summary>Starts a session: its calls are repeated until their outcome is known, and executed once.</summary>
    /// <param name="options">How it repeats; the defaults where null.</param>
    /// <returns>The session.</returns>
    public CsmrSession NewSession(CsmrSessionOptions? options = null) => new(this, options ?? new CsmrSessionOptions());

    /// <summary>Disconnects, where the client was made by <see cref="ConnectAsync"/>.</summary>
    /// <returns>A task that ends with the disconnection.</returns>
    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
        {
            await _host.StopAsync().ConfigureAwait(false);
            _host.Dispose();
        }
    }

    /// <summary>Sends a request once and waits for a while. Any exception but cancellation means that the outcome is unknown.</summary>
    internal async Task<InvocationReply> SendAsync(InvocationRequest request, TimeSpan wait, CancellationToken cancellationToken)
    {
        var answer = _proxy.InvokeAsync(request);
        try
        {
            return await answer.WaitAsync(wait, Time, cancellationToken).ConfigureAwait(false);
        }
        catch when (!answer.IsCompleted)
        {
            // Nobody waits any more: whatever comes is noted as seen.
            _ = answer.ContinueWith(
                static late => _ = late.Exception,
                CancellationToken.None,
                TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
            throw;
        }
    }

    internal static int MillisecondsOf(TimeSpan time) => (int)Math.Clamp(time.TotalMilliseconds, 1, int.MaxValue);

    private static void Configure(IClientBuilder client, CsmrClientOptions options)
    {
        client.Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (options.ClusterId, options.ServiceId ?? options.ClusterId));

        // The client waits for as long as each call says; this only bounds how long Orleans remembers a call that nobody waits for.
        client.Configure<ClientMessagingOptions>(static messaging => messaging.ResponseTimeout = TimeSpan.FromMinutes(2));
        if (options.Gateways.Count > 0)
        {
            client.UseStaticClustering([.. options.Gateways]);
        }

        if (options.TlsDirectory is { } directory)
        {
            var tls = new ConnectionTls(directory, options.ClusterId);
            client.Configure<ClientConnectionOptions>(connections => connections.ConfigureConnection(tls.Connect));
        }

        options.Configure?.Invoke(client);
    }

    private static IProxyGrain ProxyOf(IClusterClient cluster)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        return cluster.GetGrain<IProxyGrain>(0);
    }
}
