using Csmr.Grains.Replicas.Pinning;
using Csmr.Replication.Machine;
using Orleans.GrainDirectory;
using Orleans.Placement;

namespace Csmr.Grains.Replicas;

/// <summary>Owns one replica's state and executes what is chosen, in slot order. A turn of its own, so that executing never stalls agreement.</summary>
/// <param name="local">The replicas of this silo.</param>
[GrainType(ReplicaKey.ReplicaGrainType), Pinned, GrainDirectory(PinnedDirectory.Name), KeepAlive, Immovable]
internal sealed class ReplicaGrain(LocalReplicas local) : SiloOnlyGrain, IReplicaGrain
{
    private readonly List<byte[]> _replies = [];
    private ReplicatedMachine _machine = null!;

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var group = local.ClaimExecution(this.GetPrimaryKeyString());
        _machine = new ReplicatedMachine(group.Machine, group.Settings);
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
        }

        foreach (var read in work.Reads)
        {
            result.Answers.Add((read.Token, _machine.Read(read.Batch)));
        }

        result.AppliedUpTo = _machine.AppliedUpTo.Number;
        result.TimeMs = _machine.TimeMs;
        return Task.FromResult(result);
    }

    /// <inheritdoc/>
    public Task<StateDigest> DigestAsync() => Task.FromResult(new StateDigest(_machine.AppliedUpTo.Number, _machine.Digest()));
}
