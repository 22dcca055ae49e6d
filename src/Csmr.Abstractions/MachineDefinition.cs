using System.Collections.Frozen;

namespace Csmr;

/// <summary>A type of state machine as manifests, documentation and routing see it: its name, operations and settings.</summary>
public sealed class MachineDefinition
{
    private readonly FrozenDictionary<string, OperationDefinition> _byName;

    /// <summary>Makes one.</summary>
    /// <param name="name">The name that manifests use (<c>kv</c>).</param>
    /// <param name="summary">What it is for, in one sentence.</param>
    /// <param name="operations">The operations.</param>
    /// <param name="settings">The settings that a manifest may give.</param>
    public MachineDefinition(
        string name,
        string summary,
        IReadOnlyList<OperationDefinition> operations,
        IReadOnlyList<SettingDefinition>? settings = null)
    {
        Name = name;
        Summary = summary;
        Operations = operations;
        Settings = settings ?? [];
        _byName = operations.ToFrozenDictionary(static operation => operation.Name, StringComparer.Ordinal);
    }

    /// <summary>The name that manifests use.</summary>
    public string Name { get; }

    /// <summary>What it is for, in one sentence.</summary>
    public string Summary { get; }

    /// <summary>The operations, in the order of the documentation.</summary>
    public IReadOnlyList<OperationDefinition> Operations { get; }

    /// <summary>The settings that a manifest may give.</summary>
    public IReadOnlyList<SettingDefinition> Settings { get; }

    /// <summary>Finds an operation by its name.</summary>
    /// <param name="name">The name.</param>
    /// <returns>The operation, or null.</returns>
    public OperationDefinition? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Finds an operation by its name, without making a string.</summary>
    /// <param name="name">The name.</param>
    /// <returns>The operation, or null.</returns>
    public OperationDefinition? Find(ReadOnlySpan<char> name) =>
        _byName.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out var operation) ? operation : null;
}

/// <summary>A setting of a machine that a manifest may give for a service.</summary>
/// <param name="Name">The name, with its unit last where it has one.</param>
/// <param name="Type">The type: string, long or bool.</param>
/// <param name="Default">The value when the manifest gives none.</param>
/// <param name="Summary">What it does, in one sentence.</param>
public sealed record SettingDefinition(string Name, ValueType Type, Value Default, string Summary)
{
    /// <summary>The smallest allowed integer.</summary>
    public long? Minimum { get; init; }

    /// <summary>The largest allowed integer.</summary>
    public long? Maximum { get; init; }
}

/// <summary>The settings of one service: checked values by name; what the manifest leaves out has its default.</summary>
/// <param name="definition">The machine's definition.</param>
/// <param name="given">What the manifest gives.</param>
public sealed class MachineSettings(MachineDefinition definition, IReadOnlyDictionary<string, Value> given)
{
    /// <summary>A setting's value.</summary>
    /// <param name="name">The setting's name.</param>
    /// <returns>The given value, or the default.</returns>
    /// <exception cref="ArgumentException">The machine has no such setting.</exception>
    public Value this[string name]
    {
        get
        {
            if (given.TryGetValue(name, out var value))
            {
                return value;
            }

            foreach (var setting in definition.Settings)
            {
                if (string.Equals(setting.Name, name, StringComparison.Ordinal))
                {
                    return setting.Default;
                }
            }

            throw new ArgumentException($"Machine '{definition.Name}' has no setting '{name}'.", nameof(name));
        }
    }

    /// <summary>The defaults of a machine.</summary>
    /// <param name="definition">The machine's definition.</param>
    /// <returns>The settings.</returns>
    public static MachineSettings Defaults(MachineDefinition definition) =>
        new(definition, FrozenDictionary<string, Value>.Empty);
}
