using System.Diagnostics.Metrics;
using Csmr.Grains;

namespace Csmr.Gateway.Access;

/// <summary>What the REST interface counts.</summary>
internal static class RestMeter
{
    private static readonly Meter Meter = new(GrainMeter.Name);

    private static readonly Counter<long> Refusals =
        Meter.CreateCounter<long>("csmr.rest.refusals", "{request}", "Requests that access control or a limit has refused");

    /// <summary>A request is refused.</summary>
    /// <param name="problem">What it is told.</param>
    public static void Refused(string problem) => Refusals.Add(1, new KeyValuePair<string, object?>("problem", problem));
}
