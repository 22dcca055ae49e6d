using Csmr.Grains.Replicas.Pinning;
using Csmr.Grains.Routing;
using Csmr.Replication.Machine;
using Csmr.Replication.Ports;
using Orleans.GrainDirectory;
using Orleans.Placement;

namespace Csmr.Grains.Replicas;

/// <summary>Owns one replica's state and executes what is chosen, in slot order. A turn of its own, so that executing never stalls agreement.</summary>
/// <param name="local">The replicas of this silo.</param>
/// <param name="language">Understands composite operations.</param>
[GrainType(ReplicaKey.ReplicaGrainType), Pinned, GrainDirectory(PinnedDirectory.Name), KeepAlive, Immovable]
internal sealed class ReplicaGrain(LocalReplicas local, ICompositeLanguage language) : SiloOnlyGrain, IReplicaGrain
{
    private const int ChannelBytesMax = 256 << 10;
    private const int PendingToldMax = 100;

    private readonly List<byte[]> _replies = [];
    private ReplicatedMachine _machine = null!;
    private RequestWaiters _waiters = null!;

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var group = local.ClaimExecution(this.GetPrimaryKeyString());
        _machine = new ReplicatedMachine(group.Machine, group.Settings, limits: null, group.Id, language);
        _waiters = new RequestWaiters(_machine);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<ExecutionResult> ExecuteAsync(ExecutionWork work)
    {
        var result = new ExecutionResult();
        foreach (var delivery in work.Deliveries)
        {
            var isAwaited = delivery.Tokens.Count > 0;
            _replies.Clear();
            _machine.Apply(delivery.Slot, delivery.Entry, isAwaited ? _replies : null);
            for (var i = 0; i < delivery.Tokens.Count; i++)
            {
                result.Answers.Add((delivery.Tokens[i], _replies[i]));
            }

            _waiters.Release(result.Answers);
        }

        foreach (var read in work.Reads)
        {
            result.Answers.Add((read.Token, _machine.Read(read.Batch)));
        }

        foreach (var wait in work.Awaits)
        {
            _waiters.Add(wait, result.Answers);
        }

        _machine.Outgoing(result.Outgoing);
        result.AppliedUpTo = _machine.AppliedUpTo.Number;
        result.TimeMs = _machine.TimeMs;
        return Task.FromResult(result);
    }

    /// <inheritdoc/>
    public Task<byte[]> PackOutgoingAsync(string to, long after) => Task.FromResult(_machine.PackOutgoing(new GroupId(to), after, ChannelBytesMax));

    /// <inheritdoc/>
    public Task<PendingStatus> PendingAsync(long nowMs)
    {
        var pending = _machine.Pending.ToArray();
        return Task.FromResult(new PendingStatus
        {
            Count = pending.Length,
            OldestAgeMs = pending.Length == 0 ? 0 : Math.Max(0, Math.Max(nowMs, _machine.TimeMs) - pending.Min(static call => call.SinceMs)),
            Calls = [.. pending.Take(PendingToldMax).Select(static call => new PendingEntry
            {
                RequestId = $"{call.Id.Session}-{call.Id.Sequence}",
                Groups = [.. call.Destinations.Select(static group => group.Name)],
                State = call.IsExecuted ? "executed" : call.IsFinal ? "ordered" : "proposed",
            })],
        });
    }

    /// <inheritdoc/>
    public Task<StateDigest> DigestAsync() => Task.FromResult(new StateDigest(_machine.AppliedUpTo.Number, _machine.Digest()));
}
