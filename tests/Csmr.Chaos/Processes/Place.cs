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

    /// <summary>The same place with variables set, and a library loaded before all others but those that are preloaded already.</summary>
    public Place WithPreloaded(string library, params IReadOnlyList<(string Name, string Value)> variables)
    {
        ArgumentNullException.ThrowIfNull(variables);
        const string Preload = "LD_PRELOAD";
        var environment = new Dictionary<string, string>(Environment, StringComparer.Ordinal);
        environment[Preload] = environment.TryGetValue(Preload, out var others) ? $"{others}:{library}" : library;
        foreach (var (name, value) in variables)
        {
            environment[name] = value;
        }

        return this with { Environment = environment };
    }
}
