using Csmr.Composition.Findings;
using Csmr.Composition.Manifests;
using Csmr.Composition.Model;
using Csmr.Composition.Plans;

namespace Csmr.Composition.Compiling;

/// <summary>Checks of a whole plan.</summary>
internal static class PlanChecks
{
    /// <summary>
    /// The first two rules of the model, on the plan itself: 2f + 1 acceptors and at least f + 1 executing replicas of every
    /// operation in every group, and affinity: one replication set for all operations of a group. The findings before must have
    /// seen to both.
    /// </summary>
    public static void CheckReplication(Plan plan)
    {
        foreach (var group in plan.Groups)
        {
            var service = PlanModel.Of(group);
            var sets = service.Operations.Select(service.R).ToArray();
            Invariant.Require(group.Replicas.Count == (2 * group.F) + 1, "C1");
            Invariant.Require(sets.All(set => set.Count > group.F), "C1");
            Invariant.Require(sets.Distinct().Count() == 1, "C2");
        }
    }

    /// <summary>Warns of services and compositions that nothing uses.</summary>
    public static void WarnOfUnused(IReadOnlyList<ManifestFile> files, CompilationContext context, FindingList findings)
    {
        foreach (var service in files.SelectMany(static file => file.Services).Where(service => !context.IsUsed(service.Name.Value)))
        {
            findings.Add(FindingCodes.UnusedService, service.Name.Position, $"service '{service.Name.Value}' is not used", "compose it, expose it or leave it out");
        }

        foreach (var composition in files.SelectMany(static file => file.Compositions).Where(composition => !context.IsUsed(composition.Name.Value)))
        {
            findings.Add(
                FindingCodes.UnusedComposition, composition.Name.Position, $"composition '{composition.Name.Value}' is not used", "compose it, expose it or leave it out");
        }
    }

    /// <summary>Warns of nodes that carry nothing, and of shares of the replication sets that differ much.</summary>
    public static void WarnOfShares(Plan plan, ManifestFile root, FindingList findings)
    {
        if (root.Nodes is null)
        {
            return;
        }

        var carried = plan.Groups.SelectMany(static group => group.Replicas).Select(static replica => replica.Node).ToHashSet(StringComparer.Ordinal);
        foreach (var node in root.Nodes.Value.Where(node => !carried.Contains(node.Value)))
        {
            findings.Add(FindingCodes.IdleNode, node.Position, $"node '{node.Value}' carries no replica", "place one there or leave the node out");
        }

        var shares = plan.Nodes
            .Where(carried.Contains)
            .Select(node => (node, share: plan.Groups.Count(group => group.Replicas.Any(replica => !replica.IsWitness && replica.Node == node))))
            .OrderBy(static pair => pair.share)
            .ToArray();
        var (least, most) = (shares[0], shares[^1]);
        if (most.share > least.share + 2 && most.share > 2 * least.share)
        {
            findings.Add(
                FindingCodes.UnevenShares,
                root.Nodes.Position,
                $"node '{most.node}' executes for {most.share} groups, node '{least.node}' for {least.share}",
                "spread the placements");
        }
    }
}
