using Csmr.Composition.Plans;
using Csmr.Replication.Paxos;
using Csmr.Replication.Ports;

namespace Csmr.Grains.Replicas.Snapshots;

/// <summary>
/// Reads the parts of snapshots that peers ask for, writes those that this replica gets, and deletes snapshots that are of no use
/// any more: all beside the replica's turns, since files are slow. Used within the log grain's turns only.
/// </summary>
/// <param name="group">The group.</param>
/// <param name="local">The replicas of this silo.</param>
/// <param name="peers">The other replicas.</param>
/// <param name="step">Takes a step of the node, and does what follows from it.</param>
/// <param name="want">Told the slot from which on a peer needs a snapshot that is not here.</param>
internal sealed class SnapshotTransfer(GroupPlan group, LocalReplicas local, PeerLinks peers, Action<Action<PaxosNode>> step, Action<Slot> want)
{
    /// <summary>The bytes of a part, at most. One part is under way at a time.</summary>
    private const int PartBytesMax = 256 << 10;

    private readonly ISnapshotStore _store = local.SnapshotsOf(group);
    private Task _writing = Task.CompletedTask;
    private IIncomingSnapshot? _incoming;
    private Slot _incomingSlot;

    /// <summary>Sends a peer the part that it asks for.</summary>
    /// <param name="read">What it asks for.</param>
    public void Send(SnapshotRead read) => _ = SendAsync(read);

    /// <summary>Writes a part. The node hears what came of it.</summary>
    /// <param name="part">The part.</param>
    public void Take(SnapshotPart part) => _writing = TakeAsync(part, _writing);

    /// <summary>S3: the record of a snapshot's slot as the log's base is durable: those before it may go.</summary>
    /// <param name="below">The slot.</param>
    public void Forget(Slot below) => _ = Task.Run(() => _store.Forget(group.Id, below));

    /// <summary>The part that answers a question: of the very snapshot that is asked for, else the beginning of the newest one, else nothing.</summary>
    /// <param name="store">The snapshots.</param>
    /// <param name="group">The group.</param>
    /// <param name="ask">The question.</param>
    /// <returns>The part; at slot 0 where there is none.</returns>
    internal static SnapshotPart Read(ISnapshotStore store, GroupId group, SnapshotAsk ask)
    {
        var same = ask.Slot > Slot.None ? store.Find(group, ask.Slot) : null;
        if ((same ?? store.Find(group)) is not { } snapshot || snapshot.Slot < ask.AtLeast)
        {
            return new SnapshotPart(Slot.None, 0, 0, default);
        }

        var offset = same is null ? 0 : ask.Offset;
        var bytes = store.ReadPart(group, snapshot.Slot, offset, PartBytesMax);
        return bytes.IsEmpty ? new SnapshotPart(Slot.None, 0, 0, default) : new SnapshotPart(snapshot.Slot, snapshot.FileBytes, offset, bytes);
    }

    private async Task SendAsync(SnapshotRead read)
    {
        try
        {
            var part = await Task.Run(() => Read(_store, group.Id, read.Ask));
            peers.Send(new Envelope(read.To, part));
            if (part.Slot == Slot.None)
            {
                want(read.Ask.AtLeast);
            }
        }
        catch (Exception cause)
        {
            local.ReportPartNotSent(group.Id, cause);
        }
    }

    private async Task TakeAsync(SnapshotPart part, Task before)
    {
        await before;
        try
        {
            // Never within the step that has brought the part, however fast it was written: whoever runs that step's effects is not done with them.
            var (offset, published) = await Task.Run(() => Write(part)).ConfigureAwait(ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.ContinueOnCapturedContext);
            if (published is { } snapshot)
            {
                local.Snapshots.Note(snapshot);
                var start = await Task.Run(() => _store.StartOf(snapshot));
                step(node => node.Install(start));
            }
            else
            {
                step(node => node.SnapshotReceived(part.Slot, offset));
            }
        }
        catch (Exception cause)
        {
            local.ReportNoSnapshot(group.Id, cause);
            step(static node => node.SnapshotRejected());
        }
    }

    // More may be there than the sender knows, from an earlier life: it goes on where that ends.
    private (long Offset, StoredSnapshot? Published) Write(SnapshotPart part)
    {
        if (_incoming is null || _incomingSlot != part.Slot || part.Offset == 0)
        {
            (_incoming, _incomingSlot) = (_store.Receive(group.Id, part.Slot, part.TotalBytes), part.Slot);
        }

        var incoming = _incoming;
        try
        {
            if (incoming.Offset == part.Offset)
            {
                incoming.Append(part.Offset, part.Bytes.Span);
            }

            return incoming.Offset < incoming.TotalBytes ? (incoming.Offset, null) : (incoming.Offset, Publish(incoming));
        }
        catch
        {
            _incoming = null;
            throw;
        }
    }

    private StoredSnapshot Publish(IIncomingSnapshot incoming)
    {
        _incoming = null;
        return incoming.Publish();
    }
}
