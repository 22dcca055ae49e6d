using Csmr.Client;

namespace Csmr.Cluster.Tests.Client;

/// <summary>The typed clients against the shipped machines themselves: names, types and nulls agree.</summary>
public sealed class ServiceTests
{
    [Fact]
    public async Task KeyValueStore_AllOperations_Agree()
    {
        var store = Over("kv").Service<IKeyValueStore>("api");
        Assert.Null(await store.GetAsync("a"));
        var version = await store.PutAsync("a", new { colour = "red" });
        var found = await store.GetAsync("a");
        Assert.Equal((version, "red"), (found!.Version, found.Value.GetProperty("colour").GetString()));
        Assert.Equal("red", found.As<Dictionary<string, string>>()!["colour"]);
        Assert.False((await store.CompareAndSetAsync("a", 1, version + 1)).IsDone);
        var set = await store.CompareAndSetAsync("a", 1, version);
        Assert.True(set.IsDone);
        Assert.True(set.Version > version);
        Assert.True((await store.CompareValueAndSetAsync("a", 2, 1)).IsDone);
        await store.PutAsync("b", "text");
        var page = await store.RangeAsync(limit: 1);
        Assert.Equal(("a", 2, "b"), (page.Items[0].Key, page.Items[0].Value.GetInt32(), page.Next));
        Assert.Equal(["b"], (await store.RangeAsync("b", "c")).Items.Select(static item => item.Key));
        Assert.NotNull(await store.DeleteAsync("a"));
        Assert.Null(await store.DeleteAsync("a"));
    }

    [Fact]
    public async Task LockService_AllOperations_Agree()
    {
        var locks = Over("lock").Service<ILockService>("api");
        var grant = await locks.AcquireAsync("k", "one", leaseSeconds: 30);
        Assert.True(grant.IsHeld);
        Assert.Equal(new LockGrant(false, null, null), await locks.AcquireAsync("k", "two"));
        Assert.True(await locks.CheckAsync("k", grant.Token!.Value));
        Assert.False(await locks.CheckAsync("k", grant.Token.Value + 1));
        var renewed = await locks.RenewAsync("k", "one", 60, grant.Token);
        Assert.True(renewed.ExpiresAt > grant.ExpiresAt);
        var holder = await locks.QueryAsync("k");
        Assert.Equal(new LockHolder(true, "one", grant.Token, renewed.ExpiresAt), holder);
        Assert.False(await locks.ReleaseAsync("k", "two"));
        Assert.True(await locks.ReleaseAsync("k", "one", grant.Token));
        Assert.Equal(new LockHolder(false, null, null, null), await locks.QueryAsync("k"));
    }

    [Fact]
    public async Task RecordLog_AllOperations_Agree()
    {
        var log = Over("log").Service<IRecordLog>("api");
        Assert.Equal(1, await log.AppendAsync("opened"));
        Assert.Equal(2, await log.AppendAsync(new { closed = true }));
        var page = await log.RetrieveAsync(1, 9);
        Assert.Equal((2, null, new RecordBounds(1, 2)), (page.Entries.Count, page.Next, page.Bounds));
        Assert.Equal("opened", page.Entries[0].GetString());
        Assert.True(await log.TruncateAsync(2));
        Assert.Equal(new RecordBounds(2, 2), await log.BoundsAsync());
        var thrown = await Assert.ThrowsAsync<CsmrRefusedException>(() => log.RetrieveAsync(1, 2));
        Assert.Equal("log.truncated", thrown.Code);
    }

    [Fact]
    public async Task CounterAndRandomSource_AllOperations_Agree()
    {
        var counter = Over("counter").Service<ICounter>("api");
        Assert.Equal(1, await counter.AddAsync());
        Assert.Equal(-4, await counter.AddAsync(-5));
        Assert.Equal(-4, await counter.GetAsync());
        var random = Over("prng").Service<IRandomSource>("api");
        Assert.InRange(await random.NextAsync(6), 0, 5);
        Assert.True(await random.NextAsync() >= 0);
    }

    [Fact]
    public async Task Service_RenamedOperations_AreCalledByTheirNewNames()
    {
        var proxy = new FakeProxy();
        var names = new Dictionary<string, string>(StringComparer.Ordinal) { ["put"] = "store-put" };
        var store = new CsmrClient(proxy, TimeSpan.FromSeconds(20), TimeProvider.System).NewSession().Service<IKeyValueStore>(names: names);
        Assert.Equal(42, await store.PutAsync("a", 1));
        var request = Assert.Single(proxy.Requests);
        Assert.Equal(("store-put", null, 1), (request.Operation, request.Service, request.Sequence));
    }

    [Fact]
    public void Service_UnknownType_SaysSo() => Assert.Throws<NotSupportedException>(static () => Over("kv").Service<string>());

    private static CsmrClient Over(string machine) => new(new MachineProxy(machine), TimeSpan.FromSeconds(20), TimeProvider.System);
}
