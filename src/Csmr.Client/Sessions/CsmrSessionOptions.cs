namespace Csmr.Client;

/// <summary>How a session repeats its calls.</summary>
public sealed record CsmrSessionOptions
{
    /// <summary>How long one try waits for its answer before the next one is made.</summary>
    public TimeSpan TryTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>The pause after the first try; it doubles from try to try, with some randomness.</summary>
    public TimeSpan PauseMin { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>The longest pause between two tries.</summary>
    public TimeSpan PauseMax { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// By how much the clocks of the caller and the cluster may differ. A call must not be executed any more after its
    /// timeout and this long: its results are kept at least until then.
    /// </summary>
    public TimeSpan ClockDifferenceMax { get; init; } = TimeSpan.FromMinutes(2);
}
