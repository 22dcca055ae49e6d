using Csmr.Client;
using Orleans.Concurrency;

namespace Csmr.Grains.Routing;

/// <summary>The one door for Orleans clients: a shell around this silo's invoker.</summary>
/// <param name="invoker">Executes calls.</param>
[StatelessWorker, Reentrant]
internal sealed class ProxyGrain(IInvoker invoker) : Grain, IProxyGrain
{
    /// <inheritdoc/>
    public Task<InvocationReply> InvokeAsync(InvocationRequest request) => invoker.InvokeAsync(request).AsTask();

    /// <inheritdoc/>
    public Task<byte[]> DescribeAsync() => Task.FromResult(invoker.Describe());
}
