using Csmr.Chaos.Faults;
using Csmr.Chaos.Loads;

namespace Csmr.Chaos.Runs;

/// <summary>What a run is made of.</summary>
public sealed record RunOptions
{
    /// <summary>How long faults are injected.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Decides which faults come when, and what the clients call.</summary>
    public required int Seed { get; init; }

    /// <summary>Three or five replica processes.</summary>
    public int Replicas { get; init; } = 3;

    /// <summary>The names of the faults that may come.</summary>
    public IReadOnlyList<string> Faults { get; init; } = FaultCatalog.Names;

    /// <summary>Whether each fault comes once, in the order given, and the run ends then.</summary>
    public bool IsScripted { get; init; }

    /// <summary>Whether data, logs and history are left on disk.</summary>
    public bool IsKept { get; init; }

    /// <summary>The load.</summary>
    public LoadOptions Load { get; init; } = new();

    /// <summary>Is told what happens.</summary>
    public Action<string> Log { get; init; } = static _ => { };

    /// <summary>In what time everything must answer again after a fault.</summary>
    public TimeSpan RecoveryLimit { get; init; } = TimeSpan.FromMinutes(3);
}
