using System.Collections.Concurrent;
using Csmr.Chaos.Histories;
using Csmr.Chaos.Loads;
using Csmr.Chaos.Processes;
using Csmr.TestKit.Checking;
using Csmr.TestKit.Checking.Histories;

namespace Csmr.Deploy.Tests.Pods;

/// <summary>Clients of the pods at work, and whether what they saw is linearizable.</summary>
internal sealed class PodLoad : IAsyncDisposable
{
    private const int Clients = 4;

    private static readonly LoadOptions Options = new() { PauseMs = 10, GiveUpAfter = TimeSpan.FromMinutes(1) };

    private readonly History _history = new();
    private readonly ConcurrentQueue<string> _surprises = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly List<RestCaller> _callers;
    private readonly List<LoadClient> _clients;
    private readonly Task _running;

    /// <summary>Starts the clients.</summary>
    /// <param name="gateways">Where to call. A gateway that does not run is gone round.</param>
    /// <param name="access">What they show there.</param>
    public PodLoad(IReadOnlyList<Uri> gateways, RestAccess access)
    {
        _callers = [.. Enumerable.Range(0, Clients).Select(client => new RestCaller(gateways, client, Options.TryTimeout, access))];
        _clients = [.. _callers.Select((caller, client) => new LoadClient($"c{client}", caller, new PodWorkload($"c{client}", new Random(client)), _history, Options, _surprises.Enqueue))];
        _running = Task.WhenAll(_clients.Select(client => Task.Run(() => client.RunAsync(_stop.Token))));
    }

    /// <summary>Waits until further calls have been answered.</summary>
    public async Task GoesOnAsync(TimeSpan patience)
    {
        var before = Answered();
        Assert.True(await Wait.UntilAsync(patience, () => Task.FromResult(Answered() >= before + 200), TestContext.Current.CancellationToken));
    }

    /// <summary>Ends the load, reads everything once more and judges the history.</summary>
    public async Task JudgeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        foreach (var read in PodWorkload.ReadAll())
        {
            Assert.Equal(TryEnd.Ok, (await _clients[0].CallAsync(read)).End);
        }

        Assert.Empty(_surprises);
        var verdict = HistoryCheck.Check(_history.ToOperations(), HistoryRules.Services);
        Assert.True(verdict.Found == Linearizability.Linearizable, verdict.ToString());
        Assert.True(verdict.Operations > 400, verdict.ToString());
        TestContext.Current.SendDiagnosticMessage(verdict.ToString());
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        foreach (var caller in _callers)
        {
            await caller.DisposeAsync();
        }

        _stop.Dispose();
    }

    private int Answered() => _history.Calls.Count(static call => call.IsAnswered);
}
