namespace Csmr.Chaos.Network;

/// <summary>How frames fare on the way from one port to another: one direction only.</summary>
public sealed record LinkQuality
{
    /// <summary>Nothing is done to frames.</summary>
    public static LinkQuality Perfect { get; } = new();

    /// <summary>Nothing arrives.</summary>
    public static LinkQuality Cut { get; } = new() { Loss = 1 };

    /// <summary>The share of frames that is lost.</summary>
    public double Loss { get; init; }

    /// <summary>The share of frames that arrives twice.</summary>
    public double Duplication { get; init; }

    /// <summary>The share of frames that is held back, so that later ones overtake it.</summary>
    public double Reordering { get; init; }

    /// <summary>What every frame waits.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>What frames wait beyond that on average: mostly less, now and then very much more. They keep their order.</summary>
    public TimeSpan Jitter { get; init; }

    /// <summary>How long a frame is held back at most.</summary>
    public TimeSpan ReorderingMax { get; init; } = TimeSpan.FromMilliseconds(30);

    /// <summary>What passes in a second; 0 for any amount.</summary>
    public long BytesPerSecond { get; init; }
}
