using System.Globalization;
using Csmr.Composition.Findings;
using Csmr.Composition.Json;
using Csmr.Composition.Manifests;
using Csmr.Composition.Plans;
using Csmr.Composition.Yaml;

namespace Csmr.Composition.Compiling;

/// <summary>Makes the groups of the services, and the operations that they offer.</summary>
internal sealed class ServiceBuilder(CompilationContext context, ManifestLoader loader)
{
    private readonly List<ServiceDraft> _drafts = [];
    private readonly FindingList _findings = context.Findings;

    /// <summary>Takes the services of one file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="defaults">What holds where they say nothing.</param>
    public void Take(ManifestFile file, DefaultsNode defaults)
    {
        foreach (var node in file.Services)
        {
            var machine = Machine(node);
            var shape = GroupShape.Of(node, defaults, _findings);
            var function = node.Partitions is null ? null : PartitionFunctions.Make(node.Partitions, _findings);
            _drafts.Add(new ServiceDraft(node, machine, shape, function)
            {
                Settings = machine is null ? null : Settings(node, machine.Definition),
                Durability = node.Durability ?? defaults.Durability ?? Durability.Fsync,
            });
        }
    }

    /// <summary>Makes the groups and offers the services to the compositions.</summary>
    /// <param name="root">The root file, which lists the nodes.</param>
    /// <param name="nodes">The nodes.</param>
    /// <returns>The groups, in order of their names.</returns>
    public IReadOnlyList<GroupPlan> Build(ManifestFile root, out IReadOnlyList<string> nodes)
    {
        var placement = Placement.Of(root, _drafts.Select(static draft => draft.Shape.Replicas).DefaultIfEmpty(1).Max(), _findings);
        nodes = placement.Nodes;
        foreach (var draft in _drafts)
        {
            placement.Check(draft.Node, draft.Shape, draft.Groups.Count);
            context.Add(Offer(draft));
        }

        var groups = new List<GroupPlan>();
        var named = _drafts.SelectMany(static draft => draft.Groups.Select((id, part) => (draft, id, part)));
        foreach (var ((draft, id, part), position) in named.OrderBy(static entry => entry.id.Name, StringComparer.Ordinal).Select(static (entry, i) => (entry, i)))
        {
            if (draft.Machine is null || draft.Settings is null)
            {
                continue;
            }

            groups.Add(new GroupPlan
            {
                Id = id,
                Service = draft.Node.Name.Value,
                Part = part,
                Function = draft.Function,
                Machine = draft.Machine,
                Settings = draft.Settings,
                Replicas = placement.Replicas(draft.Node, draft.Shape, draft.Node.Placement is null ? position : part),
                F = draft.Shape.F,
                Durability = draft.Durability,
            });
        }

        return groups;
    }

    private OfferedService Offer(ServiceDraft draft)
    {
        var name = draft.Node.Name.Value;
        var offered = new OfferedService(name)
        {
            Title = draft.Node.Partitions is null ? $"machine '{draft.Node.Machine?.Value}'" : $"service '{name}'",
            IsBroken = draft.Machine is null || draft.Node.IsBroken || (draft.Node.Partitions is not null && draft.Function is null),
        };
        if (offered.IsBroken)
        {
            return offered;
        }

        if (draft.Node.Partitions is null)
        {
            foreach (var operation in draft.Machine!.Definition.Operations)
            {
                offered.Set(PlainOperations.Of(name, operation, draft.Settings!, new SingleRouter(draft.Groups[0])));
            }

            return offered;
        }

        var parts = draft.Groups.Select(group => Part(draft, group)).ToArray();
        new PartitionBuilder(_findings).Build(offered, draft.Node.Partitions, draft.Function!, parts);
        return offered;
    }

    private static OfferedService Part(ServiceDraft draft, GroupId group)
    {
        var part = new OfferedService(draft.Node.Name.Value) { Title = $"machine '{draft.Machine!.Definition.Name}'" };
        foreach (var operation in draft.Machine.Definition.Operations)
        {
            part.Set(PlainOperations.Of(part.Name, operation, draft.Settings!, new SingleRouter(group)));
        }

        return part;
    }

    private IStateMachineType? Machine(ServiceNode node)
    {
        if (node.Machine is null)
        {
            return null;
        }

        var machine = loader.Catalog.Find(node.Machine.Value);
        if (machine is null && !loader.LacksAssembly)
        {
            _findings.Add(
                FindingCodes.UnknownMachine,
                node.Machine.Position,
                $"there is no machine '{Suggestion.Shown(node.Machine.Value)}'",
                Suggestion.Among(node.Machine.Value, "there are", loader.Catalog.Machines.Select(static known => known.Definition.Name))
                    + "; machines of your own come with 'assemblies'");
        }

        return machine;
    }

    private MachineSettings? Settings(ServiceNode node, MachineDefinition machine)
    {
        var given = new Dictionary<string, Value>(StringComparer.Ordinal);
        var isWhole = true;
        foreach (var entry in node.Settings)
        {
            var setting = machine.Settings.FirstOrDefault(setting => setting.Name == entry.Key);
            if (setting is null)
            {
                isWhole = false;
                _findings.Add(
                    FindingCodes.UnknownSetting,
                    entry.KeyPosition,
                    $"machine '{machine.Name}' has no setting '{Suggestion.Shown(entry.Key)}'",
                    Suggestion.Among(entry.Key, "it has", machine.Settings.Select(static known => known.Name)));
            }
            else if (SettingOf(setting, entry.Value) is { } value)
            {
                given[setting.Name] = value;
            }
            else
            {
                isWhole = false;
                _findings.Add(FindingCodes.BadSetting, entry.Value.Position, $"setting '{setting.Name}' must be {Expected(setting)}", setting.Summary);
            }
        }

        return isWhole ? new MachineSettings(machine, given) : null;
    }

    private static Value? SettingOf(SettingDefinition setting, YamlNode node) => (setting.Type.Carrier, node) switch
    {
        (ValueKind.Long, YamlScalar { Integer: { } number }) when !(number < setting.Minimum || number > setting.Maximum) => Value.Of(number),
        (ValueKind.Bool, YamlScalar { Bool: { } flag }) => Value.Of(flag),
        (ValueKind.String, YamlScalar { IsText: true } text) => Value.Of(text.Text),
        _ => null,
    };

    private static string Expected(SettingDefinition setting) => setting.Type.Carrier switch
    {
        ValueKind.Long => ArgumentBounds.Describe(setting.Minimum, setting.Maximum),
        ValueKind.Bool => "true or false",
        _ => "a text",
    };

    /// <summary>A service on its way to groups.</summary>
    private sealed record ServiceDraft(ServiceNode Node, IStateMachineType? Machine, GroupShape Shape, PartitionFunction? Function)
    {
        public MachineSettings? Settings { get; init; }

        public Durability Durability { get; init; }

        public IReadOnlyList<GroupId> Groups { get; } = Node.Partitions is null
            ? [new GroupId(Node.Name.Value)]
            : [.. Enumerable.Range(0, PartitionFunctions.Count(Node.Partitions))
                .Select(part => new GroupId(string.Create(CultureInfo.InvariantCulture, $"{Node.Name.Value}.{part}")))];
    }
}
