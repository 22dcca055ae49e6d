using Csmr.Grains.Replicas.Snapshots;
using Csmr.Replication.Paxos;
using Csmr.Replication.Ports;

namespace Csmr.Grains.Replicas;

/// <summary>
/// Does what a step of the node asks for. The one place of the ordering law (see <see cref="Effects"/>): records go to the
/// journal in order and count only when they are durable; chosen entries, then ready reads, go to the replica grain in
/// order; messages are sent and never waited for. Used within the log grain's turns only.
/// </summary>
/// <param name="node">The node.</param>
/// <param name="group">Its group.</param>
/// <param name="journal">Its journal.</param>
/// <param name="peers">The other replicas.</param>
/// <param name="execution">The way to the replica grain.</param>
/// <param name="snapshots">Sends, takes and forgets snapshots.</param>
/// <param name="open">Who waits for answers.</param>
/// <param name="fail">Called when the journal has failed or an invariant is broken: the replica stops.</param>
internal sealed class EffectRunner(
    PaxosNode node,
    GroupId group,
    IJournal journal,
    PeerLinks peers,
    ExecutionQueue execution,
    SnapshotTransfer snapshots,
    OpenCalls open,
    Action<Exception> fail)
{
    private bool _isStopped;

    /// <summary>Takes over what the last step asks for, and what follows from that.</summary>
    public void Run()
    {
        var effects = node.Effects;
        while (!effects.IsEmpty && !_isStopped)
        {
            var flush = effects.Records.Count > 0 ? journal.AppendAsync(group, effects.Records) : Task.CompletedTask;
            var isWritten = effects.Records.Count > 0;
            var (upTo, start) = (effects.RecordsUpTo, effects.Base);
            foreach (var envelope in effects.Messages)
            {
                peers.Send(envelope);
            }

            effects.SnapshotReads.ForEach(snapshots.Send);
            effects.SnapshotWrites.ForEach(snapshots.Take);
            if (effects.Restore > Slot.None)
            {
                execution.Restore(effects.Restore);
            }

            EndChanges(effects.Deliveries);
            execution.Add(effects.Deliveries);
            execution.AddReads(effects.ReadyReads);
            foreach (var givenUp in effects.GivenUp)
            {
                open.End(givenUp, LeaderNode());
            }

            effects.Clear();
            if (isWritten)
            {
                Follow(flush, upTo, start);
            }
        }

        execution.Pump();
    }

    /// <summary>Nothing more is done.</summary>
    public void Stop() => _isStopped = true;

    /// <summary>The silo of the leader that the node knows.</summary>
    /// <returns>Its name, or null.</returns>
    public string? LeaderNode() => node.Status.Leader is { } leader ? peers.NodeOf(leader) : null;

    /// <summary>Who waits for another configuration waits for nothing that is executed.</summary>
    private void EndChanges(List<Delivery> deliveries)
    {
        for (var i = 0; i < deliveries.Count; i++)
        {
            if (deliveries[i] is { Entry.Configuration: not null, Tokens.Count: > 0 } change)
            {
                open.End(change.Tokens[0], GroupReply.Answered([], change.Entry.TimeMs));
                deliveries[i] = change with { Tokens = [] };
            }
        }
    }

    private void Follow(Task flush, long upTo, Slot start)
    {
        if (flush.IsCompletedSuccessfully)
        {
            Persisted(upTo, start);
        }
        else
        {
            _ = PersistAsync(flush, upTo, start);
        }
    }

    private void Persisted(long upTo, Slot start)
    {
        node.Persisted(upTo);
        if (start > Slot.None)
        {
            snapshots.Forget(start);
        }
    }

    private async Task PersistAsync(Task flush, long upTo, Slot start)
    {
        try
        {
            await flush;
            if (!_isStopped)
            {
                Persisted(upTo, start);
                Run();
            }
        }
        catch (Exception cause)
        {
            fail(cause);
        }
    }
}
