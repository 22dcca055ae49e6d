using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Csmr.Gateway.Hosting;

/// <summary>The one place where the web server's limits are set.</summary>
internal static class KestrelLimits
{
    public static void Apply(KestrelServerOptions kestrel, RestOptions options)
    {
        kestrel.AddServerHeader = false;
        var limits = kestrel.Limits;
        limits.MaxRequestBodySize = options.BodyBytesMax;
        limits.MaxRequestHeaderCount = options.HeaderCountMax;
        limits.MaxRequestHeadersTotalSize = options.HeaderBytesMax;
        limits.MaxRequestLineSize = options.RequestLineBytesMax;
        limits.KeepAliveTimeout = options.KeepAlive;
        limits.RequestHeadersTimeout = options.HeadersTimeout;
        limits.MinRequestBodyDataRate = new MinDataRate(options.BodyBytesPerSecondMin, options.BodyGrace);
    }
}
