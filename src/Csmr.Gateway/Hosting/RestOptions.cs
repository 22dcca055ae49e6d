namespace Csmr.Gateway.Hosting;

/// <summary>The limits of the REST interface. Every one of them is a bound on what one caller can cost.</summary>
public sealed record RestOptions
{
    /// <summary>The most bytes of a request's body; more is answered 413.</summary>
    public int BodyBytesMax { get; init; } = 1 << 20;

    /// <summary>The longest time that a caller may ask for with <c>Csmr-Timeout-Ms</c>.</summary>
    public int TimeoutMsMax { get; init; } = 60_000;

    /// <summary>The most headers of a request.</summary>
    public int HeaderCountMax { get; init; } = 64;

    /// <summary>The most bytes of all headers of a request.</summary>
    public int HeaderBytesMax { get; init; } = 16 << 10;

    /// <summary>The most bytes of a request line (method, path and query).</summary>
    public int RequestLineBytesMax { get; init; } = 8 << 10;

    /// <summary>How long a connection may be idle between requests.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>How long a client may take to send the headers of a request.</summary>
    public TimeSpan HeadersTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The slowest allowed rate of a body, after <see cref="BodyGrace"/>.</summary>
    public double BodyBytesPerSecondMin { get; init; } = 240;

    /// <summary>How long a body may be slower than <see cref="BodyBytesPerSecondMin"/> at first.</summary>
    public TimeSpan BodyGrace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The most connections that are open at once; further ones are closed.</summary>
    public int ConnectionsMax { get; init; } = 10_000;

    /// <summary>The most requests that are served at once; more are answered 429.</summary>
    public int RequestsAtOnceMax { get; init; } = 4096;

    /// <summary>The most requests of one client in a second; more are answered 429. 0 for no such limit.</summary>
    public int RequestsPerSecondMax { get; init; }

    /// <summary>The file that says who may call what; null where everybody may.</summary>
    public string? AccessFile { get; init; }

    /// <summary>
    /// The file that administration and refused calls are noted in. Where there is none they are in the log, if there is an access file.
    /// </summary>
    public string? AuditFile { get; init; }

    /// <summary>Whether the web page <c>/swagger</c> is served, where there is no access file: it has no key to show.</summary>
    public bool ServesSwaggerUi { get; init; } = true;

    /// <summary>Requires that every limit is one.</summary>
    /// <exception cref="InvalidOperationException">A limit is not positive.</exception>
    internal void Validate()
    {
        Require(BodyBytesMax > 0, nameof(BodyBytesMax));
        Require(TimeoutMsMax > 0, nameof(TimeoutMsMax));
        Require(HeaderCountMax > 0, nameof(HeaderCountMax));
        Require(HeaderBytesMax > 0, nameof(HeaderBytesMax));
        Require(RequestLineBytesMax > 0, nameof(RequestLineBytesMax));
        Require(KeepAlive > TimeSpan.Zero, nameof(KeepAlive));
        Require(HeadersTimeout > TimeSpan.Zero, nameof(HeadersTimeout));
        Require(BodyBytesPerSecondMin > 0, nameof(BodyBytesPerSecondMin));
        Require(ConnectionsMax > 0, nameof(ConnectionsMax));
        Require(RequestsAtOnceMax > 0, nameof(RequestsAtOnceMax));
        Require(RequestsPerSecondMax >= 0, nameof(RequestsPerSecondMax));
        Require(BodyGrace > TimeSpan.FromSeconds(1), nameof(BodyGrace));
    }

    private static void Require(bool holds, string option)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"The option {option} of the REST interface is too small.");
        }
    }
}
