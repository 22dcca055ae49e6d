using System.Globalization;
using Csmr.Chaos.Clusters;
using Csmr.Chaos.Processes;

namespace Csmr.Chaos.Clocks;

/// <summary>
/// A wall clock of its own for every process of a cluster, by libfaketime: it can be set and made faster or slower while the process
/// runs. The monotonic clock is left alone, as on a machine whose clock is set.
/// </summary>
public sealed class FakeClocks : IAsyncDisposable
{
    private const string Library = "libfaketimeMT.so.1";
    private const string Truth = "+0";

    private readonly TemporaryDirectory _directory = new();

    private FakeClocks(IEnumerable<string> processes)
    {
        foreach (var process in processes)
        {
            Write(process, Truth);
        }
    }

    /// <summary>Why there can be none here; null where there can.</summary>
    public static string? WhyNot => FindLibrary() is null ? "not installed: faketime (scripts/test installs it)" : null;

    /// <summary>Gives every process of a cluster a clock, once.</summary>
    public static void Prepare(ChaosClusterOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Belongings.OfType<FakeClocks>().Any())
        {
            return;
        }

        string[] processes = [.. options.ReplicaNames, .. options.GatewayNames];
        var clocks = new FakeClocks(processes);
        options.Belongings.Add(clocks);
        foreach (var process in processes)
        {
            options.Change(process, place => place.WithPreloaded(
                FindLibrary()!,
                ("FAKETIME_TIMESTAMP_FILE", clocks.FileOf(process)),
                ("FAKETIME_NO_CACHE", "1"),
                ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
                ("DONT_FAKE_MONOTONIC", "1"),
                ("NO_FAKE_STAT", "1")));
        }
    }

    /// <summary>Sets a process's clock.</summary>
    /// <param name="process">The name of its silo.</param>
    /// <param name="ahead">How far it is ahead; behind where negative.</param>
    /// <param name="rate">How fast it goes.</param>
    public void Set(string process, TimeSpan ahead, double rate = 1) =>
        Write(process, string.Create(CultureInfo.InvariantCulture, $"{ahead.TotalSeconds:+0;-0;+0}{(rate == 1 ? "" : $" x{rate}")}"));

    /// <summary>Sets it right.</summary>
    public void SetRight(string process) => Write(process, Truth);

    public ValueTask DisposeAsync()
    {
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }

    private static string? FindLibrary() => OperatingSystem.IsLinux()
        ? Directory.GetDirectories("/usr/lib", "*-linux-gnu*").Select(static path => Path.Combine(path, "faketime", Library)).FirstOrDefault(File.Exists)
        : null;

    private string FileOf(string process) => _directory.Sub(process);

    private void Write(string process, string text)
    {
        var file = FileOf(process);
        File.WriteAllText(file + ".new", text + "\n");
        File.Move(file + ".new", file, overwrite: true);
    }
}
