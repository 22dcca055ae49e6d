using System.Reflection;

namespace Csmr;

/// <summary>The types of state machines that manifests can name. Immutable.</summary>
public sealed class MachineCatalog
{
    private readonly SortedDictionary<string, IStateMachineType> _byName = new(StringComparer.Ordinal);

    /// <summary>Makes one.</summary>
    /// <param name="machines">The types.</param>
    /// <exception cref="MachineCatalogException">Two have one name, or a definition breaks a rule.</exception>
    public MachineCatalog(IEnumerable<IStateMachineType> machines)
    {
        foreach (var machine in machines)
        {
            var definition = DefinitionOf(machine);
            if (!_byName.TryAdd(definition.Name, machine))
            {
                throw new MachineCatalogException(
                    $"Two machines are named '{definition.Name}': {_byName[definition.Name].GetType().FullName} and "
                    + $"{machine.GetType().FullName}. Rename one.");
            }
        }
    }

    /// <summary>No machine at all.</summary>
    public static MachineCatalog Empty { get; } = new([]);

    /// <summary>The types, in order of their names.</summary>
    public IReadOnlyCollection<IStateMachineType> Machines => _byName.Values;

    /// <summary>Finds a type by the name that manifests use.</summary>
    /// <param name="name">The name.</param>
    /// <returns>The type, or null.</returns>
    public IStateMachineType? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Adds types.</summary>
    /// <param name="machines">The types to add.</param>
    /// <returns>A catalogue with them.</returns>
    /// <exception cref="MachineCatalogException">Two have one name, or a definition breaks a rule.</exception>
    public MachineCatalog With(params IEnumerable<IStateMachineType> machines) => new([.. Machines, .. machines]);

    /// <summary>Adds every public class of an assembly that is a type of state machine.</summary>
    /// <param name="assembly">The assembly.</param>
    /// <returns>A catalogue with them.</returns>
    /// <exception cref="MachineCatalogException">There is none, one cannot be made, or as for <see cref="With(IEnumerable{IStateMachineType})"/>.</exception>
    public MachineCatalog With(Assembly assembly)
    {
        var found = TypesOf(assembly)
            .Where(static type => type is { IsClass: true, IsAbstract: false } && typeof(IStateMachineType).IsAssignableFrom(type))
            .OrderBy(static type => type.FullName, StringComparer.Ordinal)
            .ToArray();
        return found.Length > 0
            ? With(found.Select(Make))
            : throw new MachineCatalogException(
                $"Assembly '{NameOf(assembly)}' has no public class that implements {nameof(IStateMachineType)}.");
    }

    private static Type[] TypesOf(Assembly assembly)
    {
        try
        {
            return assembly.GetExportedTypes();
        }
        catch (Exception error) when (error is FileNotFoundException or FileLoadException or TypeLoadException or BadImageFormatException)
        {
            throw new MachineCatalogException(
                $"The types of assembly '{NameOf(assembly)}' cannot be read: {error.Message} Put what it refers to beside it.", error);
        }
    }

    private static IStateMachineType Make(Type type)
    {
        if (type.ContainsGenericParameters || type.GetConstructor(Type.EmptyTypes) is not { } constructor)
        {
            throw new MachineCatalogException($"{type.FullName} needs a public constructor without parameters and no type parameters.");
        }

        try
        {
            return (IStateMachineType)constructor.Invoke(null);
        }
        catch (TargetInvocationException error)
        {
            throw new MachineCatalogException(
                $"The constructor of {type.FullName} failed: {error.InnerException?.Message}", error.InnerException);
        }
    }

    private static MachineDefinition DefinitionOf(IStateMachineType machine)
    {
        MachineDefinition definition;
        try
        {
            definition = machine.Definition;
        }
        catch (Exception error)
        {
            throw new MachineCatalogException($"The definition of {machine.GetType().FullName} failed: {error.Message}", error);
        }

        var problems = DefinitionRules.Check(definition);
        return problems.Count == 0
            ? definition
            : throw new MachineCatalogException(
                $"The definition of {machine.GetType().FullName} breaks a rule: {string.Join(' ', problems)}");
    }

    private static string? NameOf(Assembly assembly) => assembly.GetName().Name;
}

/// <summary>The state machines at hand do not make a catalogue. The message says what to change.</summary>
/// <param name="message">What is wrong and what to do.</param>
/// <param name="cause">What led to it, if anything.</param>
public sealed class MachineCatalogException(string message, Exception? cause = null) : Exception(message, cause);
