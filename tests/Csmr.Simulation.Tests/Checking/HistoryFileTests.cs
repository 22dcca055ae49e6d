using System.Diagnostics;
using System.Text.Json;
using Csmr.TestKit.Checking;
using Csmr.TestKit.Checking.Histories;
using Csmr.TestKit.Simulation;

namespace Csmr.Simulation.Tests.Checking;

/// <summary>Files of histories, and long histories.</summary>
public sealed class HistoryFileTests(ITestOutputHelper output) : IDisposable
{
    private const string Header = """{"history":1,"rules":"services"}""";
    private const string Put = """{"client":"c","op":"put","args":{"key":"a","value":1},"result":{"result":true,"version":1},"call_ns":1,"return_ns":2,"status":"ok"}""";

    private readonly string _file = Path.Combine(Path.GetTempPath(), $"csmr-history-{Guid.NewGuid():N}.jsonl");

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void Recorder_EveryOperation_IsReadAgain()
    {
        var operations = new LongHistory(new SimulationRandom(3), HistoryRules.Services, 200, unknown: 20).Operations;
        using (var recorder = new HistoryRecorder(_file, HistoryRules.Services.Name))
        {
            operations.ForEach(recorder.Add);

            // A recorder that is killed here has lost nothing.
            Assert.Equal(operations.Select(one => one.ToString()), HistoryFile.Read(_file).Operations.Select(one => one.ToString()));
        }

        Assert.Equal(Linearizability.Linearizable, HistoryCheck.File(_file).Found);
    }

    [Theory]
    [InlineData("""{"client":"c"}""", "op is missing")]
    [InlineData("""{"client":"c","op":"put","args":{},"call_ns":1,"status":"maybe"}""", "none of ok, fail, unknown")]
    [InlineData("""{"client":"c","op":"put","args":{},"call_ns":5,"return_ns":4,"status":"unknown"}""", "return_ns is before call_ns")]
    [InlineData("""{"client":"c","op":"put","args":{},"call_ns":5,"return_ns":6,"status":"ok"}""", "needs a result")]
    [InlineData("""{"client":"c","op":"put","args":{},"call_ns":1.5,"status":"unknown"}""", "no 64-bit integer")]
    [InlineData("""{"client":"c","op":"put","args":{},"call_ns":1,"status":"unknown","extra":1}""", "unknown member 'extra'")]
    [InlineData("""{"client":"c","op":"put","args":{},"args":{},"call_ns":1,"status":"unknown"}""", "args")]
    [InlineData("""{"client":"c","op":"put","args":{"key":"a"},"call_ns":1,"status":"unknown"}""", "the argument value is missing")]
    [InlineData("""{"client":"c","op":"put","args":{"key":1,"value":1},"call_ns":1,"status":"unknown"}""", "wrong type")]
    [InlineData("""{"client":"c","op":"jump","args":{},"call_ns":1,"status":"unknown"}""", "no model of the operation 'jump'")]
    [InlineData("""{"client":"c","op":"pu""", "")]
    [InlineData("", "")]
    public void File_BadLine_IsRefusedWithItsNumber(string line, string reason)
    {
        File.WriteAllLines(_file, [Header, Put, line, Put]);
        var error = Assert.Throws<HistoryFormatException>(() => HistoryCheck.File(_file));
        Assert.Equal(3, error.Line);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void File_OfUnknownRules_IsRefused()
    {
        File.WriteAllLines(_file, ["""{"history":1,"rules":"mine"}"""]);
        Assert.Contains("services, audited-store", Assert.Throws<HistoryFormatException>(() => HistoryCheck.File(_file)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_AStaleRead_IsShownByFewLines()
    {
        var operations = new LongHistory(new SimulationRandom(5), HistoryRules.Services, 2_000, unknown: 5).Operations;
        var at = operations.FindLastIndex(one => one.Op == "get" && one.Result is { } result && result.GetProperty("version").ValueKind == JsonValueKind.Number);
        operations[at] = operations[at] with { Result = JsonElement.Parse("""{"result":"never written","version":1000000}""") };
        var verdict = HistoryCheck.Check(operations, HistoryRules.Services);

        output.WriteLine(verdict.ToString());
        Assert.Equal(Linearizability.NotLinearizable, verdict.Found);
        Assert.Contains("never written", verdict.ToString(), StringComparison.Ordinal);
        Assert.InRange(verdict.ToString().Split('\n').Length, 2, 45);
    }

    [Fact]
    public void Check_LocksWithLeases_AreJudgedOnlyWhereTheLeaseOutlastsTheHistory()
    {
        HistoryOperation Acquire(long leaseSeconds) => new()
        {
            Client = "c",
            Op = "acquire",
            Args = JsonElement.Parse($$"""{"key":"l","owner":"c","leaseSeconds":{{leaseSeconds}}}"""),
            Result = JsonElement.Parse("""{"result":true,"token":1,"expiresAtMs":5000}"""),
            CallNs = 0,
            ReturnNs = 3_000_000_000,
            Status = OperationStatus.Ok,
        };
        Assert.Equal(Linearizability.Undecided, HistoryCheck.Check([Acquire(2)], HistoryRules.Services).Found);
        Assert.Equal(Linearizability.Linearizable, HistoryCheck.Check([Acquire(600)], HistoryRules.Services).Found);
    }

    [Theory]
    [InlineData("services", 100_000, 30)]
    [InlineData("audited-store", 30_000, 10)]
    [InlineData("audited-store-atomic", 20_000, 0)]
    public void Check_ALongHistory_IsDecided(string name, int count, int unknown)
    {
        var rules = HistoryRules.Find(name)!;
        var history = new LongHistory(new SimulationRandom(4), rules, count, unknown);
        var watch = Stopwatch.StartNew();
        var verdict = HistoryCheck.Check(history.Operations, rules, statesMax: 3_000_000);
        output.WriteLine($"{watch.ElapsedMilliseconds} ms: {verdict}");
        Assert.Equal(Linearizability.Linearizable, verdict.Found);
    }

    [Theory]
    [InlineData("services", 20_000, 10)]
    [InlineData("audited-store", 20_000, 10)]
    [InlineData("audited-store-atomic", 5_000, 0)]
    public void Check_ADoubledAppendInALongHistory_IsFound(string name, int count, int unknown)
    {
        var rules = HistoryRules.Find(name)!;
        var history = new LongHistory(new SimulationRandom(6), rules, count, unknown, doubledAt: count * 2 / 3);
        var watch = Stopwatch.StartNew();
        var verdict = HistoryCheck.Check(history.Operations, rules, statesMax: 3_000_000);
        output.WriteLine($"{watch.ElapsedMilliseconds} ms: {verdict}");
        Assert.Equal(Linearizability.NotLinearizable, verdict.Found);
    }
}
