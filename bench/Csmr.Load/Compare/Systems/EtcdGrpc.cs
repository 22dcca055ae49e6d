using Csmr.Load.Compare.Protos;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;

namespace Csmr.Load.Compare.Systems;

/// <summary>etcd by gRPC: all clients share a connection to each member, as etcd's own client does.</summary>
/// <param name="name">As tables name it.</param>
/// <param name="urls">The members; clients are dealt out to them in turn.</param>
public sealed class EtcdGrpc(string name, params IReadOnlyList<Uri> urls) : ILoadTarget
{
    private static readonly ByteString[] Keys = [.. Data.Keys.Select(ByteString.CopyFromUtf8)];
    private static readonly ByteString[] Values = [.. Data.Values.Select(ByteString.CopyFromUtf8)];

    private readonly Member[] _members = [.. urls.Select(static url => new Member(GrpcChannel.ForAddress(url)))];
    private readonly List<LockRequest> _locks = [];

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public async Task OpenAsync(int clients)
    {
        while (_locks.Count < clients)
        {
            var lease = await MemberOf(_locks.Count).Leases.LeaseGrantAsync(new LeaseGrantRequest { TTL = 600 });
            _locks.Add(new LockRequest { Name = ByteString.CopyFromUtf8($"lock-{_locks.Count}"), Lease = lease.ID });
        }
    }

    /// <inheritdoc/>
    public async ValueTask PutAsync(int client, int key, int value) => await MemberOf(client).Store.PutAsync(new PutRequest { Key = Keys[key], Value = Values[value] });

    /// <inheritdoc/>
    public async ValueTask GetAsync(int client, int key)
    {
        if ((await MemberOf(client).Store.RangeAsync(new RangeRequest { Key = Keys[key] })).Count != 1)
        {
            throw new InvalidOperationException($"{Data.Keys[key]} is not there");
        }
    }

    /// <inheritdoc/>
    public async ValueTask LockAsync(int client)
    {
        var locks = MemberOf(client).Locks;
        var held = await locks.LockAsync(_locks[client]);
        await locks.UnlockAsync(new UnlockRequest { Key = held.Key });
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Array.ForEach(_members, static member => member.Channel.Dispose());
        return ValueTask.CompletedTask;
    }

    private Member MemberOf(int client) => _members[client % _members.Length];

    private sealed class Member
    {
        public Member(GrpcChannel channel)
        {
            Channel = channel;
            var invoker = channel.CreateCallInvoker();
            (Store, Leases, Locks) = (new KV.KVClient(invoker), new Lease.LeaseClient(invoker), new Protos.Lock.LockClient(invoker));
        }

        public GrpcChannel Channel { get; }

        public KV.KVClient Store { get; }

        public Lease.LeaseClient Leases { get; }

        public Protos.Lock.LockClient Locks { get; }
    }
}
