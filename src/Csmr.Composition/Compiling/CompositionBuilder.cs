using Csmr.Composition.Findings;
using Csmr.Composition.Manifests;
using Csmr.Composition.Plans;

namespace Csmr.Composition.Compiling;

/// <summary>Makes compositions out of the services below them, each when it is first asked for.</summary>
internal sealed class CompositionBuilder
{
    private readonly CompilationContext _context;
    private readonly FindingList _findings;

    // The compositions that are being made, outermost first: one that is asked for again is made of itself.
    private readonly List<CompositionNode> _open = [];

    public CompositionBuilder(CompilationContext context)
    {
        (_context, _findings) = (context, context.Findings);
        context.Build = Build;
    }

    private OfferedService Build(CompositionNode node)
    {
        var name = node.Name.Value;
        var depth = _open.IndexOf(node);
        if (depth >= 0 || _open.Count >= CompilationContext.LevelMax)
        {
            Report(depth, node);
            return new OfferedService(name) { Title = $"composition '{name}'", IsBroken = true };
        }

        _open.Add(node);
        var offered = new OfferedService(name) { Title = $"composition '{name}'" };
        var isWhole = node.Strategy switch
        {
            PartitionStrategy partition => Partition(offered, partition.Partition),
            ExtendStrategy extend => Extend(offered, extend),
            AddStrategy add => add.Added.Select(added => Add(offered, added)).ToArray().All(static taken => taken),
            RemoveStrategy remove => Remove(offered, remove),
            _ => false,
        };
        _open.RemoveAt(_open.Count - 1);
        offered.IsBroken |= !isWhole;
        if (!offered.IsBroken && !offered.HasBroken && offered.Operations.All(static operation => operation.RemovedReason is not null))
        {
            _findings.Add(FindingCodes.NothingOffered, node.Name.Position, $"composition '{name}' offers no operation", "keep one, or leave the composition out");
        }

        _context.Add(offered);
        return offered;
    }

    private void Report(int depth, CompositionNode node)
    {
        if (depth < 0)
        {
            _findings.Add(
                FindingCodes.TooComplex,
                _open[0].Name.Position,
                $"more than {CompilationContext.LevelMax} compositions lie on each other here",
                "nest less");
            return;
        }

        var circle = _open.Skip(depth).Append(node).Select(static open => open.Name.Value).ToArray();
        _findings.Add(
            FindingCodes.CompositionCycle,
            node.Name.Position,
            circle.Length == 2 ? $"composition '{circle[0]}' is made of itself" : $"compositions are made of each other: {string.Join(" → ", circle)}",
            "an operation calls services below its own composition, such as the one that it extends");
    }

    private bool Partition(OfferedService offered, PartitionNode node)
    {
        var function = PartitionFunctions.Make(node, _findings);
        var services = (node.Ranges?.Select(static range => range.Service) ?? node.Prefixes?.Select(static prefix => prefix.Service) ?? node.Hash?.Services ?? [])
            .Concat(node.Default is null ? [] : [node.Default])
            .Select(service => service is null ? null : _context.Require(service))
            .ToArray();
        if (function is null || services.Any(static service => service is null or { IsBroken: true }))
        {
            return false;
        }

        new PartitionBuilder(_findings).Build(offered, node, function, services!);
        return true;
    }

    private bool Extend(OfferedService offered, ExtendStrategy extend)
    {
        var from = _context.Require(extend.From);
        if (from is not null)
        {
            offered.TakeBroken(from);
            foreach (var operation in from.Operations)
            {
                offered.Set(operation);
            }
        }

        foreach (var node in extend.Operations)
        {
            if (node.Removed is not null)
            {
                if (from?.Require(node.Name, _findings) is { } removed)
                {
                    offered.Set(Removed(removed, node.Removed.Value));
                }

                continue;
            }

            var extended = from ?? new OfferedService(extend.From.Value) { Title = "", IsBroken = true };
            var compiler = new OperationCompiler(_context, extended, _context.ConsistencyOf(offered.Name));
            if (compiler.Compile(node) is { } plan)
            {
                offered.Set(plan);
            }
            else
            {
                offered.SetBroken(node.Name.Value);
            }
        }

        return from is not null;
    }

    private bool Add(OfferedService offered, AddedNode added)
    {
        if (_context.Require(added.From) is not { } from)
        {
            return false;
        }

        var names = added.Only?.Select(static name => name.Value).ToHashSet(StringComparer.Ordinal);
        var renames = new Dictionary<string, Located<string>>(StringComparer.Ordinal);
        foreach (var name in (added.Only ?? []).Concat(added.Except ?? []).Concat(added.Rename.Select(static rename => rename.Old)))
        {
            from.Require(name, _findings);
        }

        foreach (var (old, renamed) in added.Rename)
        {
            renames[old.Value] = renamed;
        }

        offered.TakeBroken(from);
        foreach (var operation in from.Operations)
        {
            if (names?.Contains(operation.Name) ?? !(added.Except ?? []).Any(name => name.Value == operation.Name))
            {
                var name = renames.GetValueOrDefault(operation.Name);
                Offer(offered, operation with { Name = name?.Value ?? operation.Name }, from.Name, name?.Position ?? added.From.Position);
            }
        }

        return true;
    }

    private void Offer(OfferedService offered, OperationPlan operation, string from, Position position)
    {
        var present = offered.Find(operation.Name);
        if (present is null || (present.RemovedReason is not null && operation.RemovedReason is null))
        {
            offered.Set(operation);
        }
        else if (present.RemovedReason is null && operation.RemovedReason is null)
        {
            _findings.Add(
                FindingCodes.NameClash,
                position,
                $"operation '{operation.Name}' of '{from}' has the name of one that was added before",
                "rename one of them ('rename: {old: new}') or leave one out ('only', 'except')");
        }
    }

    private bool Remove(OfferedService offered, RemoveStrategy remove)
    {
        if (_context.Require(remove.From) is not { } from)
        {
            return false;
        }

        offered.TakeBroken(from);
        foreach (var operation in from.Operations)
        {
            offered.Set(operation);
        }

        foreach (var (name, reason) in remove.Operations)
        {
            if (from.Require(name, _findings) is { } operation)
            {
                offered.Set(Removed(operation, reason.Value));
            }
        }

        return true;
    }

    private static OperationPlan Removed(OperationPlan operation, string reason) =>
        operation with { RemovedReason = reason, Steps = [], Return = null, Refusals = [], Example = null };
}
