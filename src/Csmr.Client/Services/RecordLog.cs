namespace Csmr.Client;

/// <inheritdoc cref="IRecordLog"/>
internal sealed class RecordLog(ServiceCaller caller) : IRecordLog
{
    async Task<long> IRecordLog.AppendAsync<T>(T entry, CallOptions? options, CancellationToken cancellationToken)
    {
        var answer = await caller.InvokeAsync("append", options, cancellationToken, ("entry", entry)).ConfigureAwait(false);
        return answer.Result.GetInt64();
    }

    async Task<RecordPage> IRecordLog.RetrieveAsync(long first, long last, CallOptions? options, CancellationToken cancellationToken)
    {
        var answer = await caller.InvokeAsync("retrieve", options, cancellationToken, ("first", first), ("last", last)).ConfigureAwait(false);
        return new RecordPage(
            [.. answer.Result.EnumerateArray()],
            answer.Field("next").AsLong(),
            new RecordBounds(answer.Field("start").GetInt64(), answer.Field("end").GetInt64()));
    }

    async Task<bool> IRecordLog.TruncateAsync(long index, CallOptions? options, CancellationToken cancellationToken)
    {
        var answer = await caller.InvokeAsync("truncate", options, cancellationToken, ("index", index)).ConfigureAwait(false);
        return answer.Result.GetBoolean();
    }

    async Task<RecordBounds> IRecordLog.BoundsAsync(CallOptions? options, CancellationToken cancellationToken)
    {
        var answer = await caller.InvokeAsync("bounds", options, cancellationToken).ConfigureAwait(false);
        return new RecordBounds(answer.Result.GetInt64(), answer.Field("end").GetInt64());
    }
}
