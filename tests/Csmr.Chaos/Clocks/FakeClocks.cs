using System.Buffers.Binary;
using Csmr.Chaos.Clusters;
using Csmr.Chaos.Processes;

namespace Csmr.Chaos.Clocks;

/// <summary>
/// A wall clock of its own for every process of a cluster, by a preloaded library: it can be set and made faster or slower while the
/// process runs. The monotonic clock is left alone, as on a machine whose clock is set. (libfaketime does the same, but takes a lock and two
/// system calls for each look at any clock: every process would be mostly busy with that.)
/// </summary>
public sealed class FakeClocks : IAsyncDisposable
{
    private const string Source = "Clocks/clock.c";
    private const int SettingBytes = 24;

    private readonly TemporaryDirectory _directory = new();

    private FakeClocks()
    {
    }

    /// <summary>Why there can be none here; null where there can.</summary>
    public static string? WhyNot => Tool.WhyNot("gcc");

    /// <summary>Gives every process of a cluster a clock, once.</summary>
    public static async Task PrepareAsync(ChaosClusterOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Belongings.OfType<FakeClocks>().Any())
        {
            return;
        }

        var clocks = new FakeClocks();
        options.Belongings.Add(clocks);
        var library = await Tool.CompileAsync(Source, clocks._directory.Sub("clock.so"));
        foreach (var process in (string[])[.. options.ReplicaNames, .. options.GatewayNames])
        {
            clocks.SetRight(process);
            options.Change(process, place => place.WithPreloaded(library, ("FAULT_CLOCK", clocks.FileOf(process))));
        }
    }

    /// <summary>Sets a process's clock.</summary>
    /// <param name="process">The name of its silo.</param>
    /// <param name="ahead">How far it is ahead from now on; behind where negative.</param>
    /// <param name="rate">How fast it goes from now on.</param>
    public void Set(string process, TimeSpan ahead, double rate = 1)
    {
        var setting = new byte[SettingBytes];
        BinaryPrimitives.WriteInt64LittleEndian(setting, (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick);
        BinaryPrimitives.WriteInt64LittleEndian(setting.AsSpan(8), ahead.Ticks * TimeSpan.NanosecondsPerTick);
        BinaryPrimitives.WriteDoubleLittleEndian(setting.AsSpan(16), rate);

        // In place: processes have the file in their memory.
        using var file = File.OpenHandle(FileOf(process), FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);
        RandomAccess.Write(file, setting, 0);
    }

    /// <summary>Sets it right.</summary>
    public void SetRight(string process) => Set(process, TimeSpan.Zero);

    public ValueTask DisposeAsync()
    {
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }

    private string FileOf(string process) => _directory.Sub(process);
}
