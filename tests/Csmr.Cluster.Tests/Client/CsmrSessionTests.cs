using Csmr.Client;

namespace Csmr.Cluster.Tests.Client;

/// <summary>A session repeats a call until its outcome is known, and it is executed once; when the time is over the error is truthful.</summary>
public sealed class CsmrSessionTests : IAsyncDisposable
{
    private static readonly CsmrSessionOptions Quick = new()
    {
        TryTimeout = TimeSpan.FromMilliseconds(40),
        PauseMin = TimeSpan.FromMilliseconds(1),
        PauseMax = TimeSpan.FromMilliseconds(4),
    };

    private static readonly CallOptions Short = new() { Timeout = TimeSpan.FromMilliseconds(60) };

    private readonly FakeProxy _proxy = new();
    private readonly CsmrClient _client;
    private readonly CsmrSession _session;

    public CsmrSessionTests()
    {
        _client = new CsmrClient(_proxy, TimeSpan.FromSeconds(20), TimeProvider.System);
        _session = _client.NewSession(Quick);
    }

    public ValueTask DisposeAsync() => _client.DisposeAsync();

    [Fact]
    public async Task Invoke_AnswerLost_IsExecutedOnceAndAnsweredFromWhatWasKept()
    {
        _proxy.Script.Enqueue(request =>
        {
            _proxy.Execute(request);
            throw new TimeoutException("the answer is lost");
        });
        var result = await _session.InvokeAsync("put", new { key = "a" });
        Assert.True(result.IsReplayed);
        Assert.Equal((1, 1), (_proxy.Executions, result.Result.GetInt64()));
        var tries = _proxy.Requests.ToArray();
        Assert.Equal(2, tries.Length);
        Assert.Single(tries.Select(static request => (request.Session, request.Sequence, request.ExpiresAtMs)).Distinct());
        Assert.Equal((_session.Id.ToString(), 1), (tries[0].Session, tries[0].Sequence));
        Assert.All(tries, static request => Assert.Null(request.IdempotencyKey));
    }

    [Fact]
    public async Task Invoke_RequestLost_IsExecutedByALaterTry()
    {
        _proxy.Script.Enqueue(static _ => new TaskCompletionSource<InvocationReply>().Task);
        _proxy.Script.Enqueue(static _ => Task.FromException<InvocationReply>(new IOException("no connection")));
        var result = await _session.InvokeAsync("put");
        Assert.False(result.IsReplayed);
        Assert.Equal(3, _proxy.Requests.Count);
    }

    [Theory]
    [InlineData(CallStatus.Overloaded, Certainty.NotDone)]
    [InlineData(CallStatus.Unavailable, Certainty.NotDone)]
    [InlineData(CallStatus.OutcomeUnknown, Certainty.Unknown)]
    [InlineData(CallStatus.Fault, Certainty.Unknown)]
    public async Task Invoke_NotKnownYet_IsTriedAgain(CallStatus status, Certainty certainty)
    {
        _proxy.Script.Enqueue(_ => Task.FromResult(FakeProxy.Failed(status, certainty, retryAfterMs: 2)));
        Assert.Equal(1, (await _session.InvokeAsync("put")).Result.GetInt64());
        Assert.Equal(2, _proxy.Requests.Count);
    }

    [Theory]
    [InlineData(CallStatus.Refused, Certainty.NotDone, typeof(CsmrRefusedException))]
    [InlineData(CallStatus.InvalidArgument, Certainty.NotDone, typeof(CsmrInvalidCallException))]
    [InlineData(CallStatus.KeyReused, Certainty.NotDone, typeof(CsmrInvalidCallException))]
    [InlineData(CallStatus.Expired, Certainty.NotDone, typeof(CsmrInvalidCallException))]
    [InlineData(CallStatus.Fault, Certainty.Done, typeof(CsmrFaultException))]
    public async Task Invoke_Known_IsNotTriedAgain(CallStatus status, Certainty certainty, Type type)
    {
        _proxy.Script.Enqueue(_ => Task.FromResult(FakeProxy.Failed(status, certainty)));
        var thrown = await Assert.ThrowsAnyAsync<CsmrException>(() => _session.InvokeAsync("put"));
        Assert.IsType(type, thrown);
        Assert.Equal(certainty, thrown.Certainty);
        Assert.Single(_proxy.Requests);
    }

    [Fact]
    public async Task Invoke_NeverAvailable_SaysNotDone()
    {
        _proxy.Otherwise = static _ => Task.FromResult(FakeProxy.Failed(CallStatus.Overloaded, Certainty.NotDone));
        var thrown = await Assert.ThrowsAsync<CsmrUnavailableException>(() => _session.InvokeAsync("put", null, Short));
        Assert.Equal((CallStatus.Overloaded, Certainty.NotDone), (thrown.Status, thrown.Certainty));
        Assert.Contains(_session.Id.ToString(), thrown.RequestId);
        Assert.True(_proxy.Requests.Count > 1);
    }

    [Fact]
    public async Task Invoke_OneTryLostThenNeverAvailable_SaysUnknown()
    {
        _proxy.Script.Enqueue(static _ => throw new TimeoutException("lost"));
        _proxy.Otherwise = static _ => Task.FromResult(FakeProxy.Failed(CallStatus.Unavailable, Certainty.NotDone));
        var thrown = await Assert.ThrowsAsync<CsmrOutcomeUnknownException>(() => _session.InvokeAsync("put", null, Short));
        Assert.Equal(Certainty.Unknown, thrown.Certainty);
    }

