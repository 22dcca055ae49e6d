namespace Csmr.Chaos.Processes;

/// <summary>Where and in what surroundings a process runs: the hook for faults of network, disk and clock.</summary>
public sealed record Place
{
    /// <summary>A command that ends by executing the rest of its line: <c>ip netns exec x</c>, say. Empty for none.</summary>
    public IReadOnlyList<string> Wrapper { get; init; } = [];

    /// <summary>Variables beside those of the harness: <c>LD_PRELOAD</c>, say.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The address that it listens at and tells the others. The harness and every other process must reach it.</summary>
    public string Address { get; init; } = "127.0.0.1";

    /// <summary>The directory above its own data directory; null for the cluster's.</summary>
    public string? DataDirectory { get; init; }
}
