using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using DotNext.IO;
using DotNext.Net.Cluster.Consensus.Raft;
using DotNext.Net.Cluster.Consensus.Raft.Membership;
using DotNext.Net.Cluster.Consensus.Raft.StateMachine;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Csmr.Load.Compare.Serving;

/// <summary>
/// A replica of a store by the Raft of DotNext with its own log on disk, over its TCP transport, behind Kestrel: what one can build
/// of it in a page. Its defaults hold: it flushes its log after a commit, and does not make the caller wait for that.
/// </summary>
public static class RaftServer
{
    /// <summary>Serves.</summary>
    /// <param name="ports">That of REST, its own one of Raft, and those of all replicas of Raft.</param>
    /// <param name="data">Where it keeps its log.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>Completes at the end.</returns>
    public static async Task<int> RunAsync(int[] ports, string data, CancellationToken cancellation)
    {
        var store = new Store(new DirectoryInfo(Path.Combine(data, "state")));
        await using var log = new WriteAheadLog(new WriteAheadLog.Options { Location = Path.Combine(data, "log"), ChunkSize = 16 << 20 }, store);
        var configuration = new RaftCluster.TcpConfiguration(new IPEndPoint(IPAddress.Loopback, ports[1]))
        {
            RequestTimeout = TimeSpan.FromMilliseconds(500),

            // Long: on a machine that is full of work a healthy leader is deposed otherwise, in the midst of a measurement.
            LowerElectionTimeout = 4_000,
            UpperElectionTimeout = 6_000,
            TransmissionBlockSize = 64 << 10,
            ColdStart = false,
            ConfigurationStorage = null!, // in memory
        };
        var members = ((InMemoryClusterConfigurationStorage<EndPoint>)configuration.ConfigurationStorage).CreateInitialConfigurationBuilder();
        foreach (var port in ports[2..])
        {
            members.Add(new IPEndPoint(IPAddress.Loopback, port));
        }

        members.Build();
        await using var cluster = new RaftCluster(configuration) { AuditTrail = log };
        await cluster.StartAsync(cancellation);
        await using var application = EchoServer.Build(ports[0]);
        application.Run(context => HandleAsync(context, cluster, store));
        await application.StartAsync(cancellation);
        await Task.Delay(Timeout.Infinite, cancellation).ContinueWith(static _ => { }, TaskScheduler.Default); // pause: until the end
        return 0;
    }

    private static async Task HandleAsync(HttpContext context, RaftCluster cluster, Store store)
    {
        switch (context.Request.Path.Value)
        {
            case "/leader":
                context.Response.StatusCode = cluster.LeadershipToken.IsCancellationRequested ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK;
                break;
            case "/v1/put":
                await cluster.ReplicateAsync(await EchoServer.ReadAsync(context), token: context.RequestAborted);
                await EchoServer.AnswerAsync(context, EchoServer.Answer);
                break;
            case "/v1/get":
                await cluster.ApplyReadBarrierAsync(context.RequestAborted);
                await EchoServer.AnswerAsync(context, store.Find(await EchoServer.ReadAsync(context)));
                break;
            default:
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                break;
        }
    }

    private sealed class Store(DirectoryInfo location) : SimpleStateMachine(location)
    {
        private const int SnapshotEvery = 100_000;

        private readonly ConcurrentDictionary<string, byte[]> _values = new(StringComparer.Ordinal);

        public byte[] Find(byte[] request) => _values.GetValueOrDefault(KeyOf(request)) ?? "{}"u8.ToArray();

        protected override ValueTask<bool> ApplyAsync(LogEntry entry, CancellationToken token)
        {
            if (entry.TryGetPayload(out var payload))
            {
                var put = System.Buffers.BuffersExtensions.ToArray(payload);
                _values[KeyOf(put)] = put;
            }

            return new(entry.Index % SnapshotEvery == 0);
        }

        protected override async ValueTask PersistAsync(IAsyncBinaryWriter writer, CancellationToken token)
        {
            foreach (var value in _values.Values)
            {
                await writer.Invoke(value, token);
            }
        }

        protected override ValueTask RestoreAsync(FileInfo snapshotFile, CancellationToken token) => throw new NotSupportedException("it is never started again");

        private static string KeyOf(byte[] json)
        {
            var reader = new Utf8JsonReader(json);
            return JsonElement.ParseValue(ref reader).GetProperty("key").GetString()!;
        }
    }
}
