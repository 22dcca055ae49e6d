using System.Reflection;
using System.Runtime.ExceptionServices;
using Csmr.Replication.Ports;
using Xunit.Sdk;

namespace Csmr.Storage.Tests.Mutants;

/// <summary>
/// The way into a copy of this assembly that is bound to a mutated journal (<c>Csmr.Mutation</c>): only types of the base
/// library come in and go out.
/// </summary>
public static class StorageHunt
{
    /// <summary>Which journal this copy is bound to.</summary>
    public static Guid Journal() => typeof(SegmentedJournal).Module.ModuleVersionId;

    /// <summary>Runs one of this assembly's tests.</summary>
    /// <param name="test">The class and the method, with a dot between.</param>
    /// <returns>How it failed; null where it passed. What is no verdict of a test on a journal is thrown.</returns>
    public static string? Run(string test)
    {
        var parts = test.Split('.');
        var type = typeof(StorageHunt).Assembly.GetType($"Csmr.Storage.Tests.{parts[0]}", throwOnError: true)!;
        var method = type.GetMethod(parts[1]) ?? throw new ArgumentException($"there is no test {test}", nameof(test));
        var cases = method.GetCustomAttributes<InlineDataAttribute>().Select(inline => inline.Data).DefaultIfEmpty([]);
        return cases.Select(arguments => Run(type, method, arguments)).FirstOrDefault(failure => failure is not null);
    }

    private static string? Run(Type type, MethodInfo method, object?[] arguments)
    {
        var takesOutput = type.GetConstructor([typeof(ITestOutputHelper)]) is not null;
        var instance = Activator.CreateInstance(type, takesOutput ? [TestContext.Current.TestOutputHelper] : []);
        try
        {
            method.Invoke(instance, arguments);
            return null;
        }
        catch (TargetInvocationException exception)
        {
            var cause = exception.InnerException!;
            if (cause is XunitException or JournalCorruptException or DataDirectoryException or InvariantBrokenException or SnapshotException or CheckpointException)
            {
                return $"{cause.GetType().Name}: {cause.Message}";
            }

            ExceptionDispatchInfo.Capture(cause).Throw();
            throw;
        }
        finally
        {
            (instance as IDisposable)?.Dispose();
        }
    }
}
