using Csmr.Composition.Plans;
using Csmr.Gateway.Hosting;
using Csmr.Grains.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.Primitives;

namespace Csmr.Gateway.Invocations;

/// <summary>
/// The endpoints of the running plan: <c>POST /v1/{operation}</c> and <c>POST /v1/services/{service}/{operation}</c>, one literal
/// route each. The change token never fires today: a plan is fixed at start; a later reload replaces the list and fires it.
/// </summary>
internal sealed class OperationEndpoints(Plan plan, RestOptions options, IInvoker invoker, ILogger<InvocationEndpoint> log) : EndpointDataSource
{
    private readonly IChangeToken _changes = new CancellationChangeToken(CancellationToken.None);

    public override IReadOnlyList<Endpoint> Endpoints { get; } = [.. plan.Operations.SelectMany(operation => Make(operation, options, invoker, log))];

    public override IChangeToken GetChangeToken() => _changes;

    private static IEnumerable<Endpoint> Make(OperationPlan operation, RestOptions options, IInvoker invoker, ILogger<InvocationEndpoint> log)
    {
        yield return Make($"/v1/{operation.Name}", operation, Handler(operation, null, options, invoker, log));
        yield return Make($"/v1/services/{operation.Service}/{operation.Name}", operation, Handler(operation, operation.Service, options, invoker, log));
    }

    private static RequestDelegate Handler(OperationPlan operation, string? service, RestOptions options, IInvoker invoker, ILogger<InvocationEndpoint> log) =>
        operation.RemovedReason is { } reason
            ? new RemovedEndpoint(operation.Name, reason).HandleAsync
            : new InvocationEndpoint(invoker, options, operation.Name, service, log).HandleAsync;

    private static Endpoint Make(string path, OperationPlan operation, RequestDelegate handler)
    {
        var builder = new RouteEndpointBuilder(handler, RoutePatternFactory.Parse(path), order: 0) { DisplayName = $"POST {path}" };
        builder.Metadata.Add(new HttpMethodMetadata([HttpMethods.Post]));
        builder.Metadata.Add(operation);
        return builder.Build();
    }
}
