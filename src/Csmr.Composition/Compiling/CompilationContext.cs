using Csmr.Composition.Findings;
using Csmr.Composition.Manifests;
using Csmr.Composition.Plans;

namespace Csmr.Composition.Compiling;

/// <summary>What all parts of one compilation share.</summary>
/// <param name="findings">Takes what is wrong.</param>
internal sealed class CompilationContext(FindingList findings)
{
    /// <summary>The most compositions on top of each other.</summary>
    public const int LevelMax = 16;

    private readonly Dictionary<string, OfferedService> _services = new(StringComparer.Ordinal);
    private readonly Dictionary<string, CompositionNode> _compositions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Consistency> _consistencies = new(StringComparer.Ordinal);
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);

    public FindingList Findings { get; } = findings;

    /// <summary>Whether some definitions could not be read, so that an unknown name may be one of them.</summary>
    public bool MayLackNames { get; init; }

    /// <summary>Makes a composition; set once by the builder of compositions.</summary>
    public Func<CompositionNode, OfferedService> Build { get; set; } = static _ => throw new InvalidOperationException("No builder is set.");

    public void Add(OfferedService service) => _services[service.Name] = service;

    /// <summary>Adds a composition that is to be built.</summary>
    /// <param name="composition">The composition.</param>
    /// <param name="consistency">What its operations promise that say nothing.</param>
    public void Add(CompositionNode composition, Consistency consistency)
    {
        _compositions[composition.Name.Value] = composition;
        _consistencies[composition.Name.Value] = consistency;
    }

    /// <summary>What operations of a composition promise that say nothing.</summary>
    public Consistency ConsistencyOf(string composition) => _consistencies[composition];

    /// <summary>Builds a composition that nobody has asked for, so that what is wrong in it is found.</summary>
    public void EnsureBuilt(CompositionNode composition)
    {
        if (!_services.ContainsKey(composition.Name.Value))
        {
            Build(composition);
        }
    }

    public bool IsUsed(string service) => _used.Contains(service);

    public OfferedService? Built(string service) => _services.GetValueOrDefault(service);

    /// <summary>Finds a service or composition, which is built now if it was not, or reports that there is none.</summary>
    /// <param name="name">The name.</param>
    /// <returns>The service; null where it was reported.</returns>
    public OfferedService? Require(Located<string> name)
    {
        _used.Add(name.Value);
        if (_services.TryGetValue(name.Value, out var service))
        {
            return service;
        }

        if (_compositions.TryGetValue(name.Value, out var composition))
        {
            return Build(composition);
        }

        if (MayLackNames)
        {
            return null;
        }

        Findings.Add(
            FindingCodes.UnknownService,
            name.Position,
            $"there is no service or composition '{Suggestion.Shown(name.Value)}'",
            Suggestion.Among(name.Value, "there are", _services.Keys.Concat(_compositions.Keys)));
        return null;
    }
}
