using Csmr.Composition.Findings;
using Csmr.Composition.Manifests;
using Csmr.Composition.Plans;

namespace Csmr.Composition.Compiling;

/// <summary>Puts replicas on nodes: where the manifest says, else spread so that replica 0 differs from group to group.</summary>
internal sealed class Placement
{
    private readonly FindingList _findings;
    private readonly bool _isListed;

    private Placement(IReadOnlyList<string> nodes, bool isListed, FindingList findings) =>
        (Nodes, _isListed, _findings) = (nodes, isListed, findings);

    public IReadOnlyList<string> Nodes { get; }

    /// <summary>Takes the nodes that the root file lists, or as many as the largest group has replicas.</summary>
    public static Placement Of(ManifestFile root, int replicasMax, FindingList findings)
    {
        if (root.Nodes is null)
        {
            return new Placement([.. Enumerable.Range(1, Math.Max(1, replicasMax)).Select(static number => $"n{number}")], isListed: false, findings);
        }

        var nodes = new List<string>();
        foreach (var node in root.Nodes.Value)
        {
            if (nodes.Contains(node.Value))
            {
                findings.Add(FindingCodes.DuplicateNode, node.Position, $"node '{node.Value}' is listed twice", "list it once");
            }
            else
            {
                nodes.Add(node.Value);
            }
        }

        return new Placement(nodes, isListed: true, findings);
    }

    /// <summary>Reports what is wrong with where a service is to be.</summary>
    public void Check(ServiceNode service, GroupShape shape, int groups)
    {
        if (service.Placement is null)
        {
            if (shape.Replicas > Nodes.Count)
            {
                _findings.Add(
                    FindingCodes.TooFewNodes,
                    service.Name.Position,
                    $"service '{service.Name.Value}' needs {shape.Replicas} nodes (2f + 1 with f: {shape.F}), but there are {Nodes.Count}",
                    "list more under 'nodes', or lower f");
            }

            return;
        }

        var placed = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in service.Placement.Value)
        {
            if (!placed.Add(node.Value))
            {
                _findings.Add(FindingCodes.DuplicateNode, node.Position, $"node '{node.Value}' is listed twice", "a node carries one replica of a group");
            }
            else if (!Nodes.Contains(node.Value))
            {
                _findings.Add(
                    FindingCodes.UnknownNode,
                    node.Position,
                    $"there is no node '{node.Value}'",
                    Suggestion.Among(node.Value, _isListed ? "'nodes' lists" : "without 'nodes' there are", Nodes));
            }
        }

        var listed = service.Placement.Value.Count;
        if (listed < shape.Replicas || (listed > shape.Replicas && groups == 1))
        {
            _findings.Add(
                FindingCodes.WrongPlacement,
                service.Placement.Position,
                $"service '{service.Name.Value}' has {shape.Replicas} replicas (2f + 1 with f: {shape.F}), but its placement lists {listed} nodes",
                $"list {shape.Replicas}");
        }
    }

    /// <summary>The replicas of one group. The last ones are the witnesses.</summary>
    /// <param name="service">The service.</param>
    /// <param name="shape">How many replicas there are.</param>
    /// <param name="rotation">Where to start: the group's position among the groups of the manifest, or of the service where it has a placement of its own.</param>
    /// <returns>The replicas in the order of their ids.</returns>
    public IReadOnlyList<ReplicaPlan> Replicas(ServiceNode service, GroupShape shape, int rotation)
    {
        var nodes = service.Placement?.Value.Select(static node => node.Value).ToArray() ?? Nodes;
        return
        [
            .. Enumerable.Range(0, shape.Replicas).Select(ordinal => new ReplicaPlan(
                new ReplicaId(ordinal),
                nodes[(rotation + ordinal) % nodes.Count],
                IsWitness: ordinal >= shape.Replicas - shape.Witnesses)),
        ];
    }
}
