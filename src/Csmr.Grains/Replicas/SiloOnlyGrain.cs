namespace Csmr.Grains.Replicas;

/// <summary>A grain that takes calls from silos alone. An Orleans client that finds it is refused; its door is the proxy grain.</summary>
internal abstract class SiloOnlyGrain : Grain, IIncomingGrainCallFilter
{
    /// <inheritdoc/>
    public Task Invoke(IIncomingGrainCallContext context) => IsClient(context.SourceId)
        ? throw new UnauthorizedAccessException("This grain takes calls from silos only: clients call the proxy grain (IProxyGrain).")
        : context.Invoke();

    /// <summary>Whether a caller is a client outside the silos. The client that lives in each silo is named <c>hosted-…</c>.</summary>
    private static bool IsClient(GrainId? source) =>
        source is { } id && id.Type.Value.AsSpan().StartsWith("sys.client"u8) && !id.Key.Value.Span.StartsWith("hosted-"u8);
}
