using Csmr.Chaos.Clusters;
using Csmr.Chaos.Faults;

namespace Csmr.Chaos.Runs;

/// <summary>Which faults come, one after the other: all kinds once in a drawn order, then drawn; by a seed.</summary>
public sealed class FaultSchedule
{
    private readonly Random _random;
    private readonly Queue<string> _next = new();
    private readonly string[] _kinds;
    private readonly bool _isScripted;
    private readonly Dictionary<string, int> _turns = new(StringComparer.Ordinal);

    private FaultSchedule(RunOptions options, string[] kinds)
    {
        (_random, _kinds, _isScripted) = (new Random(options.Seed), kinds, options.IsScripted);
        var order = (string[])kinds.Clone();
        if (!_isScripted)
        {
            _random.Shuffle(order);
        }

        foreach (var name in order)
        {
            _next.Enqueue(name);
        }
    }

    /// <summary>Finds out which faults can be had here, and lets them change the cluster to be.</summary>
    public static async Task<(FaultSchedule Schedule, IReadOnlyDictionary<string, string> Skipped)> PrepareAsync(RunOptions options, ChaosClusterOptions cluster)
    {
        ArgumentNullException.ThrowIfNull(options);
        var skipped = new Dictionary<string, string>(StringComparer.Ordinal);
        var kinds = new List<string>();
        foreach (var name in options.Faults)
        {
            var fault = FaultCatalog.Make(name) ?? throw new ArgumentException($"there is no fault '{name}'", nameof(options));
            if (fault.WhyNot is { } reason)
            {
                skipped[name] = reason;
                continue;
            }

            if (!kinds.Contains(name))
            {
                await fault.PrepareAsync(cluster);
            }

            kinds.Add(name);
        }

        return (new FaultSchedule(options, [.. kinds]), skipped);
    }

    /// <summary>The next fault with all that is drawn for it; null where there is none.</summary>
    public ScheduledFault? Next()
    {
        if (_kinds.Length == 0 || (_next.Count == 0 && _isScripted))
        {
            return null;
        }

        var fault = FaultCatalog.Make(_next.TryDequeue(out var name) ? name : _kinds[_random.Next(_kinds.Length)])!;
        var turn = _turns.GetValueOrDefault(fault.Name);
        _turns[fault.Name] = turn + 1;
        return new ScheduledFault(
            fault,
            turn,
            fault.HoldMin + (_random.NextDouble() * (fault.HoldMax - fault.HoldMin)),
            TimeSpan.FromSeconds(1 + (4 * _random.NextDouble())),
            new Random(_random.Next()));
    }
}

/// <summary>A fault that is to come.</summary>
/// <param name="Fault">The fault.</param>
/// <param name="Turn">How often its kind came before.</param>
/// <param name="Hold">How long it lasts.</param>
/// <param name="Quiet">How long nothing happens before it.</param>
/// <param name="Random">Its own chance.</param>
public sealed record ScheduledFault(IFault Fault, int Turn, TimeSpan Hold, TimeSpan Quiet, Random Random);
