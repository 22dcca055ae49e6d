using System.Diagnostics;
using Csmr.Composition.Plans;
using Orleans.Runtime;

namespace Csmr.Grains;

/// <summary>
/// The spans of a call, from the gateway to the leader and its replica; <c>docs/metrics.md</c> has them. Calls travel in batches, so a span
/// behind the gateway belongs to the first traced call of its batch and is linked to the others. While nobody listens, nothing is sent along.
/// </summary>
public static class CallTrace
{
    /// <summary>The name of the source.</summary>
    public const string Name = "Csmr";

    private const string ParentKey = "csmr.traceparent";

    private static readonly ActivitySource Source = new(Name);

    /// <summary>Whether anybody listens.</summary>
    internal static bool IsOn => Source.HasListeners();

    /// <summary>Where a call is in its trace; nowhere while nobody listens.</summary>
    internal static ActivityContext Here => Source.HasListeners() && Activity.Current is { } current ? current.Context : default;

    /// <summary>A call at the gateway.</summary>
    internal static Activity? StartCall(OperationPlan plan) => Source.StartActivity("csmr.call")?.SetTag("csmr.operation", plan.Name);

    /// <summary>One try of a batch at a leader. What is sent to a grain next takes the trace along.</summary>
    /// <param name="group">The group.</param>
    /// <param name="calls">Where the calls of the batch are in their traces.</param>
    /// <param name="isRead">Whether these are reads.</param>
    internal static Activity? StartTry(string group, IEnumerable<ActivityContext> calls, bool isRead)
    {
        var traced = calls.Where(static call => call != default).ToArray();
        var span = traced.Length == 0 ? null : Source.StartActivity("csmr.try", ActivityKind.Client, traced[0], links: traced.Skip(1).Select(static call => new ActivityLink(call)));
        if (span is not null)
        {
            span.SetTag("csmr.group", group).SetTag("csmr.kind", isRead ? "read" : "command").SetTag("csmr.calls", traced.Length);
            RequestContext.Set(ParentKey, span.Id!);
        }

        return span;
    }

    /// <summary>A batch at the leader, until it is answered.</summary>
    /// <param name="group">The group.</param>
    internal static Activity? StartBatch(string group)
    {
        if (!Source.HasListeners() || RequestContext.Get(ParentKey) is not string sent || !ActivityContext.TryParse(sent, null, isRemote: true, out var parent))
        {
            return null;
        }

        // What this turn sends to peers is not this call's alone.
        RequestContext.Remove(ParentKey);
        var around = Activity.Current;
        var span = Source.StartActivity("csmr.batch", ActivityKind.Server, parent)?.SetTag("csmr.group", group);
        Activity.Current = around;
        return span;
    }

    /// <summary>The execution of chosen entries by the leader's replica.</summary>
    /// <param name="batch">Where one of their batches is in its trace.</param>
    /// <param name="group">The group.</param>
    /// <param name="slot">The first entry's slot; 0 for reads alone.</param>
    internal static Activity? StartExecution(ActivityContext batch, string group, long slot) =>
        batch == default ? null : Source.StartActivity("csmr.execute", ActivityKind.Internal, batch)?.SetTag("csmr.group", group).SetTag("csmr.slot", slot);
}
