using System.Reflection;
using System.Runtime.ExceptionServices;
using System.Runtime.Loader;

namespace Csmr.Mutation;

/// <summary>
/// Where a compiled project runs beside the built one: it, and fresh copies of the test assemblies that use it, are loaded
/// apart; all else is shared with the process. So the tests in here meet the mutant and nobody else does.
/// </summary>
public sealed class MutantContext : AssemblyLoadContext, IDisposable
{
    private readonly Dictionary<string, Assembly> _apart = new(StringComparer.Ordinal);

    /// <summary>Makes one.</summary>
    /// <param name="compiled">The compiled project's bytes.</param>
    /// <param name="users">The assemblies to be loaded afresh, each after those it uses.</param>
    public MutantContext(byte[] compiled, params IReadOnlyList<Assembly> users)
        : base("mutant", isCollectible: true)
    {
        using var stream = new MemoryStream(compiled);
        Project = LoadFromStream(stream);
        _apart.Add(Project.GetName().Name!, Project);
        foreach (var user in users)
        {
            _apart.Add(user.GetName().Name!, LoadFromAssemblyPath(user.Location));
        }
    }

    /// <summary>The compiled project.</summary>
    public Assembly Project { get; }

    /// <summary>Calls a static method inside.</summary>
    /// <param name="type">The type, as this process knows it; the one of the same name inside is meant.</param>
    /// <param name="method">The method's name.</param>
    /// <param name="arguments">Its arguments, of types that are shared.</param>
    /// <returns>What it returns, of a type that is shared.</returns>
    public object? Call(Type type, string method, params object[] arguments)
    {
        var inside = _apart[type.Assembly.GetName().Name!].GetType(type.FullName!, throwOnError: true)!;
        try
        {
            return inside.GetMethod(method, BindingFlags.Public | BindingFlags.Static)!.Invoke(null, arguments);
        }
        catch (TargetInvocationException exception)
        {
            ExceptionDispatchInfo.Capture(exception.InnerException!).Throw();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Unload();

    /// <inheritdoc/>
    protected override Assembly? Load(AssemblyName assemblyName) => _apart.GetValueOrDefault(assemblyName.Name!);
}
