using System.Security.Cryptography;
using System.Text;
using Csmr.Composition.Plans;
using Csmr.Grains.Routing;
using Csmr.Replication.Machine;
using Csmr.Replication.Ports;

namespace Csmr.Grains.Checkpoints;

/// <summary>Restores checkpoints: brings the states to their groups, part by part, where nobody sees them; then one composite operation puts all in place (R2).</summary>
/// <param name="calls">Sends operations.</param>
/// <param name="store">Has the checkpoint.</param>
internal sealed class CheckpointRestorer(TransferCalls calls, ICheckpointStore store)
{
    /// <summary>Restores one.</summary>
    /// <param name="job">Is told about the progress.</param>
    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="plan">Where its states go.</param>
    /// <param name="key">Makes a repetition the same request; null for none.</param>
    /// <returns>Completes when it is done.</returns>
    public async Task RestoreAsync(Job job, StoredCheckpoint checkpoint, RestorePlan plan, string? key)
    {
        Verify(job, checkpoint);
        var restore = SessionOf(key, checkpoint);
        var targets = plan.Targets.ToDictionary(static group => group.Id, group => new Target(calls, group, restore.ToString()));
        try
        {
            await Task.WhenAll(targets.Values.Select(static target => target.StageAsync()));
            await LoadAsync(job, checkpoint, plan, targets);
            job.Begin("commit");
            GroupId[] names = [.. plan.Targets.Select(static group => group.Id)];
            var program = TransferPrograms.Commit([.. plan.Targets.Select(group => (group, targets[group.Id].Parts))], restore.ToString());
            await calls.MulticastAsync(names, new RequestId(restore, 1, 0), program);
        }
        catch (OutcomeUnknownException)
        {
            // What is staged may be wanted yet.
            throw;
        }
        catch
        {
            await DiscardAsync(targets.Values);
            throw;
        }

        if (key is not null)
        {
            // Where the first time had done it, what was staged now is wanted by nobody.
            await DiscardAsync(targets.Values);
        }
    }

    /// <summary>Reads a checkpoint from its beginning to its end.</summary>
    /// <param name="job">Is told about the progress.</param>
    /// <param name="checkpoint">The checkpoint.</param>
    public void Verify(Job job, StoredCheckpoint checkpoint)
    {
        job.Begin("verify", checkpoint.Totals.Sum(static total => total.Bytes));
        foreach (var part in store.Read(checkpoint.Id))
        {
            job.Advance(part.Bytes.Length);
        }
    }

    private async Task LoadAsync(Job job, StoredCheckpoint checkpoint, RestorePlan plan, Dictionary<GroupId, Target> targets)
    {
        job.Begin("load", checkpoint.Totals.Sum(static total => total.Bytes));
        foreach (var part in store.Read(checkpoint.Id))
        {
            if (plan.BySource[part.Group] is [var only, ..] && !checkpoint.Head!.Groups[part.Group].IsItemized)
            {
                await targets[only.Id].SendAsync(part.Bytes.ToArray());
            }
            else if (plan.BySource[part.Group].Length > 0)
            {
                foreach (var item in StateCut.ReadItems(part.Bytes))
                {
                    foreach (var group in item.Key is { } itemKey ? [plan.GroupOf(part.Group, itemKey)] : plan.BySource[part.Group])
                    {
                        await targets[group.Id].AddAsync(item);
                    }
                }
            }

            job.Advance(part.Bytes.Length);
        }

        await Task.WhenAll(targets.Values.Select(static target => target.FlushAsync()));
    }

    private static async Task DiscardAsync(IEnumerable<Target> targets)
    {
        try
        {
            await Task.WhenAll(targets.Select(static target => target.DiscardAsync()));
        }
        catch (NotDoneException)
        {
            // It stays staged, where nobody sees it, until the next restore.
        }
    }

    private static SessionId SessionOf(string? key, StoredCheckpoint checkpoint) => key is null
        ? new GatewaySession().Id
        : SessionOf(SHA256.HashData(Encoding.UTF8.GetBytes($"csmr-restore\0{checkpoint.Id}\0{checkpoint.Sha256}\0{key}")));

    private static SessionId SessionOf(byte[] hash) => new(BitConverter.ToUInt64(hash, 0), BitConverter.ToUInt64(hash, 8));

    /// <summary>A group on its way to another state. Parts are sent one after the other, while the next one gathers.</summary>
    private sealed class Target(TransferCalls calls, GroupPlan group, string id)
    {
        private readonly SessionId _session = new GatewaySession().Id;
        private readonly WireWriter _part = new(StateCut.PartBytes + 1024);
        private Task _sending = Task.CompletedTask;
        private long _sequence;

        public long Parts { get; private set; }

        public Task StageAsync() => ExecuteAsync(TransferOperations.Stage, Value.Of(id));

        public Task DiscardAsync() => ExecuteAsync(TransferOperations.Discard, Value.Of(id));

        public async Task AddAsync(StateItem item)
        {
            StateCut.Write(_part, item);
            if (_part.Length >= StateCut.PartBytes)
            {
                await SendGatheredAsync();
            }
        }

        public async Task SendAsync(byte[] part)
        {
            await _sending;
            _sending = ExecuteAsync(TransferOperations.Load, Value.Of(id), Value.Of(Parts++), Value.OfJson(part));
        }

        public async Task FlushAsync()
        {
            if (_part.Length > 0)
            {
                await SendGatheredAsync();
            }

            await _sending;
        }

        private Task SendGatheredAsync()
        {
            var part = _part.ToArray();
            _part.Clear();
            return SendAsync(part);
        }

        private Task ExecuteAsync(string operation, params ReadOnlySpan<Value> arguments) =>
            calls.ExecuteAsync(group.Id, new RequestId(_session, ++_sequence, 0), TransferOperations.Pack(operation, arguments));
    }
}
