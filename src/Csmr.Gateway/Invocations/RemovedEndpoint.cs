using Csmr.Gateway.Problems;

namespace Csmr.Gateway.Invocations;

/// <summary>A removed operation as an endpoint: it tells the reason.</summary>
/// <param name="operation">The operation's name.</param>
/// <param name="reason">Why it was removed.</param>
internal sealed class RemovedEndpoint(string operation, string reason)
{
    public Task HandleAsync(HttpContext context) =>
        ProblemWriter.WriteAsync(context, new Problem(ProblemTypes.RemovedOperation, $"The operation '{operation}' was removed: {reason}"));
}
