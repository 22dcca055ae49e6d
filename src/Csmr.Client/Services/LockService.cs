namespace Csmr.Client;

/// <inheritdoc cref="ILockService"/>
internal sealed class LockService(ServiceCaller caller) : ILockService
{
    async Task<LockGrant> ILockService.AcquireAsync(
        string key, string? owner, long? leaseSeconds, CallOptions? options, CancellationToken cancellationToken) => GrantOf(await caller.InvokeAsync(
            "acquire", options, cancellationToken, ("key", key), ("owner", owner), ("leaseSeconds", leaseSeconds)).ConfigureAwait(false));

    async Task<bool> ILockService.ReleaseAsync(string key, string? owner, long? token, CallOptions? options, CancellationToken cancellationToken)
    {
        var answer = await caller.InvokeAsync(
            "release", options, cancellationToken, ("key", key), ("owner", owner), ("token", token)).ConfigureAwait(false);
        return answer.Result.GetBoolean();
    }

    async Task<LockGrant> ILockService.RenewAsync(
        string key, string? owner, long? leaseSeconds, long? token, CallOptions? options, CancellationToken cancellationToken) =>
        GrantOf(await caller.InvokeAsync(
            "renew", options, cancellationToken, ("key", key), ("owner", owner), ("leaseSeconds", leaseSeconds), ("token", token)).ConfigureAwait(false));

    async Task<bool> ILockService.CheckAsync(string key, long token, CallOptions? options, CancellationToken cancellationToken)
    {
        var answer = await caller.InvokeAsync("check", options, cancellationToken, ("key", key), ("token", token)).ConfigureAwait(false);
        return answer.Result.GetBoolean();
    }

    async Task<LockHolder> ILockService.QueryAsync(string key, CallOptions? options, CancellationToken cancellationToken)
    {
        var answer = await caller.InvokeAsync("query", options, cancellationToken, ("key", key)).ConfigureAwait(false);
        return new LockHolder(
            answer.Result.GetBoolean(), answer.Field("owner").GetString(), answer.Field("token").AsLong(), answer.Field("expiresAtMs").AsTime());
    }

    private static LockGrant GrantOf(CallResult answer) =>
        new(answer.Result.GetBoolean(), answer.Field("token").AsLong(), answer.Field("expiresAtMs").AsTime());
}
