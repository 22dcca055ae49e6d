using System.Collections.Concurrent;
using System.Diagnostics;
using Csmr.Cluster.Tests.Gateway;
using Csmr.Grains;

namespace Csmr.Cluster.Tests;

/// <summary>A call's spans lead from the gateway to the leaders of its groups and their replicas.</summary>
public sealed class TraceTests
{
    [Fact]
    public async Task Call_ThatIsTraced_LeadsToEveryGroupAndItsReplica()
    {
        var stopped = new ConcurrentQueue<Activity>();
        using var root = new Activity("test").SetIdFormat(ActivityIdFormat.W3C).Start();
        root.ActivityTraceFlags = ActivityTraceFlags.Recorded;
        var trace = root.TraceId;
        using var listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == CallTrace.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> options) => options.TraceId == trace ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None,
            ActivityStopped = stopped.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        await using var cluster = await SiloCluster.StartAsync(SamplePlan.OfManifest("audited-store.yaml"));

        Assert.Equal(CallStatus.Done, (await cluster.CallAsync("put", """{"key": "banana", "value": 1}""")).Status);
        await Until.TrueAsync(() => stopped.Count(static span => span.OperationName == "csmr.execute") >= 2, "both groups have executed the call in its trace");

        var call = Assert.Single(stopped, static span => span.OperationName == "csmr.call");
        Assert.Equal((root.SpanId, "put", "Done"), (call.ParentSpanId, call.GetTagItem("csmr.operation"), call.GetTagItem("csmr.outcome")));
        foreach (var group in new[] { "early", "audit" })
        {
            var batch = stopped.First(span => span.OperationName == "csmr.batch" && Equals(span.GetTagItem("csmr.group"), group));
            var sent = stopped.Single(span => span.SpanId == batch.ParentSpanId);
            Assert.Equal(("csmr.try", call.SpanId, group), (sent.OperationName, sent.ParentSpanId, sent.GetTagItem("csmr.group")));
            Assert.Contains(stopped, span => span.OperationName == "csmr.execute" && span.ParentSpanId == batch.SpanId);
        }
    }
}
