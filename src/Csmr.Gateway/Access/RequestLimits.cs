using System.Net;
using System.Threading.RateLimiting;
using Csmr.Gateway.Hosting;
using Csmr.Gateway.Problems;
using Microsoft.AspNetCore.RateLimiting;

namespace Csmr.Gateway.Access;

/// <summary>How many requests are served at once, and how many of one client in a second: the rest is answered 429.</summary>
internal static class RequestLimits
{
    private const int RetryAfterMs = 1000;

    public static void Configure(RateLimiterOptions limiter, RestOptions options)
    {
        var atOnce = PartitionedRateLimiter.Create<HttpContext, int>(_ => RateLimitPartition.GetConcurrencyLimiter(
            0, _ => new ConcurrencyLimiterOptions { PermitLimit = options.RequestsAtOnceMax, QueueLimit = 0 }));
        limiter.GlobalLimiter = options.RequestsPerSecondMax == 0 ? atOnce : PartitionedRateLimiter.CreateChained(RateOf(options.RequestsPerSecondMax), atOnce);
        limiter.OnRejected = static (rejected, _) =>
        {
            var problem = ProblemOf(rejected.Lease);
            RestMeter.Refused(problem.Type.Slug);
            return new ValueTask(ProblemWriter.WriteAsync(rejected.HttpContext, problem));
        };
    }

    // A client is who it has shown to be; whoever has shown nothing is where it comes from.
    private static PartitionedRateLimiter<HttpContext> RateOf(int perSecond) => PartitionedRateLimiter.Create<HttpContext, Client>(context =>
    {
        var name = context.Features.Get<CallerIdentity>()?.Principal?.Name;
        return RateLimitPartition.GetTokenBucketLimiter(new Client(name, name is null ? context.Connection.RemoteIpAddress : null), _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = perSecond,
            TokensPerPeriod = perSecond,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1),
            QueueLimit = 0,
        });
    });

    private static Problem ProblemOf(RateLimitLease lease) => new Problem(
        lease.TryGetMetadata(MetadataName.RetryAfter, out _) ? ProblemTypes.TooManyRequests : ProblemTypes.Overloaded,
        lease.TryGetMetadata(MetadataName.RetryAfter, out _)
            ? "This caller has sent more requests within a second than it may."
            : "This silo serves as many requests as it takes at once.")
    {
        Outcome = Certainty.NotDone,
        RetryAfterMs = RetryAfterMs,
    };

    private readonly record struct Client(string? Name, IPAddress? Address);
}
