using System.Globalization;

namespace Csmr.Simulation.Tests;

/// <summary>What a run is asked for by environment variables (docs/simulation.md).</summary>
internal static class Settings
{
    /// <summary>How long each engine runs in a soak, however many runs that gives; none in the ordinary run, which counts runs.</summary>
    private static readonly long? SoakSeconds = Number("CSMR_SIM_SECONDS");

    /// <summary>Whether the time is what counts: a run that is cut short by it is then whole.</summary>
    public static bool IsSoak { get; } = SoakSeconds is not null;

    /// <summary>How long each engine runs at most: in the ordinary run, several times what it takes on two quiet cores.</summary>
    public static TimeSpan Limit { get; } = TimeSpan.FromSeconds(SoakSeconds ?? 720);

    /// <summary>The first seed.</summary>
    public static ulong FirstSeed { get; } = (ulong)(Number("CSMR_SIM_FIRST_SEED") ?? 1);

    /// <summary>Seeds of the timed engine in the ordinary run.</summary>
    public static long TimedSeeds { get; } = SoakSeconds is null ? Number("CSMR_SIM_TIMED_SEEDS") ?? 20_000 : long.MaxValue;

    /// <summary>Clockless walks in the ordinary run.</summary>
    public static long Walks { get; } = SoakSeconds is null ? Number("CSMR_SIM_WALKS") ?? 1_000_000 : long.MaxValue;

    /// <summary>How many walks of several groups at most.</summary>
    public static long MulticastWalks { get; } = SoakSeconds is null ? Number("CSMR_SIM_MULTICAST") ?? 8_000 : long.MaxValue;

    /// <summary>Seeds of the timed engine of several groups in the ordinary run.</summary>
    public static long GroupsSeeds { get; } = SoakSeconds is null ? Number("CSMR_SIM_GROUPS") ?? 1_000 : long.MaxValue;

    /// <summary>A run to be seen again: <c>timed:17</c>, <c>walk:17</c>, <c>multicast:17</c> or <c>groups:17</c>.</summary>
    public static string? Replay { get; } = Environment.GetEnvironmentVariable("CSMR_SIM_REPLAY");

    private static long? Number(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? long.Parse(text, CultureInfo.InvariantCulture) : null;
}
