using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;

namespace Csmr.Client.Security;

/// <summary>
/// Mutual TLS on the connections of Orleans. A certificate says by a DNS name what its holder is: <c>silo.CLUSTER</c> or
/// <c>client.CLUSTER</c>. A silo takes other silos alone at its port for silos, and both at its port for clients; nobody talks to a silo that does
/// not show to be one. Certificates are looked at in each handshake, so that renewed ones hold without a restart.
/// </summary>
public sealed class ConnectionTls
{
    private const string ServerUse = "1.3.6.1.5.5.7.3.1";
    private const string ClientUse = "1.3.6.1.5.5.7.3.2";
    private const int BufferBytes = 32 << 10;

    private static readonly TimeSpan HandshakeLimit = TimeSpan.FromSeconds(10);

    private readonly WatchedFiles<TlsCertificates> _certificates;
    private readonly string _siloName;
    private readonly string _clientName;
    private readonly Action<string> _onRefused;
    private long _nextReportMs;

    /// <summary>Reads the certificates.</summary>
    /// <param name="directory">The directory with <c>tls.crt</c>, <c>tls.key</c> and <c>ca.crt</c>.</param>
    /// <param name="cluster">The cluster's name.</param>
    /// <param name="onRefused">Is told why connections are refused and renewed certificates not used, at most once a second.</param>
    /// <exception cref="TlsException">The certificates cannot be used.</exception>
    public ConnectionTls(string directory, string cluster, Action<string>? onRefused = null)
    {
        _onRefused = onRefused ?? (static _ => { });
        (_siloName, _clientName) = ($"silo.{cluster}", $"client.{cluster}");
        _certificates = TlsCertificates.Watch(directory, withAuthorities: true, cause => Report($"renewed certificates are not used: {cause.Message}"));
    }

    /// <summary>Takes connections of silos.</summary>
    /// <param name="connections">The connections that come in at the port for silos.</param>
    public void AcceptSilos(IConnectionBuilder connections) => Accept(connections, _siloName);

    /// <summary>Takes connections of clients and silos.</summary>
    /// <param name="connections">The connections that come in at the port for clients.</param>
    public void AcceptClients(IConnectionBuilder connections) => Accept(connections, _clientName, _siloName);

    /// <summary>Makes connections to silos.</summary>
    /// <param name="connections">The connections that go out.</param>
    public void Connect(IConnectionBuilder connections)
    {
        ArgumentNullException.ThrowIfNull(connections);
        connections.Use(next => context => RunAsync(context, next, (stream, limit) =>
        {
            var current = _certificates.Current;
            return stream.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = _siloName,
                    ClientCertificateContext = current.Own,
                    EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                    CertificateChainPolicy = PolicyOf(current, ServerUse),
                    RemoteCertificateValidationCallback = (_, certificate, _, errors) => IsGood(certificate, errors, _siloName),
                    AllowTlsResume = false,
                },
                limit);
        }));
    }

    private void Accept(IConnectionBuilder connections, params string[] names)
    {
        ArgumentNullException.ThrowIfNull(connections);
        connections.Use(next => context => RunAsync(context, next, (stream, limit) =>
        {
            var current = _certificates.Current;
            return stream.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions
                {
                    ServerCertificateContext = current.Own,
                    ClientCertificateRequired = true,
                    EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                    CertificateChainPolicy = PolicyOf(current, ClientUse),
                    RemoteCertificateValidationCallback = (_, certificate, _, errors) => IsGood(certificate, errors, names),
                    AllowTlsResume = false,
                },
                limit);
        }));
    }

    private static X509ChainPolicy PolicyOf(TlsCertificates certificates, string use)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        policy.CustomTrustStore.AddRange(certificates.Authorities);
        policy.ApplicationPolicy.Add(new Oid(use));
        return policy;
    }

    // A name with an asterisk would be a silo's and a client's at once: names are compared as they are.
    private bool IsGood(X509Certificate? certificate, SslPolicyErrors errors, params string[] names)
    {
        var given = certificate is X509Certificate2 full
            ? full.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(static names => names.EnumerateDnsNames()).ToArray()
            : [];
        var isGood = errors == SslPolicyErrors.None && Array.Exists(given, name => names.Contains(name, StringComparer.OrdinalIgnoreCase));
        if (!isGood)
        {
            Report(certificate is null
                ? "a connection is refused: the other side has shown no certificate"
                : $"a connection is refused: the other side's certificate {(errors == SslPolicyErrors.None ? "" : $"is not trusted ({errors}); it ")}is for {(given.Length > 0 ? string.Join(", ", given) : "nobody")}, wanted is {string.Join(" or ", names)}");
        }

        return isGood;
    }

    private async Task RunAsync(ConnectionContext context, ConnectionDelegate next, Func<SslStream, CancellationToken, Task> handshake)
    {
        var plain = context.Transport;
        var stream = new SslStream(new DuplexStream(plain.Input.AsStream(leaveOpen: true), plain.Output.AsStream(leaveOpen: true)), leaveInnerStreamOpen: true);
        await using var disposal = stream.ConfigureAwait(false);
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(context.ConnectionClosed);
            limit.CancelAfter(HandshakeLimit);
            await handshake(stream, limit.Token).ConfigureAwait(false);
        }
        catch (Exception cause) when (cause is AuthenticationException or IOException or OperationCanceledException or InvalidOperationException)
        {
            Report($"a connection with {context.RemoteEndPoint} is refused: {cause.Message}");
            var abortion = new ConnectionAbortedException("The TLS handshake failed.", cause);
            context.Abort(abortion);
            throw abortion;
        }

        var secure = new DuplexPipe(
            PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: BufferBytes, leaveOpen: true)),
            PipeWriter.Create(stream, new StreamPipeWriterOptions(minimumBufferSize: BufferBytes, leaveOpen: true)));
        try
        {
            context.Transport = secure;
            await next(context).ConfigureAwait(false);
        }
        finally
        {
            await secure.Input.CompleteAsync().ConfigureAwait(false);
            await secure.Output.CompleteAsync().ConfigureAwait(false);
            context.Transport = plain;
        }
    }

    private void Report(string reason)
    {
        var due = Volatile.Read(ref _nextReportMs);
        var now = Environment.TickCount64;
        if (now >= due && Interlocked.CompareExchange(ref _nextReportMs, now + 1000, due) == due)
        {
            _onRefused(reason);
        }
    }

    private sealed record DuplexPipe(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