    [Theory]
    [InlineData(CallStatus.Expired)]
    [InlineData(CallStatus.UnknownOperation)]
    public async Task Invoke_OneTryLostThenTurnedAway_SaysUnknown(CallStatus status)
    {
        _proxy.Script.Enqueue(static _ => throw new TimeoutException("lost"));
        _proxy.Otherwise = _ => Task.FromResult(FakeProxy.Failed(status, Certainty.NotDone));
        var thrown = await Assert.ThrowsAsync<CsmrInvalidCallException>(() => _session.InvokeAsync("put"));
        Assert.Equal((status, Certainty.Unknown), (thrown.Status, thrown.Certainty));
    }

    [Fact]
    public async Task Invoke_NoAnswerEver_EndsInTimeAndSaysUnknown()
    {
        _proxy.Otherwise = static _ => new TaskCompletionSource<InvocationReply>().Task;
        var thrown = await Assert.ThrowsAsync<CsmrOutcomeUnknownException>(() => _session.InvokeAsync("put", null, Short));
        Assert.IsType<TimeoutException>(thrown.InnerException);
    }

    [Fact]
    public async Task Invoke_Cancelled_SaysWhatIsKnown()
    {
        var before = await Assert.ThrowsAsync<CsmrCanceledException>(() => _session.InvokeAsync("put", cancellationToken: new CancellationToken(true)));
        Assert.Equal(Certainty.NotDone, before.Certainty);

        using var inFlight = new CancellationTokenSource();
        _proxy.Script.Enqueue(_ =>
        {
            inFlight.Cancel();
            return new TaskCompletionSource<InvocationReply>().Task;
        });
        var during = await Assert.ThrowsAsync<CsmrCanceledException>(() => _session.InvokeAsync("put", cancellationToken: inFlight.Token));
        Assert.Equal(Certainty.Unknown, during.Certainty);

        using var betweenTries = new CancellationTokenSource();
        _proxy.Script.Enqueue(_ =>
        {
            betweenTries.Cancel();
            return Task.FromResult(FakeProxy.Failed(CallStatus.Overloaded, Certainty.NotDone, retryAfterMs: 10_000));
        });
        var between = await Assert.ThrowsAsync<CsmrCanceledException>(() => _session.InvokeAsync("put", cancellationToken: betweenTries.Token));
        Assert.Equal(Certainty.NotDone, between.Certainty);
    }

    [Fact]
    public async Task Invoke_ClientDisposed_IsNotTriedAgain()
    {
        _proxy.Otherwise = static _ => throw new ObjectDisposedException("client");
        await Assert.ThrowsAsync<CsmrOutcomeUnknownException>(() => _session.InvokeAsync("put"));
        Assert.Single(_proxy.Requests);
    }

    [Fact]
    public Task Invoke_WithAnIdempotencyKey_IsRefused() =>
        Assert.ThrowsAsync<ArgumentException>(() => _session.InvokeAsync("put", null, new CallOptions { IdempotencyKey = "k" }));

    [Fact]
    public async Task Invoke_ManyAtOnceOverABadNetwork_EachIsExecutedOnce()
    {
        const int Calls = 300;
        var random = new Random(4711);
        _proxy.Otherwise = request =>
        {
            int dice;
            lock (random)
            {
                dice = random.Next(4);
            }

            return dice switch
            {
                0 => throw new TimeoutException("the request is lost"),
                1 => Task.FromResult(FakeProxy.Failed(CallStatus.Unavailable, Certainty.NotDone)),
                2 => Lose(_proxy.Execute(request)),
                _ => Task.FromResult(_proxy.Execute(request)),
            };
        };
        var results = await Task.WhenAll(Enumerable.Range(0, Calls).Select(_ => Task.Run(() => _session.InvokeAsync("put"))));
        Assert.Equal(Calls, _proxy.Executions);
        Assert.Equal(Calls, results.Select(static result => result.Result.GetInt64()).Distinct().Count());

        // What a request acknowledges is never sent again afterwards, and never itself.
        var acknowledged = 0L;
        foreach (var request in _proxy.Requests)
        {
            Assert.True(request.AcknowledgedBelow <= request.Sequence);
            acknowledged = Math.Max(acknowledged, request.AcknowledgedBelow);
        }

        Assert.True(acknowledged > 1, "Nothing was ever acknowledged.");
    }

    [Fact]
    public async Task Acknowledged_WhileAnOlderCallIsOpen_StaysBelowIt()
    {
        var held = new TaskCompletionSource<InvocationReply>(TaskCreationOptions.RunContinuationsAsynchronously);
        var patient = _client.NewSession(Quick with { TryTimeout = TimeSpan.FromMinutes(1) });
        _proxy.Script.Enqueue(_ => held.Task);
        var first = patient.InvokeAsync("put");
        await patient.InvokeAsync("put");
        await patient.InvokeAsync("put");
        Assert.Equal([1L, 1L, 1L], _proxy.Requests.Select(static request => request.AcknowledgedBelow));
        held.SetResult(_proxy.Execute(_proxy.Requests.First()));
        await first;
        await patient.InvokeAsync("put");
        Assert.Equal(4, _proxy.Requests.Last().AcknowledgedBelow);
    }

    private static Task<InvocationReply> Lose(InvocationReply reply) =>
        Task.FromException<InvocationReply>(new TimeoutException($"the answer {reply.RequestId} is lost"));
}
