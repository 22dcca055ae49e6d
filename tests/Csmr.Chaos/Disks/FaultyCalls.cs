using Csmr.Chaos.Clusters;
using Csmr.Chaos.Processes;

namespace Csmr.Chaos.Disks;

/// <summary>A library in every replica process through which its writes and flushes go, and a file for each that says what they suffer.</summary>
public sealed class FaultyCalls : IAsyncDisposable
{
    private const string Source = "Disks/faults.c";

    private readonly TemporaryDirectory _directory = new();

    private FaultyCalls()
    {
    }

    /// <summary>Why there can be none here; null where there can.</summary>
    public static string? WhyNot => Tool.WhyNot("gcc");

    /// <summary>Puts them between the replicas of a cluster and their disks, once.</summary>
    public static async Task PrepareAsync(ChaosClusterOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Belongings.OfType<FaultyCalls>().Any())
        {
            return;
        }

        var calls = new FaultyCalls();
        options.Belongings.Add(calls);
        var library = await Tool.CompileAsync(Source, calls._directory.Sub("faults.so"));
        foreach (var name in options.ReplicaNames)
        {
            options.Change(name, place => place.WithPreloaded(library, ("FAULT_FILE", calls.FileOf(name))));
        }
    }

    /// <summary>From now on a replica's calls suffer.</summary>
    /// <param name="replica">The replica's silo.</param>
    /// <param name="settings">What: see <c>faults.c</c>.</param>
    public void Set(string replica, params IReadOnlyList<(string Name, int Value)> settings)
    {
        var file = FileOf(replica);
        File.WriteAllLines(file + ".new", settings.Select(static setting => $"{setting.Name}={setting.Value}"));
        File.Move(file + ".new", file, overwrite: true);
    }

    /// <summary>Whether a replica's calls suffer still: a torn write ends that by itself.</summary>
    public bool IsSet(string replica) => File.Exists(FileOf(replica));

    /// <summary>Ends it.</summary>
    public void Clear(string replica) => File.Delete(FileOf(replica));

    public ValueTask DisposeAsync()
    {
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }

    private string FileOf(string replica) => _directory.Sub(replica);
}
