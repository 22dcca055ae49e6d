using Csmr.Composition.Plans;
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
    private GroupPlan _group = null!;

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _group = local.ClaimExecution(this.GetPrimaryKeyString());
        _machine = NewMachine();
        _waiters = new RequestWaiters(_machine);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task<ExecutionResult> ExecuteAsync(ExecutionWork work)
    {
        var result = new ExecutionResult();
        if (work.Restore > Slot.None)
        {
            _machine = await Task.Run(() => Load(work.Restore));
            _waiters.Restore(_machine, result.Answers);
        }

        foreach (var delivery in work.Deliveries)
        {
            var isAwaited = delivery.Tokens.Count > 0;
            _replies.Clear();
            _machine.Apply(delivery.Slot, delivery.Entry, isAwaited ? _replies : null);
            foreach (var cut in _machine.TakeCuts())
            {
                local.Cuts.Add(_group.Id, cut);
            }

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
        return result;
    }

    /// <inheritdoc/>
    public Task ResetAsync()
    {
        _machine = NewMachine();
        _waiters = new RequestWaiters(_machine);
        return Task.CompletedTask;
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
    public Task<CapturedState> CaptureAsync()
    {
        try
        {
            return Task.FromResult(new CapturedState { View = _machine.Capture() });
        }
        catch (Exception cause)
        {
            // Whatever a user's machine throws: there is no snapshot of it now, and executing goes on.
            return Task.FromResult(new CapturedState { Failure = $"the state machine gives no snapshot: {cause.Message}" });
        }
    }

    private ReplicatedMachine NewMachine() => new(_group.Machine, _group.Settings, limits: null, _group.Id, language);

    private ReplicatedMachine Load(Slot slot)
    {
        var store = local.SnapshotsOf(_group);
        var snapshot = store.Find(_group.Id, slot) ?? throw new SnapshotException($"the snapshot of group {_group.Id} at slot {slot} is not there any more: start the process again");
        var machine = NewMachine();
        machine.Restore(store.Load(snapshot));
        return machine;
    }
}
