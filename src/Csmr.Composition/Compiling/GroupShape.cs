using Csmr.Composition.Findings;
using Csmr.Composition.Manifests;

namespace Csmr.Composition.Compiling;

/// <summary>How many replicas each group of a service has.</summary>
/// <param name="F">How many may be down.</param>
/// <param name="Replicas">How many there are.</param>
/// <param name="Witnesses">How many of them only vote.</param>
internal sealed record GroupShape(int F, int Replicas, int Witnesses)
{
    /// <summary>Makes it out of what a service says, and reports what does not fit.</summary>
    /// <param name="service">The service.</param>
    /// <param name="defaults">What holds where it says nothing.</param>
    /// <param name="findings">Takes what is wrong.</param>
    /// <returns>A shape that fits, made fit where the service's does not.</returns>
    public static GroupShape Of(ServiceNode service, DefaultsNode defaults, FindingList findings)
    {
        var f = service.F?.Value ?? (service.Replicas is null ? defaults.F?.Value ?? 1 : (service.Replicas.Value - 1) / 2);
        var replicas = (2 * f) + 1;
        if (service.Replicas is { } given && given.Value != replicas)
        {
            findings.Add(
                FindingCodes.NotOddReplicas,
                given.Position,
                service.F is null
                    ? $"{given.Value} replicas tolerate no more failures than {replicas}"
                    : $"{given.Value} replicas do not go with f: {f}, which needs 2f + 1 = {replicas}",
                service.F is null ? $"write {replicas} or {replicas + 2}" : "leave one of the two out");
        }

        var witnesses = service.Witnesses?.Value ?? 0;
        if (witnesses > f)
        {
            findings.Add(
                FindingCodes.TooManyWitnesses,
                service.Witnesses!.Position,
                $"with {witnesses} witnesses only {Math.Max(0, replicas - witnesses)} of {replicas} replicas execute, but f: {f} needs f + 1 = {f + 1}",
                f == 0 ? "leave 'witnesses' out" : $"write at most {f}");
        }

        return new GroupShape(f, replicas, Math.Min(witnesses, f));
    }
}
