using Csmr.TestKit.Simulation;

namespace Csmr.TestKit.Multicast;

/// <summary>All that a timed run of several groups does, as data made from the seed before it begins.</summary>
internal sealed record GroupsPlan
{
    /// <summary>The seed.</summary>
    public required ulong Seed { get; init; }

    /// <summary>What happens to each group.</summary>
    public required TimedPlan[] Groups { get; init; }

    /// <summary>Gateways.</summary>
    public required int Gateways { get; init; }

    /// <summary>Clients; each makes one call after the other.</summary>
    public required int Clients { get; init; }

    /// <summary>Calls of each client.</summary>
    public required int Calls { get; init; }

    /// <summary>Lists in each group.</summary>
    public required int Keys { get; init; }

    /// <summary>Calls of one group among all, in thousandths.</summary>
    public required int Singles { get; init; }

    /// <summary>How often a gateway crashes at a send, in thousandths.</summary>
    public required int GatewayCrashes { get; init; }

    /// <summary>How often a client gives a call up when its gateway is silent, in thousandths.</summary>
    public required int GivenUp { get; init; }

    /// <summary>How long a gateway waits for a group before it asks again.</summary>
    public required long TimeoutUs { get; init; }

    /// <summary>Before when no client makes a call.</summary>
    public long FirstCallUs { get; init; }

    /// <summary>How long a client waits between two calls.</summary>
    public required long ThinkUs { get; init; }

    /// <summary>After so many ticks a leader notes in its log what another group has received.</summary>
    public required int QuietTicks { get; init; }

    /// <summary>Bytes in one batch of a channel, at most.</summary>
    public required int BatchBytesMax { get; init; }

    /// <summary>Whether all faults end as soon as every call is made, or at their time.</summary>
    public bool HealsEarly { get; init; } = true;

    /// <summary>When all faults end.</summary>
    public long HealUs => Groups.Max(static group => group.HealUs);

    /// <summary>Makes a plan.</summary>
    /// <param name="seed">The seed.</param>
    /// <returns>The plan.</returns>
    public static GroupsPlan Of(ulong seed)
    {
        var random = new SimulationRandom(seed).Fork(11);
        var groups = new TimedPlan[random.Below(3) + 2];
        for (var i = 0; i < groups.Length; i++)
        {
            groups[i] = Durable(TimedPlan.Of(random.Next()));
        }

        var healUs = groups.Max(static group => group.HealUs);
        return new GroupsPlan
        {
            Seed = seed,
            Groups = Array.ConvertAll(groups, group => group with { HealUs = healUs }),
            Gateways = random.Below(3) + 1,
            Clients = random.Below(5) + 2,
            Calls = random.Below(8) + 2,
            Keys = random.Below(3) + 1,
            Singles = random.Below(800),
            GatewayCrashes = random.Chance(400) ? 0 : random.Below(200),
            GivenUp = random.Chance(500) ? 0 : random.Below(500),
            TimeoutUs = random.Between(40_000, 300_000),
            ThinkUs = random.Chance(500) ? 1_000 : healUs / 10,
            QuietTicks = random.Below(20) + 1,
            BatchBytesMax = random.Chance(300) ? 1 : 100_000,
        };
    }

    // What a group keeps is durable: a lost disk, and bounds so small that calls are refused, are matters of one group alone.
    private static TimedPlan Durable(TimedPlan plan) => plan with
    {
        Faults = Array.FindAll(plan.Faults, static fault => fault.Kind != FaultKind.LoseDisk),
        Options = plan.Options with { QueueBytesMax = 1 << 20 },
    };
}
