using Csmr.Composition.Findings;
using Csmr.Composition.Plans;

namespace Csmr.Composition.Compiling;

/// <summary>A service or composition as those that build on it see it: its operations, each with its plan.</summary>
/// <param name="name">Its name.</param>
internal sealed class OfferedService(string name)
{
    private readonly Dictionary<string, OperationPlan> _operations = new(StringComparer.Ordinal);
    private readonly HashSet<string> _broken = new(StringComparer.Ordinal);

    public string Name { get; } = name;

    /// <summary>What kind of thing it is, with its name, for messages.</summary>
    public required string Title { get; init; }

    /// <summary>Whether it could not be made sense of, so that no reference to it can be held against anybody.</summary>
    public bool IsBroken { get; set; }

    /// <summary>Whether an operation was reported.</summary>
    public bool HasBroken => _broken.Count > 0;

    /// <summary>The operations, removed ones included, in the order of their definition.</summary>
    public IEnumerable<OperationPlan> Operations => _operations.Values;

    public OperationPlan? Find(string operation) => _operations.GetValueOrDefault(operation);

    /// <summary>Whether an operation was reported already.</summary>
    public bool IsReported(string operation) => IsBroken || _broken.Contains(operation);

    public void Set(OperationPlan operation)
    {
        _operations[operation.Name] = operation with { Service = Name };
        _broken.Remove(operation.Name);
    }

    public void SetBroken(string operation)
    {
        _operations.Remove(operation);
        _broken.Add(operation);
    }

    /// <summary>Takes over that operations of another service were reported.</summary>
    public void TakeBroken(OfferedService other)
    {
        IsBroken |= other.IsBroken;
        _broken.UnionWith(other._broken);
    }

    /// <summary>Finds an operation, or reports that there is none.</summary>
    /// <param name="operation">The name.</param>
    /// <param name="findings">Takes the finding.</param>
    /// <returns>The operation, which may be a removed one; null where it was reported, now or before.</returns>
    public OperationPlan? Require(Manifests.Located<string> operation, FindingList findings)
    {
        var plan = Find(operation.Value);
        if (plan is null && !IsReported(operation.Value))
        {
            findings.Add(
                FindingCodes.UnknownOperation,
                operation.Position,
                $"{Title} has no operation '{Suggestion.Shown(operation.Value)}'",
                Suggestion.Among(
                    operation.Value, "it has", _operations.Values.Where(static known => known.RemovedReason is null).Select(static known => known.Name)));
        }

        return plan;
    }
}
