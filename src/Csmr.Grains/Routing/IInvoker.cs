using Csmr.Client;

namespace Csmr.Grains.Routing;

/// <summary>
/// Executes calls of the composition's operations: one per silo, safe for any number of callers. The proxy grain and the
/// REST host are thin shells around it.
/// </summary>
public interface IInvoker
{
    /// <summary>Executes one operation. Errors are answers, not exceptions.</summary>
    /// <param name="request">The call.</param>
    /// <param name="cancellationToken">The caller does not wait any more; what was sent may still be executed.</param>
    /// <returns>The answer, at the latest when the call's time is over.</returns>
    ValueTask<InvocationReply> InvokeAsync(InvocationRequest request, CancellationToken cancellationToken = default);

    /// <summary>The operations that clients see, as the JSON of <c>GET /v1/operations</c>. Made once; not to be changed.</summary>
    /// <returns>UTF-8 text.</returns>
    byte[] Describe();
}
