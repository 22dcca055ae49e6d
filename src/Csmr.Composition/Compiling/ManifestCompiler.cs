using Csmr.Composition.Findings;
using Csmr.Composition.Manifests;
using Csmr.Composition.Plans;

namespace Csmr.Composition.Compiling;

/// <summary>
/// Compiles a manifest to a plan, and checks it: the one entry to this room. A pure function of the texts that the source
/// hands out. No text makes it throw.
/// </summary>
public static class ManifestCompiler
{
    /// <summary>Compiles and checks a manifest.</summary>
    /// <param name="source">Where its files come from.</param>
    /// <param name="catalog">The machines at hand without its assemblies.</param>
    /// <returns>The plan, where there is no error, and all findings.</returns>
    public static CompilationResult Compile(ManifestSource source, MachineCatalog catalog)
    {
        var findings = new FindingList();
        var loader = new ManifestLoader(source, catalog, findings);
        loader.Load();
        if (loader.Files.Count == 0 || loader.Files[0].Position.File != source.Path)
        {
            return new CompilationResult(null, findings.Sorted(source.Path));
        }

        var root = loader.Files[0];
        var context = new CompilationContext(findings) { MayLackNames = loader.IsPartial };
        var services = new ServiceBuilder(context, loader);
        foreach (var file in Distinct(loader.Files, findings))
        {
            services.Take(file, file.Defaults.Over(root.Defaults));
        }

        var groups = services.Build(root, out var nodes);
        var operations = Compose(loader.Files, root, context);
        if (findings.HasError)
        {
            return new CompilationResult(null, findings.Sorted(source.Path));
        }

        var plan = new Plan
        {
            Name = root.Name!.Value,
            Version = root.Version,
            Nodes = nodes,
            Groups = groups,
            Operations = operations,
        };
        PlanChecks.CheckReplication(plan);
        PlanChecks.WarnOfUnused(loader.Files, context, findings);
        PlanChecks.WarnOfShares(plan, root, findings);
        return new CompilationResult(plan, findings.Sorted(source.Path));
    }

    /// <summary>The files with each name defined once; what is defined again is reported and left out.</summary>
    private static IEnumerable<ManifestFile> Distinct(IReadOnlyList<ManifestFile> files, FindingList findings)
    {
        var places = new Dictionary<string, Position>(StringComparer.Ordinal);
        foreach (var file in files)
        {
            var names = file.Services.Select(static service => service.Name).Concat(file.Compositions.Select(static composition => composition.Name));
            foreach (var name in names)
            {
                if (!places.TryAdd(name.Value, name.Position))
                {
                    findings.Add(
                        FindingCodes.DefinedTwice,
                        name.Position,
                        $"'{name.Value}' is defined twice, first at {places[name.Value]}",
                        "services and compositions share their names: rename one");
                }
            }

            yield return file with { Services = [.. file.Services.Where(service => places[service.Name.Value] == service.Name.Position)] };
        }
    }

    private static IReadOnlyList<OperationPlan> Compose(IReadOnlyList<ManifestFile> files, ManifestFile root, CompilationContext context)
    {
        var compositions = files
            .SelectMany(file => file.Compositions.Select(node => (node, consistency: file.Defaults.Over(root.Defaults).Consistency)))
            .DistinctBy(static entry => entry.node.Name.Value)
            .Where(entry => context.Built(entry.node.Name.Value) is null)
            .ToArray();
        foreach (var (node, consistency) in compositions)
        {
            context.Add(node, consistency ?? Consistency.Atomic);
        }

        _ = new CompositionBuilder(context);
        var exposed = root.Expose.Select(name => (name, service: context.Require(name))).ToArray();
        foreach (var (node, _) in compositions)
        {
            context.EnsureBuilt(node);
        }

        return Expose(exposed, context.Findings);
    }

    /// <summary>What clients see: the operations of all exposed services, by name.</summary>
    private static IReadOnlyList<OperationPlan> Expose(IReadOnlyList<(Located<string> Name, OfferedService? Service)> exposed, FindingList findings)
    {
        var visible = new SortedDictionary<string, OperationPlan>(StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, service) in exposed)
        {
            if (!seen.Add(name.Value))
            {
                findings.Add(FindingCodes.DefinedTwice, name.Position, $"'{name.Value}' is exposed twice", "list it once");
                continue;
            }

            foreach (var operation in service?.Operations ?? [])
            {
                var present = visible.GetValueOrDefault(operation.Name);
                if (present is null || (present.RemovedReason is not null && operation.RemovedReason is null))
                {
                    visible[operation.Name] = operation;
                }
                else if (present.RemovedReason is null && operation.RemovedReason is null)
                {
                    findings.Add(
                        FindingCodes.NameClash,
                        name.Position,
                        $"operation '{operation.Name}' of '{name.Value}' has the name of one of '{present.Service}'",
                        "expose one composition that adds both and renames one");
                }
            }
        }

        return [.. visible.Values];
    }
}
