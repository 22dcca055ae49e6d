using System.Text;
using System.Text.Json;
using Csmr.Client;

namespace Csmr.Cluster.Tests.Client;

/// <summary>A client sends a call once and says how it ended.</summary>
public sealed class CsmrClientTests : IAsyncDisposable
{
    private readonly FakeProxy _proxy = new();
    private readonly CsmrClient _client;

    public CsmrClientTests() => _client = new CsmrClient(_proxy, TimeSpan.FromSeconds(20), TimeProvider.System);

    public ValueTask DisposeAsync() => _client.DisposeAsync();

    public static TheoryData<object> ArgumentForms =>
    [
        new { Key = "a", Value = 1 },
        new Dictionary<string, object?>(StringComparer.Ordinal) { ["key"] = "a", ["value"] = 1 },
        JsonElement.Parse("""{"key":"a","value":1}"""),
    ];

    [Fact]
    public async Task Invoke_Done_GivesResultFieldsAndSlots()
    {
        var result = await _client.InvokeAsync("put", new { key = "a" });
        Assert.Equal(1, result.Result.GetInt64());
        Assert.Equal(1, result.ResultAs<int>());
        Assert.Equal(42, result.Field("version").GetInt64());
        Assert.Equal(17, Assert.Single(result.Steps).Slot);
        Assert.False(result.IsReplayed);
        Assert.Throws<KeyNotFoundException>(() => result.Field("nosuch"));
    }

    [Theory]
    [MemberData(nameof(ArgumentForms), DisableDiscoveryEnumeration = true)]
    public async Task Invoke_ArgumentsOfAnyForm_AreOneObject(object arguments)
    {
        await _client.InvokeAsync("put", arguments);
        Assert.True(_proxy.Requests.TryDequeue(out var request));
        Assert.Equal("""{"key":"a","value":1}""", Encoding.UTF8.GetString(request.Arguments));
    }

    [Fact]
    public async Task Invoke_Options_ReachTheRequest()
    {
        await _client.InvokeAsync("get", null, new CallOptions { IdempotencyKey = "k", Service = "api", Timeout = TimeSpan.FromMilliseconds(250) });
        Assert.True(_proxy.Requests.TryDequeue(out var request));
        Assert.Equal(("get", "api", "k", 250, null), (request.Operation, request.Service, request.IdempotencyKey, request.TimeoutMs, request.Session));
        Assert.Equal("{}", Encoding.UTF8.GetString(request.Arguments));
    }

    [Theory]
    [InlineData("text")]
    [InlineData(7)]
    public Task Invoke_ArgumentsThatAreNoObject_AreRefusedBeforeTheCall(object arguments) =>
        Assert.ThrowsAsync<ArgumentException>(() => _client.InvokeAsync("put", arguments));

    [Theory]
    [InlineData(CallStatus.Refused, Certainty.NotDone, typeof(CsmrRefusedException))]
    [InlineData(CallStatus.InvalidArgument, Certainty.NotDone, typeof(CsmrInvalidCallException))]
    [InlineData(CallStatus.UnknownOperation, Certainty.NotDone, typeof(CsmrInvalidCallException))]
    [InlineData(CallStatus.RemovedOperation, Certainty.NotDone, typeof(CsmrInvalidCallException))]
    [InlineData(CallStatus.TooLarge, Certainty.NotDone, typeof(CsmrInvalidCallException))]
    [InlineData(CallStatus.KeyReused, Certainty.NotDone, typeof(CsmrInvalidCallException))]
    [InlineData(CallStatus.Expired, Certainty.Unknown, typeof(CsmrInvalidCallException))]
    [InlineData(CallStatus.Overloaded, Certainty.NotDone, typeof(CsmrUnavailableException))]
    [InlineData(CallStatus.Unavailable, Certainty.NotDone, typeof(CsmrUnavailableException))]
    [InlineData(CallStatus.OutcomeUnknown, Certainty.Unknown, typeof(CsmrOutcomeUnknownException))]
    [InlineData(CallStatus.Fault, Certainty.Done, typeof(CsmrFaultException))]
    public async Task Invoke_EachStatus_HasItsException(CallStatus status, Certainty certainty, Type type)
    {
        _proxy.Otherwise = _ => Task.FromResult(FakeProxy.Failed(status, certainty, retryAfterMs: 200));
        var thrown = await Assert.ThrowsAnyAsync<CsmrException>(() => _client.InvokeAsync("put"));
        Assert.IsType(type, thrown);
        Assert.Equal((status, certainty, "some.code", "what to do", "r-1"), (thrown.Status, thrown.Certainty, thrown.Code, thrown.Message, thrown.RequestId));
        Assert.Equal(thrown is CsmrInvalidCallException ? "key" : null, thrown.Argument);
        Assert.Equal(thrown is CsmrUnavailableException ? TimeSpan.FromMilliseconds(200) : null, thrown.RetryAfter);
        Assert.Single(_proxy.Requests);
    }

    [Fact]
    public async Task Invoke_NoAnswer_IsOfUnknownOutcome()
    {
        _proxy.Otherwise = static _ => new TaskCompletionSource<InvocationReply>().Task;
        var client = new CsmrClient(_proxy, TimeSpan.FromMilliseconds(30), TimeProvider.System);
        var thrown = await Assert.ThrowsAsync<CsmrOutcomeUnknownException>(() => client.InvokeAsync("put"));
        Assert.Equal(Certainty.Unknown, thrown.Certainty);
        Assert.IsType<TimeoutException>(thrown.InnerException);
    }

    [Fact]
    public async Task Invoke_ConnectionBreaks_IsOfUnknownOutcome()
    {
        _proxy.Otherwise = static _ => throw new IOException("gone");
        var thrown = await Assert.ThrowsAsync<CsmrOutcomeUnknownException>(() => _client.InvokeAsync("put"));
        Assert.IsType<IOException>(thrown.InnerException);
    }

    [Fact]
    public async Task Invoke_CancelledWhileWaiting_SaysThatItMayHaveHappened()
    {
        using var source = new CancellationTokenSource();
        _proxy.Otherwise = _ =>
        {
            source.Cancel();
            return new TaskCompletionSource<InvocationReply>().Task;
        };
        var thrown = await Assert.ThrowsAsync<CsmrCanceledException>(() => _client.InvokeAsync("put", cancellationToken: source.Token));
        Assert.Equal(Certainty.Unknown, thrown.Certainty);
    }

    [Fact]
    public async Task Invoke_CancelledBefore_SendsNothing()
    {
        var thrown = await Assert.ThrowsAsync<CsmrCanceledException>(() => _client.InvokeAsync("put", cancellationToken: new CancellationToken(true)));
        Assert.Equal(Certainty.NotDone, thrown.Certainty);
        Assert.Empty(_proxy.Requests);
    }

    [Fact]
    public async Task Describe_Always_GivesTheOperations() =>
        Assert.Equal(0, (await _client.DescribeAsync()).GetProperty("operations").GetArrayLength());

    [Fact]
    public async Task Connect_WithoutAnyGateway_SaysWhatIsMissing()
    {
        var thrown = await Assert.ThrowsAsync<InvalidOperationException>(static () => CsmrClient.ConnectAsync(new CsmrClientOptions { ClusterId = "csmr" }));
        Assert.Contains("Gateways", thrown.Message);
    }
}
