using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Csmr.Gateway.Hosting;

/// <summary>The one place where the web server's limits are set.</summary>
internal static class KestrelLimits
{
    private const long DroppedBodiesMax = 8;

    public static void Apply(KestrelServerOptions kestrel, RestOptions options)
    {
        kestrel.AddServerHeader = false;
        var limits = kestrel.Limits;

        // We stop reading at BodyBytesMax and answer 413. The web server then drops what still comes, up to this bound, so that
        // the caller gets to read the answer; beyond it the connection is broken.
        limits.MaxRequestBodySize = options.BodyBytesMax * DroppedBodiesMax;
        limits.MaxRequestHeaderCount = options.HeaderCountMax;
        limits.MaxRequestHeadersTotalSize = options.HeaderBytesMax;
        limits.MaxRequestLineSize = options.RequestLineBytesMax;
        limits.MaxConcurrentConnections = options.ConnectionsMax;
        limits.KeepAliveTimeout = options.KeepAlive;
        limits.RequestHeadersTimeout = options.HeadersTimeout;
        limits.MinRequestBodyDataRate = new MinDataRate(options.BodyBytesPerSecondMin, options.BodyGrace);
    }
}
