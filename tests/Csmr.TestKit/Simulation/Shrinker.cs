namespace Csmr.TestKit.Simulation;

/// <summary>Makes a failing run shorter: takes away what the same invariant still breaks without, piece by piece, greedily.</summary>
public static class Shrinker
{
    /// <summary>Shortens a failing timed seed: faults go first, then clients and calls.</summary>
    /// <param name="failure">The failure.</param>
    /// <param name="bug">The planted defect, if any.</param>
    /// <param name="outcomesOnly">As in the failing run.</param>
    /// <returns>What is left, for a person.</returns>
    public static string ShrinkTimed(RunOutcome failure, HostBug bug = HostBug.None, bool outcomesOnly = false)
    {
        var plan = TimedPlan.Of(failure.Seed);
        var last = failure;
        plan = plan with { Faults = [.. Shorten(plan.Faults, faults => Fails(plan with { Faults = [.. faults] }))] };
        foreach (var simpler in Simpler())
        {
            var tried = simpler(plan);
            plan = Fails(tried) ? tried : plan;
        }

        return $"{last}\n  shrunk to {plan.Faults.Length} faults, {plan.Clients} clients with {plan.Calls} calls each, loss {plan.Loss}, "
            + $"duplication {plan.Duplication}, very late {plan.VeryLate}, {plan.Setup.Replicas} replicas ({plan.Setup.Witnesses} witnesses)\n    "
            + string.Join("\n    ", plan.Faults);

        bool Fails(TimedPlan tried)
        {
            var outcome = TimedSimulation.Run(tried, new Probes(), bug, outcomesOnly);
            var isSame = outcome.Violation?.Id == failure.Violation!.Id;
            last = isSame ? outcome : last;
            return isSame;
        }
    }

    /// <summary>Shortens a failing walk: steps are left out, then the rest is told.</summary>
    /// <param name="failure">The failure.</param>
    /// <param name="bug">The planted defect, if any.</param>
    /// <param name="outcomesOnly">As in the failing run.</param>
    /// <returns>What is left, for a person.</returns>
    public static string ShrinkWalk(RunOutcome failure, HostBug bug = HostBug.None, bool outcomesOnly = false)
    {
        var walk = new ClocklessWalk(new Probes(), bug, outcomesOnly);
        walk.Run(failure.Seed);
        var last = failure;
        var actions = Shorten(walk.Actions(), tried =>
        {
            var outcome = walk.Run(failure.Seed, tried);
            var isSame = outcome.Violation?.Id == failure.Violation!.Id;
            last = isSame ? outcome : last;
            return isSame;
        });
        return $"{last}\n  shrunk to {actions.Count} steps\n    {string.Join("\n    ", actions.Select(action => $"{action.Step} r{action.Replica} {action.Choice:x}"))}";
    }

    // Halves first, then ever smaller pieces, until no single one can go.
    private static List<T> Shorten<T>(IReadOnlyList<T> items, Func<IReadOnlyList<T>, bool> fails)
    {
        var left = items.ToList();
        for (var piece = Math.Max(left.Count / 2, 1); piece >= 1; piece /= 2)
        {
            for (var at = left.Count - piece; at >= 0; at -= piece)
            {
                var tried = left.ToList();
                tried.RemoveRange(at, piece);
                if (fails(tried))
                {
                    left = tried;
                    at = Math.Min(at, left.Count);
                }
            }
        }

        return left;
    }

    private static IEnumerable<Func<TimedPlan, TimedPlan>> Simpler()
    {
        yield return plan => plan with { Loss = 0 };
        yield return plan => plan with { Duplication = 0 };
        yield return plan => plan with { VeryLate = 0 };
        yield return plan => plan with { FlushTail = 0 };
        yield return plan => plan with { DelayTail = 0 };
        yield return plan => plan with { TickJitter = 0 };
        for (var i = 0; i < 4; i++)
        {
            yield return plan => plan with { Calls = Math.Max(plan.Calls / 2, 1) };
            yield return plan => plan with { Clients = Math.Max(plan.Clients / 2, 1) };
        }
    }
}
