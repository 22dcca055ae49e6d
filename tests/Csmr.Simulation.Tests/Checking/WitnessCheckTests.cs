using System.Text.Json;
using Csmr.Simulation.Tests.Checking.Naive;
using Csmr.TestKit.Checking;
using Csmr.TestKit.Checking.Histories;
using Csmr.TestKit.Simulation;

namespace Csmr.Simulation.Tests.Checking;

/// <summary>The witness check against the naive services tried in every order that the log allows.</summary>
public sealed class WitnessCheckTests(ITestOutputHelper output)
{
    private const string Group = "g";

    [Fact]
    public void Check_ManyTinyHistories_AgreesWithEveryOrderOfTheLog()
    {
        var random = new SimulationRandom(11);
        var counts = new Dictionary<(Breakage Breakage, bool IsRight), int>();
        for (var i = 0; i < 20_000; i++)
        {
            var history = new RandomHistory(random, HistoryRules.Services, 2 + random.Below(6));
            var log = history.Log;
            if (history.Breakage == Breakage.None && log.Count > 1 && random.Chance(300))
            {
                BreakLog(log, random);
            }

            var expected = IsRight(history.Operations, log);
            var found = Check(history.Operations, log);
            Assert.True(expected == (found.Problems.Count == 0), $"history {i}: {found}\nevery order of the log says {expected}:\n{history}");
            Assert.True(
                !expected || HistoryCheck.Check(found.Settled, HistoryRules.Services).Found == Linearizability.Linearizable,
                $"history {i} is right by the log and not without it:\n{history}");
            counts[(history.Breakage, expected)] = counts.GetValueOrDefault((history.Breakage, expected)) + 1;
        }

        foreach (var breakage in Enum.GetValues<Breakage>())
        {
            output.WriteLine($"{breakage}: {counts.GetValueOrDefault((breakage, true))} right, {counts.GetValueOrDefault((breakage, false))} not");
            Assert.True(counts.GetValueOrDefault((breakage, false)) > 0, $"{breakage} was never found");
        }
    }

    [Fact]
    public void Check_UnknownOutcomes_AreSettledByTheLog()
    {
        HistoryOperation Put(string request, int value) => new()
        {
            Client = "c",
            Op = "put",
            Args = JsonElement.Parse($$"""{"key":"a","value":{{value}}}"""),
            CallNs = 1,
            Status = OperationStatus.Unknown,
            Request = request,
        };
        var done = Put("r1", 1);
        var verdict = Check([done, Put("r2", 2)], [new ChosenOperation(4, 0, "r1", "put", done.Args, JsonElement.Parse("""{"result":true,"version":1}"""))]);

        Assert.Equal((0, 1, 1), (verdict.Problems.Count, verdict.Done, verdict.NotDone));
        Assert.Equal([OperationStatus.Ok, OperationStatus.Fail], verdict.Settled.Select(operation => operation.Status));
    }

    private static WitnessVerdict Check(IReadOnlyList<HistoryOperation> history, IReadOnlyList<ChosenOperation> log) =>
        WitnessCheck.Check(history, new Dictionary<string, IReadOnlyList<ChosenOperation>>(StringComparer.Ordinal) { [Group] = log });

    // A log that is not the one by which the clients were answered.
    private static void BreakLog(List<ChosenOperation> log, SimulationRandom random)
    {
        var at = random.Below(log.Count);
        switch (random.Below(3))
        {
            case 0:
                log.RemoveAt(at);
                break;
            case 1:
                log.Add(log[at] with { Slot = log[^1].Slot + 1 });
                break;
            default:
                var other = random.Below(log.Count);
                (log[at], log[other]) = (log[other] with { Slot = log[at].Slot }, log[at] with { Slot = log[other].Slot });
                break;
        }
    }

    private static bool IsRight(List<HistoryOperation> history, List<ChosenOperation> log)
    {
        var events = new List<NaiveEvent>();
        foreach (var chosen in log)
        {
            var operation = history.Single(one => one.Request == chosen.Request);
            if (log.Count(one => one.Request == chosen.Request) > 1 || operation.Status == OperationStatus.Fail)
            {
                return false;
            }

            var isAnswered = operation.Status == OperationStatus.Ok;
            if (isAnswered && (operation.Result!.Value.GetRawText() != chosen.Result.GetRawText() || operation.Slots![Group] != chosen.Slot))
            {
                return false;
            }

            events.Add(EventOf(operation, chosen.Result, 2 * chosen.Slot));
        }

        foreach (var operation in history.Where(one => one.Status == OperationStatus.Ok && !log.Exists(chosen => chosen.Request == one.Request)))
        {
            if (operation.Op is not ("get" or "retrieve"))
            {
                return false;
            }

            events.Add(EventOf(operation, operation.Result!.Value, (2 * operation.Slots![Group]) + 1));
        }

        return NaiveOrders.HasOne(events);
    }

    private static NaiveEvent EventOf(HistoryOperation operation, JsonElement answer, long place) => new(
        operation.CallNs,
        operation.EndNs,
        Must: true,
        answer.GetRawText(),
        state => NaiveServices.Outcomes(state, operation.Op, operation.Args),
        place);
}
