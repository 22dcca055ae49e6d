using System.Text.Json;
using Csmr.Chaos.Histories;
using Csmr.Client;

namespace Csmr.Chaos.Loads;

/// <summary>Calls by the client library's session, which repeats by itself.</summary>
public sealed class SessionCaller(CsmrClient client, TimeSpan timeout) : ICaller
{
    private readonly CsmrSession _session = client.NewSession();

    public bool Repeats => true;

    public async Task<TryResult> TryAsync(CallRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        try
        {
            var result = await _session.InvokeAsync(request.Operation, request.Arguments, new CallOptions { Timeout = timeout }, cancellationToken);
            return new TryResult(TryEnd.Ok, result.Json, result.RequestId, [.. result.Steps.Where(static step => step.Slot > 0).Select(static step => new GroupSlot(step.Group, step.Slot))]);
        }
        catch (CsmrException error)
        {
            return OrleansTries.Of(error);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>Calls by the typed services of the client library, each try with the call's idempotency key.</summary>
public sealed class TypedCaller(CsmrClient client, TimeSpan tryTimeout) : ICaller
{
    private readonly IKeyValueStore _store = client.Service<IKeyValueStore>("api");
    private readonly ILockService _locks = client.Service<ILockService>("api");
    private readonly IRecordLog _log = client.Service<IRecordLog>("api");

    public bool Repeats => false;

    public async Task<TryResult> TryAsync(CallRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var options = new CallOptions { Timeout = tryTimeout, IdempotencyKey = request.IsRead ? null : request.Key };
        try
        {
            return new TryResult(TryEnd.Ok, JsonSerializer.SerializeToElement(await CallAsync(request, options, cancellationToken)));
        }
        catch (CsmrException error)
        {
            return OrleansTries.Of(error);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Calls, and names what the library hands out as the service does.</summary>
    private async Task<object> CallAsync(CallRequest request, CallOptions options, CancellationToken cancellation)
    {
        var arguments = request.Arguments;
        string Text(string name) => (string)arguments[name];
        long Number(string name) => (long)arguments[name];
        switch (request.Operation)
        {
            case "put":
                return new { result = true, version = await _store.PutAsync(Text("key"), arguments["value"], options, cancellation) };
            case "get":
                var found = await _store.GetAsync(Text("key"), options, cancellation);
                return new { result = found?.Value, version = found?.Version };
            case "delete":
                var version = await _store.DeleteAsync(Text("key"), options, cancellation);
                return new { result = version is not null, version };
            case "cas":
                var write = await _store.CompareAndSetAsync(Text("key"), arguments["value"], Number("expectedVersion"), options, cancellation);
                return new { result = write.IsDone, version = write.Version };
            case "acquire":
                var grant = await _locks.AcquireAsync(Text("key"), Text("owner"), options: options, cancellationToken: cancellation);
                return new { result = grant.IsHeld, token = grant.Token, expiresAtMs = grant.ExpiresAt?.ToUnixTimeMilliseconds() };
            case "release":
                return new { result = await _locks.ReleaseAsync(Text("key"), Text("owner"), options: options, cancellationToken: cancellation) };
            case "query":
                var holder = await _locks.QueryAsync(Text("key"), options, cancellation);
                return new { result = holder.IsHeld, owner = holder.Owner, token = holder.Token, expiresAtMs = holder.ExpiresAt?.ToUnixTimeMilliseconds() };
            case "append":
                return new { result = await _log.AppendAsync(arguments["entry"], options, cancellation) };
            case "retrieve":
                var page = await _log.RetrieveAsync(Number("first"), Number("last"), options, cancellation);
                return new { result = page.Entries, next = page.Next, start = page.Bounds.Start, end = page.Bounds.End };
            case "bounds":
                var bounds = await _log.BoundsAsync(options, cancellation);
                return new { result = bounds.Start, end = bounds.End };
            default:
                return (await client.InvokeAsync(request.Operation, arguments, options, cancellation)).Json;
        }
    }
}

/// <summary>What the client library's exceptions say of a try.</summary>
internal static class OrleansTries
{
    public static TryResult Of(CsmrException error)
    {
        var slots = error.Steps.Where(static step => step.Slot > 0).Select(static step => new GroupSlot(step.Group, step.Slot)).ToArray();
        return error switch
        {
            CsmrRefusedException => new TryResult(TryEnd.Refused, JsonSerializer.SerializeToElement(new { code = error.Code }), error.RequestId, slots, error.Message),
            CsmrUnavailableException when error.Certainty == Certainty.NotDone => new TryResult(TryEnd.NotDone, null, error.RequestId, Detail: error.Message),
            CsmrOutcomeUnknownException => new TryResult(TryEnd.Unknown, null, error.RequestId, Detail: error.Message),
            _ => new TryResult(TryEnd.Surprise, null, error.RequestId, Detail: $"{error.Status} {error.Certainty}: {error.Message}"),
        };
    }
}
