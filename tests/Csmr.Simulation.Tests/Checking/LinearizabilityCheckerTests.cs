using Csmr.TestKit.Checking;
using Csmr.TestKit.Simulation;
using Call = Csmr.TestKit.Checking.Observed<Csmr.TestKit.Checking.RegisterCall, Csmr.TestKit.Checking.RegisterAnswer>;
using Checker = Csmr.TestKit.Checking.LinearizabilityChecker<
    Csmr.TestKit.Checking.RegisterAnswer, Csmr.TestKit.Checking.RegisterCall, Csmr.TestKit.Checking.RegisterAnswer>;

namespace Csmr.Simulation.Tests.Checking;

public sealed class LinearizabilityCheckerTests(ITestOutputHelper output)
{
    private static readonly RegisterModel Model = new();

    [Fact]
    public void Check_ManyTinyHistories_AgreesWithBruteForce()
    {
        var random = new SimulationRandom(1);
        int yes = 0, no = 0;
        for (var i = 0; i < 60_000; i++)
        {
            var history = Tiny(random);
            var expected = BruteForceChecker.IsLinearizable(Model, history);
            var found = Checker.Check(Model, history);
            Assert.True(
                found == (expected ? Linearizability.Linearizable : Linearizability.NotLinearizable),
                $"history {i}: {found}, brute force says {expected}:\n{string.Join('\n', history)}");
            (yes, no) = expected ? (yes + 1, no) : (yes, no + 1);
        }

        output.WriteLine($"{yes} linearizable, {no} not");
        Assert.True(Math.Min(yes, no) > 10_000, "the histories must be of both kinds");
    }

    [Fact]
    public void Check_AStaleRead_IsFound() =>
        Assert.Equal(
            Linearizability.NotLinearizable,
            Checker.Check(Model, [Put(1, 0, 1), Put(2, 2, 3), Read(1, 1, 4, 5)]));

    [Fact]
    public void Check_AnUnansweredWriteSeenLater_IsAllowed() =>
        Assert.Equal(
            Linearizability.Linearizable,
            Checker.Check(Model, [Put(1, 0, long.MaxValue), Read(0, 0, 1, 2), Read(1, 1, 3, 4)]));

    [Fact]
    public void Check_AnUnansweredWriteSeenAndUnseen_IsFound() =>
        Assert.Equal(
            Linearizability.NotLinearizable,
            Checker.Check(Model, [Put(1, 0, long.MaxValue), Read(1, 1, 1, 2), Read(0, 0, 3, 4)]));

    [Fact]
    public void Check_ALongHistory_TakesLittleTime()
    {
        var history = Long(new SimulationRandom(2), 20_000, clients: 16);
        Assert.Equal(Linearizability.Linearizable, Checker.Check(Model, history));
        var add = Array.FindIndex(history, 12_000, call => call.Call.Kind == RegisterCallKind.Add);
        history[add] = history[add] with { Answer = new RegisterAnswer(0, history[add].Answer.Changes - 60) };
        Assert.Equal(Linearizability.NotLinearizable, Checker.Check(Model, history));
    }

    private static Call Put(long item, long from, long to) => new(from, to, new RegisterCall(RegisterCallKind.Put, item), default);

    private static Call Read(long value, long changes, long from, long to) =>
        new(from, to, new RegisterCall(RegisterCallKind.Read, 0), new RegisterAnswer(value, changes));

    // A real execution with overlapping calls, some unanswered; half of the histories are then made wrong, perhaps.
    private static Call[] Tiny(SimulationRandom random)
    {
        var history = Long(random, 1 + random.Below(7), clients: 1 + random.Below(4));
        for (var i = 0; i < history.Length; i++)
        {
            if (random.Chance(150))
            {
                history[i] = history[i] with { ReturnedAt = long.MaxValue };
            }
        }

        if (random.Chance(700))
        {
            var index = random.Below(history.Length);
            history[index] = history[index] with { Answer = new RegisterAnswer(random.Below(4), random.Below(4)) };
        }

        return history;
    }

    private static Call[] Long(SimulationRandom random, int count, int clients)
    {
        var history = new Call[count];
        var free = new long[clients];
        var state = Model.Initial;
        for (var i = 0; i < count; i++)
        {
            // The calls take effect in the order of the array, at growing moments, each within its own interval.
            var client = random.Below(clients);
            var moment = ((i + 1) * 100L) + random.Below(50);
            var call = new RegisterCall((RegisterCallKind)random.Below(4), random.Below(3));
            state = Model.Apply(state, call, out var answer);
            var from = Math.Max(free[client], moment - random.Below(300));
            var to = moment + random.Below(300);
            if (from > moment)
            {
                from = to = moment;
            }

            free[client] = to + 1;
            history[i] = new Call(from, to, call, answer);
        }

        return history;
    }
}
