using Csmr.Simulation.Tests.Checking.Naive;
using Csmr.TestKit.Checking;
using Csmr.TestKit.Checking.Histories;
using Csmr.TestKit.Simulation;

namespace Csmr.Simulation.Tests.Checking;

/// <summary>The checkers of service histories against the naive services tried in every order.</summary>
public sealed class HistoryCheckTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("services", 30_000, 6)]
    [InlineData("audited-store", 2_000, 4)]
    [InlineData("audited-store-atomic", 5_000, 5)]
    public void Check_ManyTinyHistories_AgreesWithEveryOrder(string name, int histories, int operationsMax)
    {
        var rules = HistoryRules.Find(name)!;
        var random = new SimulationRandom((ulong)histories + (ulong)operationsMax);
        var counts = new Dictionary<(Breakage Breakage, bool IsRight), int>();
        for (var i = 0; i < histories; i++)
        {
            var history = new RandomHistory(random, rules, 2 + random.Below(operationsMax - 1));
            var expected = NaiveOrders.HasOne(NaiveOrders.EventsOf(history.Operations, rules));
            var found = HistoryCheck.Check(history.Operations, rules);
            Assert.True(
                found.Found == (expected ? Linearizability.Linearizable : Linearizability.NotLinearizable),
                $"history {i}: {found}\nevery order says {expected}:\n{history}");
            counts[(history.Breakage, expected)] = counts.GetValueOrDefault((history.Breakage, expected)) + 1;
        }

        foreach (var breakage in Enum.GetValues<Breakage>())
        {
            output.WriteLine($"{breakage}: {counts.GetValueOrDefault((breakage, true))} linearizable, {counts.GetValueOrDefault((breakage, false))} not");
            Assert.Equal(breakage == Breakage.None, counts.GetValueOrDefault((breakage, false)) == 0);
        }
    }
}
